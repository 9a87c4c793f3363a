"""The command line: one subcommand per stage. Each loads the settings, calls one function and writes one output.

What sibling packages need of each other (clips, masks, latents) is put together here.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dreamrelation.config import ConfigError, load, stage_settings, write_resolved
from dreamrelation.settings.experiment import ExperimentSettings

USER_ERRORS = (ConfigError, FileNotFoundError, ValueError, KeyError, RuntimeError, TimeoutError, FloatingPointError)
"""Errors whose message is meant for the user; anything else is ours and shows its traceback."""


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand; returns the exit status, 1 where the input cannot be used."""
    options = build_parser().parse_args(arguments)
    try:
        options.run(options)
    except USER_ERRORS as error:
        if options.traceback:
            raise
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        print(f"dreamrelation {options.command}: {message}", file=sys.stderr)
        return 1
    return 0


def build_parser() -> argparse.ArgumentParser:
    """The parser; each subcommand sets `run`."""
    parser = argparse.ArgumentParser(prog="dreamrelation", description="Relation video customization, stage by stage.")
    parser.add_argument("--traceback", action="store_true", help="show where an error was raised")
    stages = parser.add_subparsers(dest="command", required=True)

    def stage(name: str, run: Callable[[argparse.Namespace], None], text: str, *flags: str) -> argparse.ArgumentParser:
        command = stages.add_parser(name, help=text, description=text)
        command.add_argument("--config", nargs="+", required=True, type=Path, help="YAML files, laid over each other")
        for flag in flags:
            is_path = flag not in ("relation", "method")
            command.add_argument(f"--{flag}", required=True, type=Path if is_path else str)
        command.set_defaults(run=run)
        return command

    stage("puppets", run_puppets, "play the puppets' data set")
    stage("clips", run_clips, "find, check and choose clips", "index", "selection")
    stage("masks", run_masks, "segment both subjects", "relation", "selection", "masks", "contact-sheet", "rejections")
    stage("captions", run_captions, "embed every text once", "selection", "captions")
    stage("latents", run_latents, "encode clips and pool masks", "relation", "selection", "masks", "latents")
    train = stage(
        "train", run_train, "train adapters",
        "relation", "method", "latents", "captions", "adapters", "training", "resume",
    )  # fmt: skip
    train.add_argument("--minutes", type=float, help="stop with a saved state after this long")
    generate = stage("generate", run_generate, "generate films", "relation", "method", "captions", "videos", "manifest")
    generate.add_argument("--adapters", type=Path, help="folder of the method's adapters, if it has any")
    stage("evaluate", run_evaluate, "take measures", "relation", "method", "manifest", "videos", "scores")
    summarise = stage("summarise", run_summarise, "sum up one relation", "relation", "selection", "evaluation")
    summarise.add_argument("--scores", nargs="+", required=True, type=Path)
    stage("report", run_report, "write the HTML report", "results", "report", "scores-table")
    models = stages.add_parser("puppet-models", help="train the small Mochi and the judge (hours)")
    models.add_argument("--output", required=True, type=Path)
    models.add_argument("--work", required=True, type=Path, help="folder for states of unfinished trainings")
    models.set_defaults(run=run_puppet_models)
    return parser


def run_puppets(options: argparse.Namespace) -> None:
    from dreamrelation.puppets import theatre

    settings = load(options.config)
    theatre.run(settings)
    if settings.puppets is not None:
        write_resolved(stage_settings(settings, "puppets"), Path(settings.puppets.folder) / "settings.yaml")


def run_clips(options: argparse.Namespace) -> None:
    from dreamrelation.clips import stage

    settings = load(options.config)
    stage.run(settings, options.index, options.selection)
    write_resolved(stage_settings(settings, "clips"), options.selection.with_name("settings.yaml"))


def run_masks(options: argparse.Namespace) -> None:
    from dreamrelation.masks import stage

    settings = load(options.config)
    _check_relation(settings, options.relation)
    stage.run(
        settings,
        options.relation,
        options.selection,
        options.masks,
        options.contact_sheet,
        options.rejections,
        views=_clip_views(settings),
    )
    write_resolved(stage_settings(settings, "masks"), _settings_beside(options.masks))


def run_captions(options: argparse.Namespace) -> None:
    from dreamrelation.captions import stage

    settings = load(options.config)
    stage.run(settings, options.selection, options.captions)
    write_resolved(stage_settings(settings, "captions"), _settings_beside(options.captions))


