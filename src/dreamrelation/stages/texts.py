"""The texts stage: every text that training and generation will need → `texts.parquet`."""

from pathlib import Path

from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.settings.stages import TextsStage
from dreamrelation.tables.rows import SELECTION
from dreamrelation.texts.cache import NO_TEXT, write_texts


def needed_texts(settings: TextsStage, captions: list[str]) -> list[str]:
    """Captions of the selected clips, the prompts, the negative prompt and the empty text; each once, sorted."""
    prompts = {relation.caption(*subjects) for relation in settings.relations for subjects in settings.subjects}
    return sorted({*captions, *prompts, settings.negative_prompt, NO_TEXT})


def run(*, settings: TextsStage, machine: MachineSettings, selection: Path, texts: Path) -> None:
    """Embed every needed text and write `texts`."""
    captions = [clip.caption for clip in SELECTION.read(selection)]
    backbone = implementation_of(settings.model)(settings.model, machine)
    write_texts(texts, needed_texts(settings, captions), backbone.text_encoder(), backbone.fingerprint("text_encoder"))
