"""What Snakemake plans in a fresh checkout, and what it says of a configuration that cannot be used."""

import pytest
import yaml
from tests.workflow.checkout import Checkout

from dreamrelation.config import load

NTU = ("--configfile", "config.yaml", "configs/ntu_mochi.yaml")


def test_everything_is_planned_once(checkout: Checkout) -> None:
    settings = load([checkout.folder / "config.yaml"])
    relations, methods = len(settings.relations), len(settings.methods)
    trained = sum(settings.method(name).trains for name in settings.methods)
    answer = checkout.plan()
    assert answer.status == 0, answer.text
    assert answer.jobs == {
        "puppets": 1,
        "clips": 1,
        "captions": 1,
        "masks": relations,
        "latents": relations,
        "train": relations * trained,
        "generate": relations * methods,
        "evaluate": relations * methods,
        "summarise": relations,
        "report": 1,
    }


def test_one_relation_needs_no_other(checkout: Checkout) -> None:
    answer = checkout.plan("results/puppets/shaking_hands/evaluation.json")
    assert answer.status == 0, answer.text
    assert answer.jobs["train"] == 2
    assert "hugging" not in answer.text
    assert "kicking" not in answer.text
    assert "report" not in answer.jobs


def test_a_dry_run_writes_nothing(checkout: Checkout) -> None:
    checkout.plan()
    assert not (checkout.folder / "results").exists()


def test_a_method_without_adapters_is_not_trained(checkout: Checkout) -> None:
    answer = checkout.plan("results/puppets/hugging/base/adapters")
    assert answer.status == 1
    assert "MissingRuleException" in answer.text


def test_slurm_plans_the_same_jobs(checkout: Checkout) -> None:
    assert checkout.plan("--workflow-profile", "profiles/slurm").jobs == checkout.plan().jobs


def test_ntu_names_the_data_that_are_missing(checkout: Checkout) -> None:
    answer = checkout.plan(*NTU)
    assert answer.status == 1
    assert "data/ntu/nturgb+d_rgb" in answer.text
    assert "data/ntu/nturgb+d_skeletons" in answer.text


def test_ntu_starts_from_its_data(checkout: Checkout) -> None:
    settings = load([checkout.folder / name for name in NTU[1:]])
    sam = settings.masks.grounded_sam
    checkout.place(settings.data.videos, settings.data.skeletons, *settings.data.missing_skeletons)
    answer = checkout.plan(*NTU)
    assert answer.status == 1
    assert sam.detector_checkpoint in answer.text
    checkout.place(sam.detector_checkpoint, sam.segmenter_checkpoint)
    answer = checkout.plan(*NTU)
    assert answer.status == 0, answer.text
    assert "puppets" not in answer.jobs
    assert answer.jobs["masks"] == len(settings.relations)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("training={stepz: 3}", "training.stepz: unknown key; did you mean 'steps'?"),
        ("generaton={}", "generaton: unknown key; did you mean 'generation'?"),
        ("relations=[waving]", "relations names 'waving'"),
        ("clips={pixel_frames: [20]}", "clips.pixel_frames"),
    ],
)
def test_a_bad_setting_is_named_with_its_place(checkout: Checkout, override: str, expected: str) -> None:
    answer = checkout.plan("--config", override)
    assert answer.status == 1
    assert expected in answer.text
    assert "Traceback" not in answer.text


def test_profiles_know_each_rule(checkout: Checkout) -> None:
    rules = set(checkout.snakemake("--list-rules").output.split()) - {"all"}
    slurm = yaml.safe_load((checkout.folder / "profiles/slurm/config.yaml").read_text())
    default = yaml.safe_load((checkout.folder / "profiles/default/config.yaml").read_text())
    assert set(slurm["set-threads"]) == set(slurm["set-resources"]) == rules
    shared = {key for key in default if key not in {"cores", "resources"}}
    assert {key: slurm[key] for key in shared} == {key: default[key] for key in shared}
