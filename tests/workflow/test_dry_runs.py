"""What Snakemake plans in a fresh checkout, and what it says of a configuration that cannot be used."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from tests.workflow.checkout import Checkout, copy_workflow
from tests.workflow.planned import plan

from dreamrelation.config import load
from dreamrelation.paper import TABLES
from dreamrelation.relations import RELATIONS

NTU = ("--configfile", "configs/ntu_mochi.yaml")
NTU_FILES = ("config.yaml", "configs/ntu_mochi.yaml")


def test_everything_is_planned_once(checkout: Checkout) -> None:
    settings = load([checkout.folder / "config.yaml"])
    relations, methods, metrics = len(settings.relations), len(settings.methods), len(settings.metrics)
    answer = plan(checkout)
    assert answer.status == 0, answer.text
    assert answer.jobs == {
        "puppets": 1,
        "clips": 1,
        "captions": 1,
        "prompts": relations,
        "masks": relations,
        "latents": relations,
        "train": relations * len(settings.trained_methods),
        "export": relations * len(settings.exported_methods),
        "generate": relations * methods,
        "evaluate": relations * methods * metrics,
        "controls": relations,
        "summarise": relations,
        "compare": 1,
        "table": 1,
        "subspaces": 1,
        "feature_maps": 1,
        "attention": relations,
        "strength": relations,
        "learned": relations * len(settings.exported_methods),
        "report": 1,
    }


def test_one_relation_needs_no_other(checkout: Checkout) -> None:
    answer = plan(checkout, "results/puppets/shaking_hands/evaluation.json")
    assert answer.status == 0, answer.text
    assert answer.jobs["train"] == 2
    assert "hugging" not in answer.text
    assert "kicking" not in answer.text
    assert "report" not in answer.jobs


def test_one_metric_of_one_method_needs_no_other(checkout: Checkout) -> None:
    answer = plan(checkout, "results/puppets/hugging/base/scores/motion.parquet")
    assert answer.jobs == {"puppets": 1, "clips": 1, "prompts": 1, "generate": 1, "evaluate": 1}


def test_a_method_that_takes_anothers_adapters_trains_nothing(checkout: Checkout) -> None:
    half = "methods={half: {kind: lora, adapters_of: dreamrelation, inference_scale: 0.5}}"
    answer = plan(checkout, "results/puppets/hugging/half/videos.parquet", "--config", half)
    assert answer.status == 0, answer.text
    assert answer.jobs["train"] == answer.jobs["generate"] == 1 and "Training: dreamrelation on hugging" in answer.text


def test_a_table_of_the_paper_needs_its_own_methods_alone(checkout: Checkout) -> None:
    table = "results/puppets/tables/table3.csv"
    answer = plan(checkout, "--configfile", "configs/ablations.yaml", "--", table)
    assert answer.status == 0, answer.text
    assert answer.jobs["train"] == 3 * 4 and answer.jobs["table"] == 1 and "report" not in answer.jobs
    answer = plan(checkout, table)
    assert answer.status == 1
    assert "table 3: the experiment has dreamrelation of its methods, expected two or more of" in answer.text


def test_the_papers_whole_study_is_planned(tmp_path: Path) -> None:
    """All relations, methods and prompts, and each of the paper's tables."""
    checkout = copy_workflow(tmp_path)
    files = [f"configs/{name}.yaml" for name in ("ntu_mochi", "all_methods", "ablations", "paper")]
    settings = load([checkout.folder / name for name in ("config.yaml", *files)])
    assert set(settings.relations) == set(RELATIONS)
    assert {method for table in TABLES.values() for method in table.methods} <= set(settings.methods)
    assert sum(len(settings.generation.video_names(relation)) for relation in RELATIONS) == 260
    checkout.place(*settings.data.files(), *settings.masks.segmenter.files())
    answer = plan(checkout, "--configfile", *files)
    assert answer.status == 0, answer.text[-3000:]
    assert answer.jobs["generate"] == 26 * len(settings.methods)
    assert answer.jobs["train"] == 26 * len(settings.trained_methods)
    assert answer.jobs["table"] == len(TABLES)


def test_a_dry_run_writes_nothing(checkout: Checkout) -> None:
    plan(checkout)
    assert not (checkout.folder / "results").exists()


def test_a_method_without_adapters_is_not_trained(checkout: Checkout) -> None:
    answer = plan(checkout, "results/puppets/hugging/base/adapters.json")
    assert answer.status == 1
    assert "MissingRuleException" in answer.text


def test_the_slurm_profile_plans_the_same_jobs_without_a_number_of_cores(checkout: Checkout) -> None:
    answer = plan(checkout, "--workflow-profile", "profiles/slurm")
    assert answer.status == 0, answer.text
    assert answer.jobs == plan(checkout).jobs


