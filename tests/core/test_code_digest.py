"""What changes the digest of a stage's code, and what does not."""

import importlib
from pathlib import Path

import pytest

from dreamrelation import code_digest
from dreamrelation.code_digest import closure, digest, parts, selected_modules, source_of, stage_digest
from dreamrelation.config import load
from dreamrelation.settings.kinds import BACKBONES
from dreamrelation.settings.stage_registry import STAGES
from dreamrelation.settings.stages import Chosen

ROOT = Path(__file__).parents[2]
SOURCE = '''\
"""A module."""

from typing import TYPE_CHECKING

from lab import other

if TYPE_CHECKING:
    from lab import types_only


class Thing:
    size: int
    """In pixels."""

    def area(self, scale: float = 1.0) -> float:
        """The area."""
        from lab.inner import late

        # a comment
        return scale * self.size * other.FACTOR * late.value()
'''


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `lab` on the path."""
    folder = tmp_path / "lab"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "inner" / "__init__.py").touch()
    (folder / "thing.py").write_text(SOURCE)
    (folder / "other.py").write_text("FACTOR = 2\n")
    (folder / "unused.py").write_text("FACTOR = 3\n")
    (folder / "types_only.py").write_text("FACTOR = 4\n")
    (folder / "inner" / "late.py").write_text("from .table import ROWS\n\n\ndef value():\n    return len(ROWS)\n")
    (folder / "inner" / "table.py").write_text("ROWS = [1]\n")
    (folder / "inner" / "data.yaml").write_text("1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    return folder


def now() -> str:
    """The digest of `lab.thing`, from the files as they are."""
    for cached in (digest, source_of, code_digest.imports, code_digest.source_digest, code_digest._computing):
        cached.cache_clear()
    return digest(("lab.thing",))


def test_the_closure_follows_all_imports_that_compute(lab: Path) -> None:
    now()
    assert set(closure(["lab.thing"])) == {
        "lab", "lab.thing", "lab.other", "lab.inner", "lab.inner.late", "lab.inner.table",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# a comment", "# another one"),
        ('"""The area."""', '"""The area, in square pixels."""'),
        ('"""A module."""', '"""The same module."""'),
        ('    """In pixels."""\n', ""),
        ("scale: float = 1.0) -> float", "scale=1.0)"),
        ("    size: int", "    size: float"),
        ("return scale * self.size", "return (scale\n                * self.size)"),
        ("    from lab import types_only", "    from lab import unused"),
    ],
)
def test_what_computes_nothing_changes_nothing(lab: Path, old: str, new: str) -> None:
    before = now()
    assert old in SOURCE
    (lab / "thing.py").write_text(SOURCE.replace(old, new))
    assert now() == before


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("thing.py", SOURCE.replace("scale: float = 1.0", "scale: float = 2.0")),
        ("thing.py", SOURCE.replace("    size: int", "    width: int")),
        ("other.py", "FACTOR = 5\n"),
        ("inner/table.py", "ROWS = [1, 2]\n"),
        ("inner/data.yaml", "2\n"),
        ("inner/new.yaml", "2\n"),
    ],
)
def test_what_computes_changes_it(lab: Path, file: str, text: str) -> None:
    before = now()
    (lab / file).write_text(text)
    assert now() != before


@pytest.mark.parametrize("file", ["unused.py", "types_only.py", "settings.py", ".thing.py.swp", "thing.py~", "x.bin"])
def test_what_is_not_selected_and_settings_do_not_count(lab: Path, file: str) -> None:
    before = now()
    (lab / file).write_text("FACTOR = 99\n")
    assert now() == before


def test_what_settings_import_of_their_own_package_counts(lab: Path) -> None:
    now()
    imports = ["import json", "from lab.other import FACTOR", "from dreamrelation.roles import ROLES"]
    (lab / "settings.py").write_text("\n".join(imports) + "\n")
    assert set(closure(["lab.settings"])) == {"lab.other"}


@pytest.mark.parametrize("kind", BACKBONES.known)
@pytest.mark.parametrize("stage", ["captions", "prompts", "latents", "train", "generate"])
def test_the_spec_of_the_backbone_is_part_of_each_stage_that_uses_it(kind: str, stage: str) -> None:
    """A corrected stride or layer name makes again what was made with the wrong one; it is no value of a setting."""
    changed = {
        "model": {"kind": kind, "path": "p"}, "clips": {"pixel_frames": [25]}, "generation": {"pixel_frames": 25},
    }  # fmt: skip
    settings = STAGES[stage].of(load([ROOT / "config.yaml"], changed), Chosen("dreamrelation", relation="hugging"))
    home = BACKBONES.known[kind].rpartition(".")[0]
    assert f"{home}.spec" in closure(selected_modules(settings))


def test_parts_are_found_at_any_depth() -> None:
    experiment = load([ROOT / "config.yaml", ROOT / "configs/ntu_mochi.yaml"])
    kinds = {part.kind for part in parts(experiment)}
    assert {"grounded_sam", "grounding_dino", "mochi", "none", "lora", "relational_contrastive", "clip_t"} <= kinds


def test_a_stage_depends_on_its_parts_and_on_no_others() -> None:
    experiment = load([ROOT / "config.yaml"])
    train = STAGES["train"]
    with_contrast = closure_of("train", train.of(experiment, Chosen("dreamrelation", relation="hugging")))
    without = closure_of("train", train.of(experiment, Chosen("direct_lora", relation="hugging")))
    assert with_contrast - without == {"dreamrelation.losses.contrastive"}
    assert without - with_contrast == set()
    motion = closure_of("evaluate", STAGES["evaluate"].of(experiment, Chosen(metric="motion", relation="hugging")))
    assert "dreamrelation.metrics.motion.metric" in motion
    assert not {name for name in motion if ".clip." in name or "puppet_judge" in name}
    for stage, model in STAGES.items():
        found = closure_of(stage, model.of(experiment, Chosen("dreamrelation", "motion", "hugging")))
        assert f"dreamrelation.stages.{stage}" in found
        assert not {name for name in found if "settings" in name.split(".")}, stage


def closure_of(stage: str, settings: object) -> set[str]:
    return set(closure([f"dreamrelation.stages.{stage}", *(part.code.partition(":")[0] for part in parts(settings))]))


def test_every_stage_has_a_digest_of_its_own() -> None:
    experiment = load([ROOT / "config.yaml"])
    digests = {
        stage: stage_digest(stage, model.of(experiment, Chosen("base", "motion", "hugging")))
        for stage, model in STAGES.items()
    }
    assert len(set(digests.values())) == len(digests)


def test_a_folder_without_init_is_followed_too(lab: Path) -> None:
    (lab / "__init__.py").unlink()
    importlib.invalidate_caches()
    before = now()
    (lab / "other.py").write_text("FACTOR = 7\n")
    assert now() != before
