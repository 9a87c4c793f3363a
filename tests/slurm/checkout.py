"""A checkout of the workflow whose jobs a cluster runs."""

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import yaml
from tests.slurm.cluster import Cluster
from tests.workflow.checkout import Answer, Checkout, copy_workflow, real_models

PROFILE = Path("profiles/slurm/config.yaml")
WITHOUT_ACCOUNTING = ("slurm-status-command: squeue", "slurm-no-account: true")
"""What the profile tells people to uncomment whose cluster has no accounting database."""
TINY = """
relations: [shaking_hands]
puppets: {good_clips: 3}
clips: {per_relation: 3, minimum: 2}
machine: {checkpoint_every: 2}
training: {steps: 4, warmup_steps: 1, batch_size: 1}
methods: {direct_lora: {steps: 4}}
metrics: {subject_accuracy: null, appearance_leakage: null, temporal_consistency: null}
generation: {subjects: [[dog, cat]], videos_per_prompt: 1, sampling_steps: 2}
analysis: {subspaces: null, attention: null, strength: null, feature_maps: null}
"""
CONFIG = ("--configfile", "tiny.yaml")
Jobs = list[dict[str, str]]
"""Slurm's jobs, oldest first, each with what `scontrol show job` tells of it."""


@dataclass(frozen=True)
class ClusterCheckout:
    """A working directory with the workflow in it, and the cluster that runs its jobs."""

    local: Checkout
    cluster: Cluster
    environment: tuple[tuple[str, str], ...] = ()
    """Further variables that jobs inherit."""
    config: tuple[str, ...] = CONFIG
    """What Snakemake is told of the configuration."""

    @property
    def folder(self) -> Path:
        return self.local.folder

    @property
    def slurm_logs(self) -> list[Path]:
        """What Slurm kept of jobs' outputs."""
        return sorted((self.folder / ".snakemake/slurm_logs").rglob("*.log"))

    def with_environment(self, **variables: str) -> "ClusterCheckout":
        return replace(self, environment=(*self.environment, *variables.items()))

    def submit(self, *arguments: str) -> Answer:
        """Run the workflow on the cluster, by the shipped profile; only looks for finished jobs sooner than it does."""
        hurry = ("--slurm-init-seconds-before-status-checks", "3")
        profile = ("--workflow-profile", "profiles/slurm")
        command = [sys.executable, "-m", "snakemake", *arguments, *self.config, *profile, *hurry]
        here = {"PYTHONPATH": str(self.folder / "src"), "OMP_NUM_THREADS": "1"}
        environment = os.environ | here | self.cluster.environment | dict(self.environment)
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        return Answer(done.returncode, done.stdout, done.stderr)

    def submitted(self, *arguments: str) -> tuple[Answer, Jobs]:
        """What Snakemake said, and the jobs that it made Slurm run."""
        before = {job["JobId"] for job in self.cluster.jobs()}
        answer = self.submit(*arguments)
        return answer, [job for job in self.cluster.jobs() if job["JobId"] not in before]


def prepare_checkout(folder: Path, cluster: Cluster) -> ClusterCheckout:
    """A copy of the workflow in which the profile's lines for clusters like this one are uncommented."""
    local = copy_workflow(folder)
    real_models(local)
    (folder / "tiny.yaml").write_text(TINY, encoding="utf-8")
    for line in WITHOUT_ACCOUNTING:
        edit_profile(folder, f"# {line}", line)
    return ClusterCheckout(local, cluster)


def set_resources(folder: Path, rule: str, **resources: str | int) -> str:
    """Give a rule other resources in the profile; returns the profile as it was, to be written back."""
    before = (folder / PROFILE).read_text(encoding="utf-8")
    profile = yaml.safe_load(before)
    profile["set-resources"][rule] |= resources
    (folder / PROFILE).write_text(yaml.safe_dump(profile), encoding="utf-8")
    return before


def edit_profile(folder: Path, old: str, new: str) -> None:
    """Replace the only `old` of the profile."""
    text = (folder / PROFILE).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{PROFILE}: found {old!r} {text.count(old)} times, expected once"
    (folder / PROFILE).write_text(text.replace(old, new), encoding="utf-8")


def rule_of(job: dict[str, str]) -> str:
    """The rule, or the group without the names of its rules, that a job was submitted for."""
    name = job["Comment"].removeprefix("rule_").partition("_wildcards_")[0]
    for group in ("prompts", "controls", "scores_shaking_hands", "learned_shaking_hands"):
        if name.startswith(f"{group}_"):
            return group
    return name


def memory_mb(job: dict[str, str]) -> float:
    """How much memory a job asked for; Slurm tells 128000M as 125G."""
    told = job["MinMemoryNode"]
    return float(told[:-1]) * {"M": 1, "G": 1024}[told[-1]]


def ran(job: dict[str, str]) -> tuple[float, float]:
    """When a job began and when it ended, in seconds."""
    return datetime.fromisoformat(job["StartTime"]).timestamp(), datetime.fromisoformat(job["EndTime"]).timestamp()
