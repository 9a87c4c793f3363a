"""The clips of a data set, whatever its source."""

from dreamrelation.data.file_names import as_text, is_text
from dreamrelation.data.found import Found
from dreamrelation.data.ntu import discovery as ntu
from dreamrelation.data.own import discovery as own
from dreamrelation.data.refusal import Refusal
from dreamrelation.settings.data import Data, NtuData


def find(data: Data, relations: tuple[str, ...], captions: dict[str, str] | None) -> list[tuple[Found, str | None]]:
    """Every clip that is there, with the reason for which its name alone tells that it is not used, if it does.

    Raises UserError where the data are not there.
    """
    if isinstance(data, NtuData):
        listed = ntu.listed_clips(data.missing_skeletons)
        return [(found, _reason(found, relations, captions, data, listed)) for found in ntu.find_clips(data)]
    return [(found, _reason(found, relations, captions, data, frozenset())) for found in own.find_clips(data)]


def _reason(
    found: Found, relations: tuple[str, ...], captions: dict[str, str] | None, data: Data, listed: frozenset[str]
) -> str | None:
    try:
        _check_text(found)
        if found.relation is not None and found.relation not in relations:
            raise Refusal(f"not asked for: {found.relation} is not among the experiment's relations")
        if isinstance(data, NtuData):
            ntu.check_name(found, listed)
        else:
            own.check_name(found)
        if captions is not None and found.clip not in captions:
            raise Refusal("no caption: found none in data.captions, expected one for each clip")
    except Refusal as refusal:
        return str(refusal)
    return None


def _check_text(found: Found) -> None:
    for path in found.files:
        if not is_text(str(path)):
            raise Refusal(f"name not UTF-8: found {as_text(str(path))}, expected a name that is text; rename it")
