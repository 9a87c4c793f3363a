"""What the small Mochi of the puppet theatre can do, by its judge, on seeds that it was not trained on.

    python benchmarks/puppet_base_model.py > benchmarks/results/puppet_base_model.md

The motions in which it has seen everybody, with any two kinds of figures; the relations in which it has seen persons,
with persons; and the relations that the study customizes, with animals, which it has never seen in them. About ten
minutes on two cores.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.stats import binomtest

from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.backbones.mochi.spec import MOCHI
from dreamrelation.metrics.puppet_judge.judge import Judge
from dreamrelation.puppets.theatre.figures import KINDS
from dreamrelation.puppets.theatre.repertoire import GENERIC, PERSONS_ONLY, UNSEEN, caption, has_actor
from dreamrelation.sampling.guidance import Guidance
from dreamrelation.sampling.schedules import noise_levels
from dreamrelation.sampling.solver import sample, starting_noise
from dreamrelation.settings.machine import MachineSettings

MODELS = Path(__file__).parents[1] / "data" / "puppets" / "models"
GRID = (12, 4, 8, 12)
FIRST_SEED = 10_000
DRAWN_TOGETHER = 16


@dataclass(frozen=True)
class Case:
    """A prompt: what is done, and by whom."""

    motion: str
    kinds: tuple[str, str]
    """As the prompt names them: the actor first or, where the motion has none, the one on the left."""


@dataclass(frozen=True)
class Seen:
    """What the judge says of one video."""

    motion: bool
    kinds: bool
    """Both are there, in any place."""
    in_place: bool
    """Both are where the prompt puts them."""

    @property
    def joint(self) -> bool:
        return self.motion and self.in_place


def pairs(kinds: list[str], count: int, rng: np.random.Generator) -> Iterator[tuple[str, str]]:
    for _ in range(count):
        first, second = (str(kind) for kind in rng.choice(kinds, size=2))
        yield first, second


def worlds(count: int) -> dict[str, list[Case]]:
    """The prompts, `count` pairs for each motion."""
    rng, animals = np.random.default_rng(5), [kind for kind in KINDS if kind != "person"]
    return {
        "motions of everybody, any two": [Case(m, pair) for m in GENERIC for pair in pairs(list(KINDS), count, rng)],
        "relations of persons, persons": [Case(m, ("person", "person")) for m in PERSONS_ONLY for _ in range(count)],
        "relations of persons, animals": [Case(m, pair) for m in PERSONS_ONLY for pair in pairs(animals, count, rng)],
        "relations of nobody, animals": [Case(m, pair) for m in UNSEEN for pair in pairs(animals, count, rng)],
    }


def watched(model: Mochi, judge: Judge, cases: list[Case], guidance: float, steps: int) -> Iterator[Seen]:
    """Draw a video of each case and ask the judge."""
    denoiser, encoder, autoencoder = model.denoiser(), model.text_encoder(), model.autoencoder()
    levels, nothing = noise_levels(MOCHI.sampling.schedule, steps), encoder.embed([""])
    for start in range(0, len(cases), DRAWN_TOGETHER):
        together = cases[start : start + DRAWN_TOGETHER]
        seeds = [FIRST_SEED + start + n for n in range(len(together))]
        texts = encoder.embed([caption(case.motion, case.kinds) for case in together])
        latents = sample(denoiser, starting_noise(seeds, GRID), texts, Guidance(guidance, nothing), levels)
        for case, video in zip(together, autoencoder.decode(latents), strict=True):
            opinion = judge.ask(video)
            found, (first, second) = (opinion.left, opinion.right), case.kinds
            mirrored = has_actor(case.motion) and opinion.actor == "right"
            yield Seen(
                motion=opinion.motion == case.motion,
                kinds=found in ((first, second), (second, first)),
                in_place=found == ((second, first) if mirrored else (first, second)),
            )


def share(answers: list[bool]) -> str:
    """Percent, with Wilson's interval of 95 %."""
    interval = binomtest(sum(answers), len(answers)).proportion_ci(method="wilson")
    return f"{np.mean(answers):.0%} ({interval.low:.0%} to {interval.high:.0%})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=MODELS, help="folder with mochi/ and judge/")
    parser.add_argument("--pairs", type=int, default=16, help="pairs of figures for each motion")
    parser.add_argument("--guidance", type=float, default=3.0)
    parser.add_argument("--steps", type=int, default=24)
    given = parser.parse_args()
    model = Mochi(
        MochiSettings.model_validate({"path": str(given.models / "mochi"), "precision": "float32"}),
        MachineSettings(device="cpu"),
    )
    judge = Judge(given.models / "judge")
    print("# What the small Mochi can do\n")
    print(f"Guidance {given.guidance:g}, {given.steps} steps, seeds from {FIRST_SEED}. {judge.note}\n")
    print("| world | videos | motion | both kinds | both in place | joint |\n|---|---|---|---|---|---|")
    with torch.inference_mode():
        for world, cases in worlds(given.pairs).items():
            seen = list(watched(model, judge, cases, given.guidance, given.steps))
            columns = [share([getattr(one, name) for one in seen]) for name in ("motion", "kinds", "in_place", "joint")]
            print(f"| {world} | {len(seen)} | {' | '.join(columns)} |", flush=True)


if __name__ == "__main__":
    main()
