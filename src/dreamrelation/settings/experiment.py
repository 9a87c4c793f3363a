"""All settings of one experiment."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from dreamrelation.errors import UserError
from dreamrelation.relations import RELATIONS, Relation
from dreamrelation.settings.analysis import AnalysisSettings
from dreamrelation.settings.base import Name, Settings
from dreamrelation.settings.borrowed import with_sources
from dreamrelation.settings.data import ClipSettings, Data, FolderData
from dreamrelation.settings.generation import GenerationSettings
from dreamrelation.settings.kinds import METHODS, Method, Metric, Model
from dreamrelation.settings.latents import LatentSettings
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.masks import MaskSettings
from dreamrelation.settings.methods import MethodSettings, TrainedMethodSettings, TrainingSettings
from dreamrelation.settings.metrics import IntervalSettings, MetricSettings
from dreamrelation.settings.overlay import overlay
from dreamrelation.settings.own_relations import FILE, OwnRelation, read_own_relation
from dreamrelation.settings.puppets import PuppetSettings
from dreamrelation.settings.report import ReportSettings
from dreamrelation.settings.study import StudySettings

RESERVED = frozenset(
    {"analysis", "benchmarks", "clips", "controls", "exemplars", "logs", "media", "report", "settings", "tables"}
    | {"play", "puppet_models", "study"}
)
"""Names of folders of ours, beside which experiments and methods have theirs."""


def _not_reserved(name: str) -> str:
    if name in RESERVED:
        raise UserError(f"the name {name!r} is that of a folder of ours; take another one")
    return name


OwnName = Annotated[Name, AfterValidator(_not_reserved)]


class ExperimentSettings(Settings):
    """One experiment: data, model, relations and the methods that are compared."""

    experiment: OwnName
    """Name of the folder under `results/`."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Every random choice is derived from this one."""
    relations: Annotated[tuple[OwnName, ...], Field(min_length=1)]
    """Names of the relations to learn: some of NTU RGB+D's 26, or of the sub-folders of one's own clips."""
    own_relations: Annotated[dict[Name, OwnRelation], Field(default_factory=dict)]
    """Relations of one's own, by name. Those of the sub-folders of one's own clips are read from their
    `relation.yaml`."""
    machine: MachineSettings = MachineSettings()
    data: Data
    puppets: PuppetSettings | None = None
    """Set: the puppet theatre plays the data set first. `None`: the data are there."""
    clips: ClipSettings = ClipSettings()
    masks: MaskSettings
    model: Model
    """The video diffusion transformer, by its kind."""
    latents: LatentSettings = LatentSettings()
    training: TrainingSettings = TrainingSettings()
    """What all trained methods share; a method may differ in each of these."""
    methods: Annotated[dict[OwnName, Method], Field(min_length=1)]
    """Name → a method: its kind, and the settings in which it differs from `training` and from its kind's own."""
    generation: GenerationSettings
    metrics: dict[OwnName, Metric]
    """Name → a metric, by its kind; in the order in which tables show them."""
    intervals: IntervalSettings = IntervalSettings()
    analysis: AnalysisSettings = AnalysisSettings()
    report: ReportSettings = ReportSettings()
    study: StudySettings = StudySettings()

    @model_validator(mode="before")
    @classmethod
    def _share_training(cls, value: Any) -> Any:
        """Put what all trained methods share under each of them."""
        if not isinstance(value, dict) or not isinstance(value.get("methods"), dict):
            return value
        shared = value.get("training", {})
        shared = shared.model_dump() if isinstance(shared, Settings) else shared
        if not isinstance(shared, dict):
            return value
        shared = {name: setting for name, setting in shared.items() if name in TrainingSettings.model_fields}
        methods = with_sources(value["methods"])
        methods = {name: _with_shared(method, shared) for name, method in methods.items()}
        return {**value, "methods": methods}

    @model_validator(mode="after")
    def _read_own_relations(self) -> "ExperimentSettings":
        """Settings that were resolved once hold the relations already, whatever became of the folder.

        What the theatre plays is told by the configuration: the theatre writes the folder.
        """
        if not isinstance(self.data, FolderData) or self.puppets is not None:
            return self
        for slug in self.relations:
            path = Path(self.data.folder) / slug / FILE
            if slug not in self.own_relations and (path.is_file() or slug not in RELATIONS):
                self.own_relations[slug] = read_own_relation(path)
        return self

    @model_validator(mode="after")
    def _consistent(self) -> "ExperimentSettings":
        known = RELATIONS | self.own_relations
        unknown = [slug for slug in self.relations if slug not in known]
        if unknown:
            raise UserError(f"relations names {unknown[0]!r}, expected some of {', '.join(known)}")
        if len(set(self.relations)) != len(self.relations):
            raise UserError(f"relations names one twice: {list(self.relations)}")
        self.clips.check_backbone(self.model.spec)
        self._check("generation", lambda: self.generation.resolved(self.model.spec))
        for relation in self.relations:
            self._check("generation", lambda r=relation: self.generation.prompts_of(r))
        for name, method in self.methods.items():
            self._check(f"methods.{name}", lambda method=method: method.check_backbone(self.model.spec))
        for name in self.study.methods or ():
            self._check("study.methods", lambda name=name: self.method(name))
        for name in ("attention", "strength"):
            self._check(f"analysis.{name}.methods", lambda name=name: self._check_looked_at(name))
        for name, metric in self.metrics.items():
            for relation in self.relations:
                self._check(f"metrics.{name}", lambda m=metric, r=relation: m.check_relation(r))
        return self

    def _check_looked_at(self, analysis: str) -> None:
        settings = getattr(self.analysis, analysis)
        for name in () if settings is None else settings.methods:
            method = self.method(name)
            if not method.trains:
                raise UserError(f"{name} is not trained, expected methods that are")
            if analysis == "strength" and not hasattr(method, "inference_scale"):
                raise UserError(f"{name} is of the kind {method.kind!r}, which has no inference_scale")

    @staticmethod
    def _check(place: str, check: Any) -> None:
        try:
            check()
        except UserError as error:
            raise UserError(f"{place}: {error}") from None

    def method(self, name: str) -> MethodSettings:
        """One method. Raises UserError with the known names."""
        return _named("method", name, self.methods)

    def metric(self, name: str) -> MetricSettings:
        """One metric. Raises UserError with the known names."""
        return _named("metric", name, self.metrics)

    def relation(self, name: str) -> Relation:
        """One relation of the experiment. Raises UserError with the known names."""
        self.check_relation(name)
        own = self.own_relations.get(name)
        return RELATIONS[name] if own is None else own.named(name)

    def check_relation(self, name: str) -> None:
        """Raise UserError for a relation that the experiment does not have."""
        _named("relation", name, dict.fromkeys(self.relations))

    @property
    def snapshots(self) -> dict[str, tuple[int, ...]]:
        """Method → the steps after which it is looked at, of those that are looked at before their end."""
        found = {name: getattr(self.methods[name], "snapshots", ()) for name in self.trained_methods}
        return {name: steps for name, steps in found.items() if steps}

    @property
    def trained_methods(self) -> list[str]:
        """Names of the methods that are trained themselves."""
        return [name for name, method in self.methods.items() if method.trains and self.learner(name) == name]

    def learner(self, name: str) -> str:
        """The method that learns what this one generates with: itself, or the one whose adapters it takes."""
        return getattr(self.method(name), "adapters_of", None) or name

    @property
    def exported_methods(self) -> list[str]:
        """Names of the methods whose product other programs can load."""
        return [name for name in self.trained_methods if self.methods[name].exporter is not None]


def _with_shared(method: Any, shared: dict[str, Any]) -> Any:
    if not isinstance(method, dict) or "kind" not in method:
        return method
    try:
        kind = METHODS.settings_of(method["kind"])
    except UserError:
        return method  # an unknown kind, which the field itself will refuse with its place
    return overlay(shared, method) if issubclass(kind, TrainedMethodSettings) else method


def _named(what: str, name: str, known: Any) -> Any:
    if name not in known:
        raise UserError(f"{what} {name!r} is not in the configuration, expected one of {', '.join(known)}")
    return known[name]
