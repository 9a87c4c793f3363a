"""What the workflow must know of an experiment to plan its jobs: settings, code and files of each stage.

Imported by the Snakefile, so it imports nothing heavy.
"""

import shutil
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from dreamrelation.code_digest import stage_digest
from dreamrelation.errors import UserError
from dreamrelation.files import fingerprint, fits_workflow
from dreamrelation.paper import TABLES
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.model import Part
from dreamrelation.settings.stage_registry import STAGES
from dreamrelation.settings.stages import NOTHING, Chosen, StageSettings


class Plan:
    """An experiment as the workflow sees it."""

    def __init__(self, experiment: ExperimentSettings) -> None:
        self.experiment = experiment
        self._slices: dict[tuple[str, Chosen], StageSettings] = {}

    @cached_property
    def digest(self) -> str:
        """Digest of all that decides what is made, by which a job notices that it was changed after it was planned."""
        making = self.experiment.model_dump(mode="json", exclude={"machine"})
        return f"settings-{fingerprint(settings=making)}"

    def slice(self, stage: str, chosen: Chosen = NOTHING) -> StageSettings:
        """The settings that a stage is given."""
        if not STAGES[stage].of_relation:
            chosen = replace(chosen, relation=None)
        key = (stage, chosen)
        if key not in self._slices:
            self._slices[key] = STAGES[stage].of(self.experiment, chosen)
        return self._slices[key]

    def settings(self, stage: str, chosen: Chosen = NOTHING) -> str:
        """The slice as JSON, for `--settings`."""
        return self.slice(stage, chosen).model_dump_json()

    def code(self, stage: str, chosen: Chosen = NOTHING) -> str:
        """Digest of the code that a stage runs with the parts that its settings select."""
        return stage_digest(stage, self.slice(stage, chosen))

    @cached_property
    def machine(self) -> str:
        """Settings of the machine as JSON, for `--machine`."""
        return self.experiment.machine.model_dump_json()

    @property
    def wants_gpu(self) -> bool:
        """Whether jobs of this machine take its graphics card."""
        device = self.experiment.machine.device
        return device == "cuda" or (device == "auto" and shutil.which("nvidia-smi") is not None)

    @cached_property
    def theatre_files(self) -> list[str]:
        """The files by which the puppets' data set is known; none where the data are there already."""
        puppets = self.experiment.puppets
        return [] if puppets is None else puppets.data_set_files()

    @cached_property
    def data_files(self) -> list[str]:
        """What clips are read from: the puppets' data set, or one that is there."""
        if self.theatre_files:
            return self.theatre_files
        return self.experiment.data.files()

    @cached_property
    def segmenter_files(self) -> list[str]:
        """Checkpoints of the segmenter, and true masks that do not come with the puppets."""
        masks = self.experiment.masks
        truth = [] if masks.truth is None or masks.truth in self.theatre_files else [masks.truth]
        return [*masks.segmenter.files(), *truth]

    def model_files(self, stage: str) -> list[str]:
        """Files of the model's parts that a stage loads."""
        if stage in ("train", "generate", "attention", "strength", "feature_maps"):
            return self.experiment.model.files()
        parts: dict[str, Part] = {"latents": "autoencoder", "subspaces": "denoiser"}
        return self.experiment.model.only(parts.get(stage, "text_encoder")).files()

    def metric_files(self, metric: str) -> list[str]:
        return self.experiment.metric(metric).files()

    @property
    def controlled_metrics(self) -> list[str]:
        return [name for name, metric in self.experiment.metrics.items() if metric.controls]

    @cached_property
    def paper_tables(self) -> dict[int, list[str]]:
        """Number of each of the paper's tables → those of its methods that the experiment has, where it has two."""
        found = {number: self._methods_of_table(number) for number in TABLES}
        return {number: methods for number, methods in found.items() if len(methods) > 1}

    def methods_of_table(self, number: int) -> list[str]:
        """Those of the methods of one of the paper's tables that the experiment has.

        Raises UserError where they are no two, or there is no such table.
        """
        if number not in TABLES:
            raise UserError(f"found no table {number} of methods in the paper, expected one of {_listed(TABLES)}")
        methods = self._methods_of_table(number)
        if len(methods) < 2:
            raise UserError(
                f"table {number}: the experiment has {_listed(methods) or 'none'} of its methods, expected two or more"
                f" of {_listed(TABLES[number].methods)}; configs/all_methods.yaml and configs/ablations.yaml have them"
            )
        return methods

    def _methods_of_table(self, number: int) -> list[str]:
        return [method for method in TABLES[number].methods if method in self.experiment.methods]

    @cached_property
    def calls(self) -> dict[str, int]:
        """Metric → how often a server is asked for it, at the most; without metrics that ask none."""
        experiment = self.experiment
        relations, clips = experiment.relations, experiment.clips
        real = clips.held_out or clips.per_relation
        made = len(experiment.methods) * sum(len(experiment.generation.video_names(each)) for each in relations)
        found = {}
        for name, metric in experiment.metrics.items():
            others = min((len(relations) - 1) * real, metric.other_controls or sys.maxsize)
            shown = len(relations) * (real + others) if metric.controls else 0
            found[name] = (made + shown) * metric.calls_per_video
        return {name: calls for name, calls in found.items() if calls}

    def check_calls(self) -> None:
        """Raise UserError where servers would be asked more often than the machine's settings allow."""
        limit = self.experiment.machine.endpoint.max_calls
        for name, calls in self.calls.items():
            if calls > limit:
                raise UserError(
                    f"metrics.{name}: would ask a server up to {calls} times, machine.endpoint.max_calls allows"
                    f" {limit}; `dreamrelation plan` tells what that costs; allow so many, or lower passes or prompts"
                )

    def check_inputs(self, results: Path) -> None:
        """Raise UserError where something that is there was made of files that are not there any more, or a path cannot
        be one of Snakemake's.

        Snakemake takes such a product for a source file, and what follows from it would pass for new.
        """
        needed: list[tuple[str, str, list[str]]] = [
            ("masks.segmenter, masks.truth", "*/masks.parquet", self.segmenter_files),
            ("model.path", "captions.parquet", self.model_files("captions")),
            ("model.path", "*/prompts.parquet", self.model_files("prompts")),
            ("model.path", "*/latents.parquet", self.model_files("latents")),
            ("model.path", "*/*/videos.parquet", self.model_files("generate")),
        ]
        needed += [(f"metrics.{m}", f"*/*/scores/{m}.parquet", self.metric_files(m)) for m in self.experiment.metrics]
        if not self.theatre_files:
            needed.append(("data", "clips/selection.parquet", self.data_files))
        named = [(setting, file) for setting, _, files in needed for file in files]
        named += [("puppets.folder", file) for file in self.theatre_files]
        for setting, path in [*named, ("the working directory", str(Path.cwd()))]:
            if not fits_workflow(path):
                raise UserError(
                    f"{setting}: found the path {path!r}, expected no curly brackets in it, which Snakemake would fill"
                    " in, and no characters that cannot be seen"
                )
        for setting, product, files in needed:
            missing = [file for file in files if not Path(file).exists()]
            made = next(results.glob(product), None)
            if missing and made is not None:
                raise UserError(
                    f"{setting}: found no {missing[0]}, of which {made} was made; put it there, correct the setting or"
                    " give the experiment another name"
                )


def _listed(names: Iterable[object]) -> str:
    return ", ".join(map(str, names))
