"""A digest of the code that a stage runs: what reruns a stage besides its inputs and its settings.

It covers the module of the stage in `stages/`, the parts that its settings select (a method, a metric, …) and all
modules of the package that these import. Comments, docstrings, annotations and formatting do not count, nor do the
modules of settings, whose values are compared as values, nor the few that make nothing; parts that are not selected are
not looked at. What the settings of a part import of its own package are no values, and do count: a backbone's spec.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from pydantic import BaseModel

from dreamrelation.settings.base import Component

PACKAGE = "dreamrelation"
SETTINGS = "settings"
"""Modules and packages of this name hold values."""
NOT_MAKING = frozenset(
    f"{PACKAGE}.{name}"
    for name in (
        "ahead",
        "backbones.checkpointing",
        "backbones.compilation",
        "backbones.sizes",
        "backbones.streaming",
        "checked_json",
        "code_digest",
        "devices",
        "digests",
        "errors",
        "listings",
        "progress",
    )
)
"""Modules that tell people something or choose where things run, and never change what is made."""

DATA = frozenset({".css", ".j2", ".js", ".yaml"})
"""What data of the package end in; an editor's own files beside a module are none."""


def stage_digest(stage: str, settings: BaseModel) -> str:
    """The digest of a stage with the parts that its settings select, in hexadecimal."""
    return digest((f"{PACKAGE}.stages.{stage}", *selected_modules(settings)))


def selected_modules(settings: BaseModel) -> list[str]:
    """The modules of the parts that settings select, and those of the settings of these parts."""
    selected = list(parts(settings))
    return sorted({part.code.partition(":")[0] for part in selected} | {type(part).__module__ for part in selected})


def parts(value: object) -> Iterator[Component]:
    """All parts that settings select, at any depth."""
    if isinstance(value, Component):
        yield value
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from parts(getattr(value, name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from parts(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from parts(inner)


@cache
def digest(modules: tuple[str, ...]) -> str:
    """The digest of some modules and of all that they import from the package, or from the packages of `modules`."""
    total = hashlib.sha256()
    for module, source in sorted(closure(modules).items()):
        total.update(module.encode())
        total.update(source_digest(source))
        for data in data_beside(source):
            total.update(data.name.encode() + data.read_bytes())
    return total.hexdigest()[:32]


def closure(modules: Iterable[str]) -> dict[str, Path]:
    """Module → source file, of `modules` and of what they import in turn, at the top or inside a function."""
    homes = {PACKAGE, *(module.partition(".")[0] for module in modules)}
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module in found or module in NOT_MAKING or module.partition(".")[0] not in homes:
            continue
        source = source_of(module)
        if source is None or SETTINGS in module.split(".")[:-1]:
            continue
        if module.split(".")[-1] == SETTINGS:
            waiting += facts_beside(source, module)
            continue
        found[module] = source
        waiting += imports(source, module)
    return found


def facts_beside(source: Path, module: str) -> list[str]:
    """Modules of the package of a kind's settings that these import, such as the spec of a backbone."""
    home = f"{module.rpartition('.')[0]}."
    return [name for name in imports(source, module) if name.startswith(home)]


@cache
def source_of(module: str) -> Path | None:
    """The file of a module; None where the name is that of something inside a module, or of no module at all."""
    top, *inner = module.split(".")
    spec = find_spec(top)  # of the outermost name only: for an inner one Python would run the modules around it
    if spec is None:
        return None
    if not inner:
        return None if spec.origin is None else Path(spec.origin)
    for folder in spec.submodule_search_locations or ():
        path = Path(folder).joinpath(*inner)
        for file in (path / "__init__.py", path.with_suffix(".py")):
            if file.is_file():
                return file
    return None


@cache
def imports(source: Path, module: str) -> tuple[str, ...]:
    """Names that a file imports; some may be those of functions and classes."""
    package = module if source.name == "__init__.py" else module.rpartition(".")[0]
    names: list[str] = []
    for node in ast.walk(_computing(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            names += [origin, *(f"{origin}.{alias.name}" for alias in node.names)]
    return tuple(names)


@cache
def source_digest(source: Path) -> bytes:
    """Digest of what a file computes."""
    return hashlib.sha256(ast.dump(_computing(source)).encode()).digest()


def data_beside(source: Path) -> list[Path]:
    """Data that a module reads: those in the folder of its package; at the top of the package, of its own name."""
    at_top = source.parent.name == PACKAGE or not (source.parent / "__init__.py").is_file()
    near = [source.with_suffix(".yaml")] if at_top else sorted(source.parent.iterdir())
    return [path for path in near if path.suffix in DATA and not path.name.startswith(".") and path.is_file()]


@cache
def _computing(source: Path) -> ast.Module:
    """The syntax tree of a file without what computes nothing."""
    return _Computing().visit(ast.parse(source.read_text(encoding="utf-8"), str(source)))


class _Computing(ast.NodeTransformer):
    """Takes docstrings, annotations and imports for annotations out of a syntax tree."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.Expr(node.target)  # the field of a dataclass: its name and place do count
        return ast.Assign([node.target], self.visit(node.value))

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(node.arg)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return None
        return self.generic_visit(node)
