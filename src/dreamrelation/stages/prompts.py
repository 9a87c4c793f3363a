"""The prompts stage: the texts that the generation of one relation needs → `prompts.parquet`."""

from pathlib import Path

from dreamrelation.progress import progress
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.settings.stages import PromptsStage
from dreamrelation.texts.cache import NO_TEXT, write_texts


def needed_texts(settings: PromptsStage) -> list[str]:
    """The prompts, what guidance leads away from, and the empty text; each once, sorted."""
    prompts = {prompt.text(settings.relation) for prompt in settings.prompts}
    return sorted({*prompts, settings.negative_prompt, NO_TEXT})


def run(*, settings: PromptsStage, machine: MachineSettings, relation: str, prompts: Path) -> None:
    """Embed each text that is needed for the relation and write `prompts`."""
    backbone = implementation_of(settings.model)(settings.model, machine)
    needed = needed_texts(settings)
    counted = progress(needed, len(needed), f"prompts of {relation}")
    write_texts(prompts, counted, backbone.text_encoder(), backbone.fingerprint("text_encoder"))
