"""What made the videos of one relation: adapters, sampling, steps and time, method by method."""

import math
from dataclasses import dataclass

from dreamrelation.paper import method_label
from dreamrelation.report.durations import Job, time_text, together
from dreamrelation.report.inputs import Method, RelationResults
from dreamrelation.tables.rows import GeneratedVideo

TRAIN = "train"
STAGES = (TRAIN, "generate", "evaluate")
"""Those that have jobs of a single method, and cost most."""
NOT_RECORDED, NOTHING = "not recorded", "–"


@dataclass(frozen=True)
class MadeBy:
    """One method's row."""

    label: str
    adapters: list[tuple[str, str]]
    """Name and SHA-256 of the file; nothing for a method that trains nothing."""
    training: str
    sampling: list[str]
    """One for each way in which its videos were sampled."""
    models: list[str]
    """Path and fingerprint of the base model."""
    times: list[str]
    """Of each of STAGES; "not recorded" where Snakemake did not run it, a dash for training where there is none."""


def made_by(results: RelationResults, jobs: list[Job]) -> list[MadeBy]:
    """One for each method. `jobs`: of the experiment."""
    own = [job for job in jobs if job.relation == results.relation.slug]
    return [_of_method(method, [job for job in own if job.method == method.name]) for method in results.methods]


def _of_method(method: Method, jobs: list[Job]) -> MadeBy:
    rows = [video.row for video in method.videos]
    return MadeBy(
        label=method_label(method.name),
        adapters=[_adapter(text) for text in dict.fromkeys(text for row in rows for text in row.adapters)],
        training=_training(method),
        sampling=list(dict.fromkeys(map(_sampling, rows))),
        models=list(dict.fromkeys(row.model for row in rows)),
        times=[
            NOTHING if stage == TRAIN and not method.training else _time([job for job in jobs if job.stage == stage])
            for stage in STAGES
        ],
    )


def _adapter(text: str) -> tuple[str, str]:
    name, _, digest = text.rpartition(":")
    return name, digest


def _training(method: Method) -> str:
    if not method.training:
        return "nothing of its own"
    seconds = math.fsum(row.seconds for row in method.training)
    return f"{len(method.training)} steps, {time_text(seconds)} in them"


def _sampling(row: GeneratedVideo) -> str:
    embedded = "" if row.embedded_guidance is None else f", embedded guidance {row.embedded_guidance:g}"
    return (
        f"{row.sampling_steps} steps, guidance {row.guidance_scale:g}{embedded}; {row.pixel_frames} frames of"
        f" {row.height} × {row.width} at {row.frames_per_second} per second"
    )


def _time(jobs: list[Job]) -> str:
    return time_text(together("", jobs).seconds) if jobs else NOT_RECORDED
