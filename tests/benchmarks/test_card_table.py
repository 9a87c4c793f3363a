"""The table of a card: each measured step beside what is counted for the same way to train."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import card_table
from dreamrelation.forecast.cards import KNOWN, SHARE_OF_MEASURED
from dreamrelation.forecast.modes import Mode
from dreamrelation.forecast.work import Trial

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
MODE = Mode(1, "bfloat16")


def told(**run: Any) -> dict[str, Any]:
    case = {"preset": "mochi-61", "loops": ["plain", "triplet"], "checkpointing": 1, "precision": "bfloat16"}
    rates = dict.fromkeys(
        ("matrix_product", "matrix_product_float32", "within_the_card", "from_pinned_memory", "from_other_memory"), 1e14
    )
    kernels = {"refused by": {"refused": "no such kernel"}}
    cases = [{"case": case, "runs": {"plain": run, "triplet": run}}]
    return {"card": "a card", "torch": "2", "rates": rates, "attention": {"mochi-61": kernels}, "cases": cases}


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """2 · 10¹⁴ operations and 3 GiB, for the triplet with every block checkpointed."""
    known = {("mochi-61", "triplet"): {MODE: Trial(MODE, 2 * 10**14, 0, 3 * 2**30, True)}}
    monkeypatch.setattr(card_table, "counted", lambda preset, loop: known[preset, loop])


def test_a_step_is_put_beside_its_count() -> None:
    page = card_table.page(told(seconds=4.0, peak_gib=2.95))
    assert (
        "| triplet | gradient_checkpointing: true, precision.denoiser: bfloat16 | 200 | 3.0 | 3.0 | 4.00 | 50 % |"
        in page
    )
    assert "| plain | gradient_checkpointing: true, precision.denoiser: bfloat16 |  |  | 3.0 | 4.00 |  |" in page
    assert "| mochi-61 | refused by | no such kernel |" in page


def test_what_did_not_fit_has_no_seconds() -> None:
    assert "| 200 | 3.0 | does not fit | | |" in card_table.page(told(out_of_memory="CUDA out of memory"))


def test_the_default_share_is_that_of_the_card_on_record() -> None:
    """What `plan` takes for granted is what benchmarks/results/card_h200.json and the count of its page say."""
    measured = json.loads((RESULTS / "card_h200.json").read_text(encoding="utf-8"))
    page = (RESULTS / "card_h200.md").read_text(encoding="utf-8")
    (line,) = [one for one in page.splitlines() if "| triplet |" in one and "%" in one]
    operations, seconds = (float(line.split("|")[cell]) * unit for cell, unit in ((4, 1e12), (7, 1)))
    reached = operations / seconds
    assert reached / measured["rates"]["matrix_product"] == pytest.approx(SHARE_OF_MEASURED, abs=0.005)
    assert reached / (KNOWN["h200"].rate * 1e12) == pytest.approx(KNOWN["h200"].share, abs=0.005)
