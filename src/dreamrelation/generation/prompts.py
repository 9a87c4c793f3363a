"""What is to be generated, and with which seed."""

from dataclasses import dataclass

from dreamrelation.randomness import derived_seed
from dreamrelation.relations import RELATIONS
from dreamrelation.settings.experiment import ExperimentSettings


@dataclass(frozen=True)
class Request:
    """One film to generate."""

    name: str
    relation: str
    prompt: str
    subjects: tuple[str, str]
    repeat: int
    seed: int
    """Depends on (seed, prompt, repeat) alone: neither on the method nor on the batch."""


def requests(settings: ExperimentSettings, relation: str) -> list[Request]:
    """All films of one relation, in a fixed order; methods share prompts and seeds."""
    wanted = []
    for subjects in settings.generation.subjects:
        prompt = RELATIONS[relation].caption(*subjects)
        for repeat in range(settings.generation.videos_per_prompt):
            wanted.append(
                Request(
                    name=f"{'_'.join(subjects).replace(' ', '-')}_{repeat}",
                    relation=relation,
                    prompt=prompt,
                    subjects=subjects,
                    repeat=repeat,
                    seed=derived_seed(settings.seed, "video", prompt, repeat),
                )
            )
    names = [request.name for request in wanted]
    if len(set(names)) != len(names):
        raise ValueError(f"generation.subjects names a pair twice: {sorted(n for n in names if names.count(n) > 1)[0]}")
    return wanted
