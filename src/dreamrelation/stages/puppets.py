"""The puppets stage: the theatre plays the data set of an experiment."""

import sys
from pathlib import Path

from tqdm import tqdm

from dreamrelation.errors import UserError
from dreamrelation.puppets.theatre.data_set import write_data_set, write_plain_clips
from dreamrelation.puppets.theatre.folder import own_folder
from dreamrelation.puppets.theatre.programme import check_kinds, plain_programme, programme
from dreamrelation.settings.stages import PuppetsStage


def run(*, settings: PuppetsStage) -> None:
    """Play `settings.relations` into `settings.puppets.folder`, which is replaced as a whole when all is done.

    `puppets.theatre.data_set` tells what it then holds. Raises UserError, before any work, where the
    settings have no puppets or they cannot play a relation, or where the folder is there and not the theatre's own.
    """
    puppets = settings.puppets
    if puppets is None:
        raise UserError("puppets is not set, expected the settings of the data set to play")
    check_kinds(puppets.kinds)
    parts_of, write = (plain_programme, write_plain_clips) if settings.plain else (programme, write_data_set)
    parts = [part for relation in settings.relations for part in parts_of(relation, puppets.good_clips)]
    with own_folder(Path(puppets.folder)) as folder:
        write(folder, tqdm(parts, "puppets", disable=None, file=sys.stderr), puppets, settings.seed)
