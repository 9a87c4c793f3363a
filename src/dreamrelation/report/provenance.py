"""Where the report comes from: models, settings, versions, and how long it all took."""

import platform
from collections import Counter
from dataclasses import dataclass
from importlib import metadata

import yaml

from dreamrelation.files import fingerprint
from dreamrelation.paper import method_label
from dreamrelation.report.durations import Job, Took, by_stage, together
from dreamrelation.report.inputs import ExperimentResults
from dreamrelation.settings.experiment import ExperimentSettings

LIBRARIES = (
    "dreamrelation",
    "torch",
    "diffusers",
    "transformers",
    "peft",
    "accelerate",
    "pyarrow",
    "av",
    "opencv-python-headless",
    "snakemake",
)


@dataclass(frozen=True)
class Provenance:
    """The section of the overview."""

    models: list[tuple[str, int]]
    """Path and fingerprint of the base model, and how many videos it made."""
    settings_yaml: str
    """All that decides what is made; where it was made is no part of it."""
    settings_fingerprint: str
    versions: list[tuple[str, str]]
    """Of the environment that wrote the report."""
    stages: list[Took]
    """Empty where no time was recorded."""
    methods: list[Took]
    """What was done for one method."""
    whole: Took


def provenance(settings: ExperimentSettings, results: ExperimentResults) -> Provenance:
    content = settings.model_dump(mode="json", exclude={"machine"})
    videos = [video.row for relation in results.relations for method in relation.methods for video in method.videos]
    return Provenance(
        models=sorted(Counter(row.model for row in videos).items()),
        settings_yaml=yaml.safe_dump(content, sort_keys=False, allow_unicode=True),
        settings_fingerprint=fingerprint(**content),
        versions=[("Python", platform.python_version()), *((name, _version(name)) for name in LIBRARIES)],
        stages=by_stage(results.jobs),
        methods=_by_method(settings, results.jobs),
        whole=together("all", results.jobs),
    )


def _by_method(settings: ExperimentSettings, jobs: list[Job]) -> list[Took]:
    return [
        together(method_label(method), [job for job in jobs if job.method == method]) for method in settings.methods
    ]


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"
