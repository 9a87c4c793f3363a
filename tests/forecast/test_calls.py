"""How often servers will be asked, and what is refused before anything runs."""

from pathlib import Path
from typing import Any

import pytest

from dreamrelation import config
from dreamrelation.errors import UserError
from dreamrelation.forecast.calls import calls_told
from dreamrelation.planning import Plan
from dreamrelation.settings.machine import EndpointSettings

REPOSITORY = Path(__file__).parents[2]


def plan(max_calls: int = 5000, **metric: Any) -> Plan:
    """The demo's, with a judge that costs money: 3 relations, 3 methods, 8 videos each, 10 clips of each relation."""
    asked = {"kind": "vlm_relation_accuracy", "judge": {"kind": "openai_endpoint"}, "passes": 2, **metric}
    own = {"metrics": {"relation_accuracy": asked}, "machine": {"endpoint": {"max_calls": max_calls}}}
    return Plan(config.load([REPOSITORY / "config.yaml"], last=own))


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ({}, 3 * (3 * 8) * 2),
        ({"controls": True}, 3 * (3 * 8 + 10 + 20) * 2),
        ({"controls": True, "other_controls": 4}, 3 * (3 * 8 + 10 + 4) * 2),
    ],
)
def test_calls_are_counted(metric: dict[str, Any], expected: int) -> None:
    assert plan(**metric).calls == {"relation_accuracy": expected}


def test_a_judge_on_this_machine_costs_no_call() -> None:
    assert plan(judge={"kind": "qwen_vl"}).calls == {}


def test_too_many_calls_are_refused_before_anything_runs() -> None:
    plan(max_calls=144).check_calls()
    with pytest.raises(UserError, match=r"metrics\.relation_accuracy: would ask a server up to 144 times, .* 143;"):
        plan(max_calls=143).check_calls()


def test_calls_are_told_with_what_they_cost() -> None:
    endpoint = EndpointSettings(max_calls=100, price_per_million_tokens=2.0, tokens_per_frame=560)
    told = calls_told({"seen": 1000}, {"seen": 5}, endpoint)
    assert "seen: 1,000 calls, about 3 million tokens, 6.00 in your currency" in told
    assert "machine.endpoint.max_calls allows 100" in told
    assert "currency" not in calls_told({"seen": 1000}, {"seen": 5}, EndpointSettings())
