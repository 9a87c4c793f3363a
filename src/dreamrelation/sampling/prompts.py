"""What is to be generated, and with which seed."""

from dataclasses import dataclass

from dreamrelation.randomness import derived_seed
from dreamrelation.relations import Relation
from dreamrelation.settings.prompts import Prompt
from dreamrelation.settings.subjects import video_name


@dataclass(frozen=True)
class Request:
    """One video to generate."""

    name: str
    prompt: Prompt
    repeat: int
    seed: int
    """Depends on (seed, text of the prompt, repeat) alone: neither on the method nor on the batch."""


def requests(prompts: tuple[Prompt, ...], repeats: int, relation: Relation, seed: int) -> list[Request]:
    """All videos of one relation, in a fixed order; methods share prompts and seeds."""
    return [
        Request(
            name=video_name(prompt.name, repeat),
            prompt=prompt,
            repeat=repeat,
            seed=derived_seed(seed, "video", prompt.text(relation), repeat),
        )
        for prompt in prompts
        for repeat in range(repeats)
    ]
