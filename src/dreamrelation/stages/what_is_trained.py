"""Which methods of a relation can make videos now, and what would make the others able to."""

from dataclasses import dataclass
from pathlib import Path

from dreamrelation.config import read_yaml
from dreamrelation.errors import UserError
from dreamrelation.methods.files import check_manifest
from dreamrelation.paper import method_label
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.methods import MethodSettings


@dataclass(frozen=True)
class Learned:
    """What a method goes by."""

    name: str
    label: str
    settings: MethodSettings
    adapters: Path | None
    """Folder of what it learned; None for a method that learns nothing."""
    digests: dict[str, str]
    """File name → SHA-256 of what it learned."""


@dataclass(frozen=True)
class Unlearned:
    """A method without what it should have learned."""

    name: str
    label: str
    settings: MethodSettings
    reason: str
    command: str
    """That trains it."""


def methods_of(
    experiment: ExperimentSettings, relation: str, results: Path, configs: list[Path]
) -> list[Learned | Unlearned]:
    """All methods of the experiment, those that learn nothing first.

    Raises UserError where none is trained, and where one is that is not what its training wrote or was trained on
    another model.
    """
    found = [_method(experiment, name, relation, results, configs) for name in experiment.methods]
    trained = [method for method in found if isinstance(method, Learned) and method.adapters is not None]
    if not trained:
        missing = [method.command for method in found if isinstance(method, Unlearned)]
        advice = f"run one of these first:\n  {chr(10).join(missing)}" if missing else "expected one that is"
        raise UserError(f"{results / experiment.experiment / relation}: found no method that is trained; {advice}")
    return sorted(found, key=lambda method: method.settings.trains)


def _method(
    experiment: ExperimentSettings, name: str, relation: str, results: Path, configs: list[Path]
) -> Learned | Unlearned:
    settings, label = experiment.method(name), method_label(name)
    if not settings.trains:
        return Learned(name, label, settings, None, {})
    folder = results / experiment.experiment / relation / experiment.learner(name)
    adapters, manifest = folder / "adapters", folder / "adapters.json"
    if not adapters.is_dir() or not manifest.is_file():
        return Unlearned(name, label, settings, "Not trained yet:", _training(adapters, configs))
    _check_model(experiment, folder / "training.settings.yaml", adapters, configs)
    return Learned(name, label, settings, adapters, check_manifest(manifest, adapters))


def _training(adapters: Path, configs: list[Path]) -> str:
    """The command that trains; the workflow reads config.yaml by itself."""
    others = [str(path) for path in configs if path.name != "config.yaml"]
    return " ".join(["snakemake", str(adapters), *(["--configfile", *others] if others else [])])


def _check_model(experiment: ExperimentSettings, written: Path, adapters: Path, configs: list[Path]) -> None:
    """Raise UserError where the training says that it worked on another model."""
    trained_on = read_yaml(written).get("model", {}) if written.is_file() else {}
    for setting in ("kind", "path", "revision"):
        found, expected = trained_on.get(setting), getattr(experiment.model, setting)
        if setting in trained_on and found != expected:
            raise UserError(
                f"{adapters}: was trained on a model of {setting} {found!r}, and the experiment has {expected!r};"
                f" train again: {_training(adapters, configs)}"
            )
