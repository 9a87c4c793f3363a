"""Whether a model with what was learned of two relations still shows each of them.

    python benchmarks/merged_relations.py results/puppets shaking_hands kicking > benchmarks/results/merged_relations.md

The two relations' adapters of one method are added up, as weights, and the prompts of each relation are drawn with its
own adapters, with the other relation's, and with the sum. Judged by a metric of yes or no. Needs what the method
learned of both (`snakemake results/puppets/{shaking_hands,kicking}/dreamrelation/adapters.json`); the rest is made in
a folder that is removed afterwards.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from safetensors.numpy import load_file, save_file

from dreamrelation.adapter_format import METADATA
from dreamrelation.config import load
from dreamrelation.methods.files import write_manifest
from dreamrelation.methods.lora.export import by_name, joined
from dreamrelation.methods.lora.files import file_of, peft_settings
from dreamrelation.methods.lora.settings import LoraSettings
from dreamrelation.metrics.intervals import wilson
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.stages import Chosen, EvaluateStage, GenerateStage, PromptsStage
from dreamrelation.stages import evaluate, generate, prompts
from dreamrelation.tables.rows import SCORES


def add_up(folders: list[Path], settings: LoraSettings, target: Path) -> LoraSettings:
    """Write the sum of adapters of one shape; returns the settings by which it is loaded."""
    target.mkdir()
    rank, alpha = len(folders) * settings.rank, len(folders) * settings.alpha
    for adapter in settings.inference_adapters:
        layers = joined(load_file(file_of(folder, adapter)) for folder in folders)
        told = peft_settings({layer: one.rank for layer, one in layers.items()}, rank, alpha)
        save_file(by_name(layers), file_of(target, adapter), {METADATA: json.dumps(told, sort_keys=True)})
    write_manifest(target.with_suffix(".json"), target)
    return settings.model_copy(update={"rank": rank, "alpha": alpha})


class Drawer:
    """Draws and judges the prompts of a relation with any adapters."""

    def __init__(self, experiment: ExperimentSettings, results: Path, method: str, metric: str, folder: Path) -> None:
        self.experiment, self.results, self.method, self.folder = experiment, results, method, folder
        self.metric = metric

    def scores(self, relation: str, name: str, adapters: Path, settings: LoraSettings) -> list[float]:
        """The metric of each video of a relation's prompts, 0 or 1; `name` is that of the adapters."""
        place = self.folder / f"{relation} by {name}"
        place.mkdir()
        machine, chosen = self.experiment.machine, Chosen(self.method, self.metric, relation)
        texts = place / "prompts.parquet"
        prompts.run(
            settings=PromptsStage.of(self.experiment, chosen), machine=machine, relation=relation, prompts=texts
        )
        stage = GenerateStage.of(self.experiment, chosen).model_copy(update={"method": settings})
        generate.run(
            settings=stage,
            machine=machine,
            relation=relation,
            method=self.method,
            prompts=texts,
            videos=place / "videos",
            manifest=place / "videos.parquet",
            unfinished=place / "unfinished",
            adapters=adapters,
            adapters_manifest=adapters.with_suffix(".json"),
        )
        evaluate.run(
            settings=EvaluateStage.of(self.experiment, chosen),
            machine=machine,
            relation=relation,
            method=self.method,
            metric=self.metric,
            manifest=place / "videos.parquet",
            videos=place / "videos",
            selection=self.results / "clips/selection.parquet",
            answers=None,
            scores=place / "scores.parquet",
        )
        return [row.value for row in SCORES.read(place / "scores.parquet") if row.value is not None]


def rows(drawer: Drawer, relations: tuple[str, str], settings: LoraSettings) -> Iterator[str]:
    learned = {relation: drawer.results / relation / drawer.method / "adapters" for relation in relations}
    target = drawer.folder / "sum"
    merged = add_up(list(learned.values()), settings, target)
    for relation, other in (relations, relations[::-1]):
        cells = []
        used = {relation: (learned[relation], settings), other: (learned[other], settings), "both": (target, merged)}
        for name, (adapters, own) in used.items():
            values = drawer.scores(relation, name, adapters, own)
            found = wilson(round(sum(values)), len(values), drawer.experiment.intervals.confidence)
            cells.append(f"{100 * found.mean:.0f}% ({100 * found.low:.0f}% to {100 * found.high:.0f}%), {len(values)}")
        yield f"| {relation} | {' | '.join(cells)} |"


def main(
    results: Path, relations: tuple[str, str], method: str, metric: str, configurations: list[Path], videos: int
) -> None:
    experiment = load(configurations, last={"generation": {"videos_per_prompt": videos}})
    settings = experiment.method(method)
    assert isinstance(settings, LoraSettings)
    with tempfile.TemporaryDirectory() as place:
        drawer = Drawer(experiment, results, method, metric, Path(place))
        found = list(rows(drawer, relations, settings))
    print(f"Share of videos with a yes of `{drawer.metric}`, its 95 % interval (Wilson), number of videos.\n")
    print(f"| prompts of | `{method}` of it | of the other relation | the sum of both |")
    print("|---|---|---|---|")
    print("\n".join(found))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="folder of the experiment's results")
    parser.add_argument("relations", nargs=2)
    parser.add_argument("--method", default="dreamrelation")
    parser.add_argument("--metric", default="relation_accuracy", help="of yes or no")
    parser.add_argument("--config", nargs="+", type=Path, default=[Path("config.yaml")])
    parser.add_argument("--videos", type=int, default=8, help="of each prompt")
    options = parser.parse_args()
    main(options.results, tuple(options.relations), options.method, options.metric, options.config, options.videos)
