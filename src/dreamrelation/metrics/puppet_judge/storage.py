"""The judge's two files: its weights, and what it is, how it was trained and how good it is."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from dreamrelation.errors import UserError
from dreamrelation.files import appearing
from dreamrelation.metrics.puppet_judge.network import Architecture, PuppetJudge
from dreamrelation.metrics.puppet_judge.settings import FACTS, WEIGHTS


def save_judge(folder: Path, judge: PuppetJudge, report: dict[str, Any]) -> None:
    """Write `judge.safetensors` and `judge.json` (architecture, class names, how it was trained, held-out accuracy).

    An architecture in the report, as in that of an earlier state, gives way to this judge's.
    """
    facts = report | {"architecture": asdict(judge.architecture)}
    with appearing(folder / WEIGHTS) as beside:
        save_file({name: tensor.contiguous() for name, tensor in judge.state_dict().items()}, beside)
    with appearing(folder / FACTS) as beside:
        beside.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def load_judge(folder: Path) -> tuple[PuppetJudge, dict[str, Any]]:
    """The judge in evaluation mode, and the content of its `judge.json`.

    Raises UserError that names the file which is missing or broken, or where the two files do not fit each other.
    """
    for name in (FACTS, WEIGHTS):
        if not (folder / name).is_file():
            raise UserError(f"{folder / name}: no such file, expected the judge that the metric's settings name")
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        judge = PuppetJudge(_architecture(facts["architecture"]))
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise UserError(f"{folder / FACTS}: not the description of a judge: {error!r}") from None
    try:
        weights = load_file(folder / WEIGHTS)
    except SafetensorError as error:
        raise UserError(f"{folder / WEIGHTS}: cannot be read: {error} (setting `judge` of the metric)") from None
    expected = {name: tuple(tensor.shape) for name, tensor in judge.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if found != expected:
        name = sorted(set(found.items()) ^ set(expected.items()))[0][0]
        raise UserError(f"{folder / WEIGHTS}: tensor {name!r}: found {found.get(name)}, expected {expected.get(name)}")
    judge.load_state_dict(weights)
    return judge.eval(), facts


def _architecture(stored: dict[str, Any]) -> Architecture:
    """From JSON, which knows no tuples. Judges of before there were actor heads do not mention theirs."""
    return Architecture(
        motions=tuple(stored["motions"]),
        kinds=tuple(stored["kinds"]),
        size=(stored["size"][0], stored["size"][1]),
        channels=tuple(stored["channels"]),
        features=stored["features"],
        actor_width=stored.get("actor_width"),
    )
