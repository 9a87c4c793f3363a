"""The house: who may know whom. Import contracts are in pyproject.toml; here is what they cannot say."""

import ast
import re
from pathlib import Path

import pytest

import dreamrelation
from dreamrelation.settings.kinds import BACKBONES, DETECTORS, FEATURES, JUDGES, METHODS, METRICS, SEGMENTERS
from dreamrelation.settings.registry import Registry, imported

PACKAGE = Path(dreamrelation.__file__).parent
REGISTRIES = (METHODS, BACKBONES, METRICS, SEGMENTERS, DETECTORS, JUDGES, FEATURES)
ABOVE_THE_SEAMS = [
    *(PACKAGE / "training").glob("*.py"),
    *(PACKAGE / "forecast").glob("*.py"),
    *(PACKAGE / "sampling").glob("*.py"),
    *((PACKAGE / "stages").glob("*.py")),
    PACKAGE / "settings/experiment.py",
]
NO_STAGES = [
    PACKAGE / f"stages/{name}.py"
    for name in ("puppet_models", "check_adapter", "adapter_in_diffusers", "reference_list")
]
"""No stages of the pipeline: one trains the very models that come with the theatre, the others look at a LoRA file."""
WORDS = {"none", "motion"}
"""Kinds whose names are words of the language; for them only their modules are looked for."""


def names_in(tree: ast.Module) -> set[str]:
    """Identifiers, imported modules and texts of a file, but for its docstrings."""
    docstrings = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.ImportFrom):
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            found.add(node.value)
    return found


def homes() -> set[str]:
    """Packages of the kinds, such as dreamrelation.methods.lora."""
    modules = {path.partition(":")[0] for registry in REGISTRIES for path in registry.known.values()}
    return {module.rpartition(".")[0] for module in modules}


def test_nothing_above_the_seams_names_a_kind() -> None:
    kinds = {kind for registry in REGISTRIES for kind in registry.known} - WORDS
    # Wan and WanSettings are the kind; wanted is a word
    pattern = re.compile("|".join(f"(?i:{re.escape(kind)})(?![a-z])" for kind in sorted(kinds)))
    named: list[str] = []
    for path in ABOVE_THE_SEAMS:
        if path in NO_STAGES:
            continue
        for name in names_in(ast.parse(path.read_text(encoding="utf-8"))):
            inside = any(f"{name}.".startswith(f"{home}.") for home in homes())
            if inside or pattern.search(name):
                named.append(f"{path.relative_to(PACKAGE)}: {name}")
    assert named == []


def test_the_search_for_names_would_find_one() -> None:
    tree = ast.parse('"""lora"""\nfrom dreamrelation.methods.lora import method\nKIND = "mochi"\nx.grabcut\n')
    found = names_in(tree)
    assert {"dreamrelation.methods.lora", "mochi", "grabcut", "KIND"} <= found and "lora" not in found
    assert "dreamrelation.methods.lora" in homes() and "dreamrelation.segmentation.grounded_sam" in homes()


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.seam)
def test_every_kind_has_settings_of_its_seam_and_a_class(registry: Registry) -> None:
    for kind in registry.known:
        settings = registry.settings_of(kind)
        assert issubclass(settings, registry.base)
        assert settings.model_fields["kind"].default == kind
        assert isinstance(imported(settings.implementation), type)


def test_rows_travel_as_dataclasses() -> None:
    """`dict[str, Any]` is for what has no fixed keys: settings that are not yet checked, states, facts, keywords."""
    rows = re.compile(r"(list|Iterable|Iterator|Mapping|Callable)\[(\[)?dict\[str, Any\]")
    found = [
        f"{path.relative_to(PACKAGE)}:{number}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if rows.search(line) and path.name not in {"tensors.py", "resume.py"}
    ]
    assert found == []
