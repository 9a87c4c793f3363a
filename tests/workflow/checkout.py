"""Copies of the workflow in temporary folders, with empty files in the place of models and results."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PARTS = ("Snakefile", "config.yaml", "configs", "environment.yml", "profiles", "rules", "src")
SUMMARY_COLUMNS = 8
MODELS = [
    "data/puppets/models/mochi/model_index.json",
    "data/puppets/models/mochi/vae/config.json",
    "data/puppets/models/mochi/vae/diffusion_pytorch_model.safetensors",
    "data/puppets/models/mochi/transformer/diffusion_pytorch_model.safetensors",
    "data/puppets/models/mochi/text_encoder/model.safetensors",
    "data/puppets/models/mochi/tokenizer/tokenizer.json",
    "data/puppets/models/judge/judge.safetensors",
    "data/puppets/models/grounding_dino/config.yaml",
    "data/puppets/models/grounding_dino/model.safetensors",
    "data/puppets/models/grounding_dino/text_encoder/config.json",
    "data/puppets/models/sam/architecture.yaml",
    "data/puppets/models/sam/model.safetensors",
]
"""Stand-ins for the models: what is planned does not depend on what they hold."""
JUDGE = "data/puppets/models/judge/judge.json"
"""Which relations the judge knows is looked at when the settings are checked."""


@dataclass(frozen=True)
class Answer:
    """What Snakemake said."""

    status: int
    output: str
    """What was asked for, such as a list of rules."""
    messages: str

    @property
    def text(self) -> str:
        return self.output + self.messages

    @property
    def jobs(self) -> dict[str, int]:
        """Rule → number of jobs, from the job statistics; the target rule `all` is left out."""
        table = self.text.partition("Job stats:")[2].partition("total")[0]
        return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.M) if rule != "all"}

    @property
    def nothing_to_do(self) -> bool:
        return "Nothing to be done" in self.text


@dataclass(frozen=True)
class Checkout:
    """A working directory with the workflow in it, whose package is the copy under `src`."""

    folder: Path
    more_paths: tuple[str, ...] = ()
    """Further folders on PYTHONPATH."""
    python: Path = Path(sys.executable)
    """Whose Snakemake it is; beside it lies the `dreamrelation` that jobs call."""

    @property
    def environment(self) -> dict[str, str]:
        """In which the package of every Python is the copy."""
        return os.environ | {"PYTHONPATH": os.pathsep.join([str(self.folder / "src"), *self.more_paths])}

    def snakemake(self, *arguments: str) -> Answer:
        command = [str(self.python), "-m", "snakemake", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def start(self, told: Path, *arguments: str) -> subprocess.Popen[bytes]:
        """Snakemake at work as the head of a process group of its own; what it says goes to the file `told`."""
        command = [str(self.python), "-m", "snakemake", *arguments]
        with told.open("wb") as file:
            return subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=file, stderr=file, start_new_session=True
            )

    def plan(self, *arguments: str) -> Answer:
        return self.snakemake("--dry-run", *arguments)

    def summary(self, *arguments: str) -> list[dict[str, str]]:
        """One row per output: its rule, inputs, command and state."""
        lines = [line.split("\t") for line in self.snakemake("--detailed-summary", *arguments).output.splitlines()]
        header, *rows = [line for line in lines if len(line) == SUMMARY_COLUMNS]
        return [dict(zip(header, row, strict=True)) for row in rows]

    def place(self, *paths: str) -> None:
        """Empty files, and folders for what has no suffix."""
        for path in (self.folder / path for path in paths):
            (path.parent if path.suffix else path).mkdir(parents=True, exist_ok=True)
            if path.suffix:
                path.touch()


def copy_workflow(folder: Path, python: Path = Path(sys.executable)) -> Checkout:
    """A checkout with stand-ins for the models."""
    for name in PARTS:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, folder / name)
    checkout = Checkout(folder, python=python)
    checkout.place(*MODELS)
    shutil.copy(REPOSITORY / JUDGE, folder / JUDGE)
    return checkout


def real_models(checkout: Checkout) -> None:
    """Put the shipped models in the place of their stand-ins."""
    models = checkout.folder / "data/puppets/models"
    shutil.rmtree(models)
    shutil.copytree(REPOSITORY / "data/puppets/models", models)
