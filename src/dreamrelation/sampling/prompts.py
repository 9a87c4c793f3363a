"""What is to be generated, and with which seed."""

from dataclasses import dataclass

from dreamrelation.randomness import derived_seed
from dreamrelation.relations import Relation
from dreamrelation.settings.generation import Videos
from dreamrelation.settings.subjects import video_name


@dataclass(frozen=True)
class Request:
    """One video to generate."""

    name: str
    relation: str
    prompt: str
    """What the video should show; a method may word it in its own way."""
    subjects: tuple[str, str]
    repeat: int
    seed: int
    """Depends on (seed, prompt, repeat) alone: neither on the method nor on the batch."""


def requests(wanted_videos: Videos, relation: Relation, seed: int) -> list[Request]:
    """All videos of one relation, in a fixed order; methods share prompts and seeds."""
    wanted = []
    for subjects in wanted_videos.subjects:
        prompt = relation.caption(*subjects)
        for repeat in range(wanted_videos.videos_per_prompt):
            own_seed = derived_seed(seed, "video", prompt, repeat)
            name = video_name(subjects, repeat)
            wanted.append(Request(name, relation.slug, prompt, subjects, repeat, own_seed))
    return wanted
