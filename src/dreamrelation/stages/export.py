"""The export stage: what a method learned of one relation, as files that other programs load, and a model card."""

import json
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from dreamrelation.errors import UserError
from dreamrelation.files import appearing, check_own_folder
from dreamrelation.methods.exporter import exporter_of
from dreamrelation.methods.files import check_manifest
from dreamrelation.settings.stages import ExportStage
from dreamrelation.tables.texts import markdown_cell

CARD = "README.md"


def run(
    *, settings: ExportStage, relation: str, method: str, adapters: Path, adapters_manifest: Path, export: Path
) -> None:
    """Write the folder `export`. Raises UserError for a method that cannot be exported, and for broken adapters."""
    exporter = exporter_of(settings.method)
    if exporter is None:
        raise UserError(
            f"method {method!r} is of the kind {settings.method.kind!r}: no other program loads what it learns"
        )
    check_own_folder(export, ("*.safetensors", CARD))
    digests = check_manifest(adapters_manifest, adapters)
    facts = {"relation": relation, "method": method, "model": settings.model.path}
    with appearing(export) as folder:
        folder.mkdir()
        files = exporter.write(adapters, settings.model.spec, folder, f"{relation}_{method}", facts)
        (folder / CARD).write_text(model_card(settings, relation, method, files, digests), encoding="utf-8")


def model_card(settings: ExportStage, relation: str, method: str, files: list[str], digests: dict[str, str]) -> str:
    """The card in the form that model hubs read: what the files are, what made them, how they are used."""
    # No HTML, so nothing is escaped by itself: the template says of each text whether it is code or a cell.
    templates = Environment(
        loader=PackageLoader("dreamrelation.stages"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    templates.filters |= {"quoted": _quoted, "cell": lambda value: markdown_cell(str(value))}
    return templates.get_template("model_card.md.j2").render(
        relation=relation,
        method=method,
        settings=settings,
        files=files,
        digests=digests,
        parts=list(settings.model.spec.native_parts),
        caption=settings.relation.caption_of_clips,
        prompt=settings.relation.caption("dog", "cat"),
    )


def _quoted(text: str) -> str:
    """A text in double quotes, as JSON, YAML and Python read it alike."""
    return json.dumps(text, ensure_ascii=False)