def run_latents(options: argparse.Namespace) -> None:
    from dreamrelation import tables
    from dreamrelation.clips.reading import read_frames
    from dreamrelation.latents import stage
    from dreamrelation.masks.encoding import stored_masks
    from dreamrelation.masks.pooling import latent_masks

    settings = load(options.config)
    _check_relation(settings, options.relation)
    size = (settings.clips.height, settings.clips.width)
    masks = tables.read(options.masks, tables.MASKS)
    masked_clips = set(masks.column("clip").to_pylist())
    selection = tables.read(options.selection, tables.SELECTION).to_pylist()
    rows = [row for row in selection if row["relation"] == options.relation and row["clip"] in masked_clips]
    stage.run(
        settings,
        options.relation,
        rows,
        options.latents,
        read_frames=lambda row: read_frames(row, *size),
        read_latent_masks=lambda row: latent_masks(
            stored_masks(masks, row["clip"], row["pixel_frames"]), settings.latents
        ),
    )
    write_resolved(stage_settings(settings, "latents"), _settings_beside(options.latents))


def run_train(options: argparse.Namespace) -> None:
    from dreamrelation.training import stage

    settings = load(options.config)
    _check_relation(settings, options.relation)
    stage.run(
        settings,
        options.relation,
        options.method,
        options.latents,
        options.captions,
        options.adapters,
        options.training,
        options.resume,
        options.minutes,
    )
    write_resolved(stage_settings(settings, "train", options.method), _settings_beside(options.training))


def run_generate(options: argparse.Namespace) -> None:
    from dreamrelation.generation import stage

    settings = load(options.config)
    _check_relation(settings, options.relation)
    stage.run(
        settings,
        options.relation,
        options.method,
        options.captions,
        options.adapters,
        options.videos,
        options.manifest,
    )
    write_resolved(stage_settings(settings, "generate", options.method), _settings_beside(options.manifest))


def run_evaluate(options: argparse.Namespace) -> None:
    from dreamrelation.evaluation import stage

    settings = load(options.config)
    _check_relation(settings, options.relation)
    stage.run(settings, options.relation, options.method, options.manifest, options.videos, options.scores)
    write_resolved(stage_settings(settings, "evaluate"), _settings_beside(options.scores))


def run_summarise(options: argparse.Namespace) -> None:
    from dreamrelation.evaluation import summary

    settings = load(options.config)
    _check_relation(settings, options.relation)
    summary.run(settings, options.relation, options.scores, options.selection, options.evaluation)
    write_resolved(stage_settings(settings, "evaluate"), _settings_beside(options.evaluation))


def run_report(options: argparse.Namespace) -> None:
    from dreamrelation.report import stage

    settings = load(options.config)
    stage.run(settings, options.results, options.report, options.scores_table)
    write_resolved(stage_settings(settings, "report"), _settings_beside(options.scores_table))


def run_puppet_models(options: argparse.Namespace) -> None:
    from dreamrelation.evaluation.classifier import new_judge, save_judge
    from dreamrelation.puppets import models
    from dreamrelation.puppets.judge_clips import JUDGED_KINDS, JUDGED_MOTIONS
    from dreamrelation.puppets.train_judge import JudgeTraining, train_judge

    models.train_mochi(options.output / "mochi", options.work)
    settings = JudgeTraining()
    judge = new_judge(JUDGED_MOTIONS, JUDGED_KINDS, settings.seed)
    report = train_judge(judge, settings, lambda line: print(line, file=sys.stderr, flush=True))
    save_judge(options.output / "judge", judge, report)


def _check_relation(settings: ExperimentSettings, relation: str) -> None:
    if relation not in settings.relations:
        raise ValueError(f"relation {relation!r} is not in the config, expected one of {', '.join(settings.relations)}")


def _settings_beside(output: Path) -> Path:
    """`masks.parquet` → `masks.settings.yaml`."""
    return output.with_name(f"{output.stem}.settings.yaml")


def _clip_views(settings: ExperimentSettings) -> Callable[[dict[str, Any]], Any]:
    """How the masks stage sees a clip: frames and joints at its working size."""
    from dreamrelation.clips.reading import read_frames, read_joints
    from dreamrelation.masks.segmenters import ClipView
    from dreamrelation.masks.stage import working_size

    height, width = working_size(settings)

    def view(row: dict[str, Any]) -> ClipView:
        window = read_joints(row, height, width)
        return ClipView(row["clip"], read_frames(row, height, width), window.joints, window.tracked)

    return view


if __name__ == "__main__":
    sys.exit(main())
