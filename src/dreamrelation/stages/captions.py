"""The captions stage: the texts that training needs → `captions.parquet`.

Apart from the prompts, so that a new prompt costs no training.
"""

from pathlib import Path

from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.settings.stages import CaptionsStage
from dreamrelation.tables.rows import SELECTION
from dreamrelation.texts.cache import NO_TEXT, write_texts


def run(*, settings: CaptionsStage, machine: MachineSettings, selection: Path, captions: Path) -> None:
    """Embed the distinct captions of the selected clips, and the empty text that stands for a dropped one."""
    needed = {clip.caption for clip in SELECTION.read(selection)} | {NO_TEXT}
    backbone = implementation_of(settings.model)(settings.model, machine)
    write_texts(captions, sorted(needed), backbone.text_encoder(), backbone.fingerprint("text_encoder"))
