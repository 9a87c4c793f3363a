"""A checkout with real models and the settings of a run: a tiny one, or any that somebody names."""

from dataclasses import dataclass
from pathlib import Path

from tests.workflow.checkout import Checkout, copy_workflow, real_models

from dreamrelation.config import load

TINY = """
relations: [shaking_hands]
puppets: {good_clips: 3}
clips: {per_relation: 3, minimum: 2}
training: {steps: 12, warmup_steps: 1, batch_size: 1}
methods: {direct_lora: {steps: 8}, dreamrelation: {snapshots: [4]}}
metrics: {subject_accuracy: null, appearance_leakage: null, temporal_consistency: null}
generation: {subjects: [[dog, cat]], videos_per_prompt: 2, sampling_steps: 2}
machine: {checkpoint_every: 2, generation_batch: 1}
analysis: {subspaces: {}, attention: null, strength: null, feature_maps: null}
"""


@dataclass(frozen=True)
class Run:
    """A checkout, and the settings files that are laid over its config.yaml."""

    checkout: Checkout
    configs: tuple[Path, ...]

    @property
    def folder(self) -> Path:
        return self.checkout.folder

    @property
    def flags(self) -> tuple[str, ...]:
        """For Snakemake."""
        return ("--configfile", *map(str, self.configs)) if self.configs else ()

    @property
    def results(self) -> Path:
        """The experiment's folder of results."""
        return self.folder / "results" / load([self.folder / "config.yaml", *self.configs]).experiment


def prepare_run(folder: Path, configs: list[Path] | None = None) -> Run:
    """A fresh checkout in a folder, which is made. Without `configs` the settings are tiny."""
    folder.mkdir(parents=True)
    checkout = copy_workflow(folder)
    real_models(checkout)
    return opened_run(folder, configs)


def opened_run(folder: Path, configs: list[Path] | None = None) -> Run:
    """A checkout that is there."""
    if configs:
        return Run(Checkout(folder), tuple(path.resolve() for path in configs))
    tiny = folder / "tiny.yaml"
    if not tiny.exists():
        tiny.write_text(TINY, encoding="utf-8")
    return Run(Checkout(folder), (tiny,))


def finished_run(reference: Path | None, work: Path, configs: list[Path] | None = None) -> Run:
    """An undisturbed run: one that is there, or one that is made in a folder of `work`, or goes on there.

    Raises SystemExit where it cannot be made, or is not finished.
    """
    if reference is not None:
        run = opened_run(reference.resolve(), configs)
        if not run.checkout.plan(*run.flags).nothing_to_do:
            raise SystemExit(f"{reference}: is no finished run of these settings, expected one with nothing to be done")
        return run
    folder = work / "reference"
    run = opened_run(folder, configs) if folder.exists() else prepare_run(folder, configs)
    print(f"an undisturbed run, in {folder}", flush=True)
    answer = run.checkout.snakemake(*run.flags)
    if answer.status != 0:
        raise SystemExit(f"the undisturbed run failed:\n{answer.text[-3000:]}")
    return run
