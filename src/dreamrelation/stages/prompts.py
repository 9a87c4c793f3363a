"""The prompts stage: the texts that the generation of one relation needs → `prompts.parquet`."""

from pathlib import Path

from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.settings.stages import PromptsStage
from dreamrelation.texts.cache import NO_TEXT, write_texts


def needed_texts(settings: PromptsStage, relation: str) -> list[str]:
    """The prompts, what guidance leads away from, and the empty text; each once, sorted."""
    named = settings.relation(relation)
    prompts = {named.caption(*subjects) for subjects in settings.subjects}
    return sorted({*prompts, settings.negative_prompt, NO_TEXT})


def run(*, settings: PromptsStage, machine: MachineSettings, relation: str, prompts: Path) -> None:
    """Embed each text that is needed for a relation and write `prompts`."""
    backbone = implementation_of(settings.model)(settings.model, machine)
    needed = needed_texts(settings, relation)
    write_texts(prompts, needed, backbone.text_encoder(), backbone.fingerprint("text_encoder"))
