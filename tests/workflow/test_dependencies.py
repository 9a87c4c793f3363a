"""docs/dependencies.md names each package that pyproject.toml asks for, and what its metadata say of its licence."""

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from typing import Any

import pytest
from tests.workflow.checkout import REPOSITORY
from tests.workflow.test_environment import EXTRAS, PROJECT, name

PAGE = (REPOSITORY / "docs/dependencies.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (?!package)([\w.-]+) \| [^|]+ \| [^|]+ \| ([^|]+) \|$", PAGE, re.M))
"""Package → what the page says of its metadata."""
COPYLEFT = re.compile(r"\bA?GPL|\bLGPL|\bMPL|General Public|Mozilla|EUPL|CDDL|SSPL")


def told(package: Distribution) -> str:
    """What its metadata say of its licence, in one line: an expression, a short text or the classifiers."""
    found: Any = package.metadata
    text = " ".join((found.get("License") or "").split())
    classes = [c.rpartition(":: ")[2] for c in found.get_all("Classifier", []) if c.startswith("License ::")]
    if found.get("License-Expression"):
        return found["License-Expression"]
    return text if 0 < len(text) <= 60 else ", ".join(classes) or text[:40] or "(none)"


def installed(package: str) -> Distribution:
    try:
        return distribution(package)
    except PackageNotFoundError:
        beside = {name(d.metadata["Name"]): d for d in distributions(path=[str(REPOSITORY / ".venv/quantised")])}
        return beside[package] if package in beside else pytest.skip(f"{package} is not installed")


def test_every_package_is_listed_once() -> None:
    asked = [name(line) for line in PROJECT["dependencies"] + [one for extra in EXTRAS.values() for one in extra]]
    assert sorted(ROWS) == sorted([*asked, "groundingdino-py"])


@pytest.mark.parametrize("package", sorted(ROWS))
def test_licences_are_those_of_the_metadata(package: str) -> None:
    assert told(installed(package)) == ROWS[package], f"{package}: read it again, then mend the page"


def test_copyleft_is_told() -> None:
    """Also of what others ask for: whoever passes an image on must know."""
    section = PAGE.partition("## Copyleft")[2].partition("\n## ")[0]
    pinned = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8").splitlines()
    for package in (line.partition("==")[0] for line in pinned if "==" in line):
        said = told(distribution(package))
        if COPYLEFT.search(said) and "BSD" not in said:  # docutils: its own part is public domain or BSD
            assert f"**{name(package)}**" in section, f"{package}: {said}"