def test_ntu_names_the_data_that_are_missing(checkout: Checkout) -> None:
    answer = plan(checkout, *NTU)
    assert answer.status == 1
    assert "data/ntu/nturgb+d_rgb" in answer.text
    assert "data/ntu/nturgb+d_skeletons" in answer.text


def test_ntu_names_the_checkpoints_that_are_missing_and_starts_from_its_data(tmp_path: Path) -> None:
    checkout = copy_workflow(tmp_path)
    settings = load([checkout.folder / name for name in NTU_FILES])
    checkout.place(*settings.data.files())
    answer = plan(checkout, *NTU)
    assert answer.status == 1
    checkpoints = settings.masks.segmenter.files()
    assert len(checkpoints) == 2 and all(name in answer.text for name in checkpoints)
    checkout.place(*checkpoints)
    answer = plan(checkout, *NTU)
    assert answer.status == 0, answer.text
    assert "puppets" not in answer.jobs
    assert answer.jobs["masks"] == len(settings.relations)


def test_a_foreign_folder_is_refused_before_anything_in_it_is_removed(tmp_path: Path) -> None:
    """Snakemake removes old outputs before a job runs, and somebody's files may bear their names."""
    checkout = copy_workflow(tmp_path)
    checkout.place("mine/captions.tsv")
    answer = checkout.snakemake("mine/manifest.json", "--config", "puppets={folder: mine}")
    assert answer.status == 1
    assert "puppets.folder: found mine" in answer.text and "captions.tsv" in answer.text
    assert (checkout.folder / "mine/captions.tsv").is_file()


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("training={stepz: 3}", "training.stepz: unknown key; did you mean 'steps'?"),
        ("generaton={}", "generaton: unknown key; did you mean 'generation'?"),
        ("relations=[waving]", "relations names 'waving'"),
        ("clips={pixel_frames: [20]}", "clips.pixel_frames"),
        ("methods={odd: {kind: lorra}}", "methods.odd: there is no method 'lorra'"),
    ],
)
def test_a_bad_setting_is_named_with_its_place(checkout: Checkout, override: str, expected: str) -> None:
    answer = plan(checkout, "--config", override)
    assert answer.status == 1
    assert expected in answer.text
    assert "Traceback" not in answer.text


def test_a_method_and_a_metric_can_be_taken_away(checkout: Checkout) -> None:
    answer = plan(checkout, "--config", "methods={direct_lora: null}", "metrics={motion: null}")
    assert answer.status == 0, answer.text
    assert answer.jobs["train"] == 3 and answer.jobs["evaluate"] == 3 * 2 * 5


def test_a_job_that_was_planned_with_other_settings_refuses_to_run(checkout: Checkout) -> None:
    """Jobs on other machines read the files again, which may have changed by then."""
    answer = plan(checkout, "--config", "planned=settings-0123456789abcdef")
    assert answer.status == 1
    assert "changed after this job was planned" in answer.text


def test_profiles_know_each_rule(checkout: Checkout) -> None:
    rules = set(checkout.snakemake("--list-rules").output.split()) - {"all"}
    slurm = yaml.safe_load((checkout.folder / "profiles/slurm/config.yaml").read_text())
    default = yaml.safe_load((checkout.folder / "profiles/default/config.yaml").read_text())
    assert set(slurm["set-threads"]) == set(slurm["set-resources"]) == rules
    shared = {key for key in default if key not in {"cores", "resources", "logger"}}
    assert {key: slurm[key] for key in shared} == {key: default[key] for key in shared}
    kubernetes = yaml.safe_load((checkout.folder / "profiles/kubernetes/config.yaml").read_text())
    alike = {*shared, "set-threads", "groups", "group-components", "resources", "set-resource-scopes", "retries"}
    assert {key: kubernetes[key] for key in alike} == {key: slurm[key] for key in alike}
    without_partitions = {
        rule: {name: value for name, value in resources.items() if name != "slurm_partition"}
        for rule, resources in slurm["set-resources"].items()
    }
    assert kubernetes["set-resources"] == without_partitions


def test_a_cluster_gets_many_cheap_jobs_as_few(checkout: Checkout) -> None:
    """A relation's metrics are one submission, so are its methods' exports; trainings and generations are alone."""
    planned = plan(checkout, "--workflow-profile", "profiles/slurm")
    assert planned.status == 0, planned.text
    groups = Counter(re.findall(r"Group job (\w+) ", planned.text))
    relations = ("shaking_hands", "hugging", "kicking")
    expected = {f"{group}_{relation}": 1 for group in ("scores", "learned") for relation in relations}
    assert groups == {**expected, "prompts": 1, "controls": 1}
    alone = len(re.findall(r"^Job \d+: ", planned.text, re.M)) - len(["all"])
    grouped = sum(planned.jobs[rule] for rule in ("evaluate", "export", "learned", "prompts", "controls"))
    assert alone == sum(planned.jobs.values()) - grouped
