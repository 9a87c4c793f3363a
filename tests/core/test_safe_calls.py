"""Nothing that comes from others is run: no pickle, no eval, no shell made of data, no page that is not escaped."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import dreamrelation

PACKAGE = Path(dreamrelation.__file__).parent
ROOT = Path(__file__).parents[2]
MODULES = {"pickle", "dill", "joblib", "shelve", "marshal", "cloudpickle", "zipfile", "tarfile", "xml", "lxml"}
"""Modules that run what they read, or open archives and documents that may grow without end."""
ALLOWED = {"pickle.UnpicklingError"}
"""An error, by which a refused pickle is known."""
PROGRAM = PACKAGE / "metrics/video_features/i3d/features.py"
"""Opens TorchScript, which is code."""
CHECKED = PACKAGE / "states.py"
"""Reads the checksums of an archive, entry by entry, and keeps none of it."""
CALLS = {"eval", "exec", "compile", "__import__"}
SHELLS = {"system", "popen", "getoutput", "getstatusoutput", "spawnl", "spawnv"}
QUOTED = re.compile(r"\{(?!threads\}|wildcards\.step\})[^{}]*(?<!:q)\}")
"""A value in a command that the shell would read; `threads` is a number, and so is `step` by its constraint."""
UNESCAPED = re.compile(
    r"\|\s*safe\b|autoescape\s+false|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\("
)


def keyword(call: ast.Call, name: str) -> object:
    """The constant that is given by keyword; None where there is none."""
    return next((k.value.value for k in call.keywords if k.arg == name and isinstance(k.value, ast.Constant)), None)


def faults(tree: ast.AST) -> Iterator[str]:
    """What a file does that it must not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] in MODULES:
            yield from (full for alias in node.names if (full := f"{node.module}.{alias.name}") not in ALLOWED)
        elif isinstance(node, ast.Call):
            yield from faults_of_call(node)


def faults_of_call(call: ast.Call) -> Iterator[str]:
    text = ast.unparse(call)
    owner, _, name = ast.unparse(call.func).rpartition(".")
    if (not owner and name in CALLS) or (owner == "os" and name in SHELLS):
        yield text
    if any(keyword(call, wanted) is True for wanted in ("shell", "allow_pickle", "trust_remote_code")):
        yield text
    if (owner, name) in {("torch.jit", "load"), ("torch.package", "PackageImporter"), ("torch.hub", "load")}:
        yield text
    if owner == "torch" and name == "load" and keyword(call, "weights_only") is not True:
        yield text
    if keyword(call, "weights_only") is False:
        yield text
    if owner == "yaml" and name in ("load", "load_all", "full_load", "unsafe_load") and "_UniqueKeys" not in text:
        yield text
    if name == "from_pretrained" and re.search(r"\bAuto[A-Z]", owner) and keyword(call, "trust_remote_code") is None:
        yield text


SOURCES = [
    *sorted(PACKAGE.rglob("*.py")),
    *sorted((ROOT / "website").rglob("*.py")),
    *(ROOT / "benchmarks").glob("*.py"),
]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_nothing_that_is_read_is_run() -> None:
    assert len(SOURCES) > 300
    found = {path: list(faults(parsed(path))) for path in SOURCES}
    found[PROGRAM].remove("torch.jit.load(str(path), map_location='cpu')")
    found[CHECKED].remove("zipfile")
    assert {str(path): calls for path, calls in found.items() if calls} == {}


def test_the_one_program_that_is_run_is_known_by_its_digest() -> None:
    text = PROGRAM.read_text(encoding="utf-8")
    assert 0 < text.index("if found != settings.sha256:") < text.index("torch.jit.load")


@pytest.mark.parametrize(
    "line",
    ["import pickle", "from zipfile import ZipFile", "eval(text)", "torch.load(path)", "torch.jit.load(p)",
     "torch.load(p, weights_only=False)", "np.load(path, allow_pickle=True)", "yaml.load(text, Loader)",
     "subprocess.run(line, shell=True)", "os.system(line)",
     "AutoTokenizer.from_pretrained(path)", "Model.from_pretrained(path, trust_remote_code=True)"],
)  # fmt: skip
def test_the_search_would_find_it(line: str) -> None:
    assert list(faults(ast.parse(line))), line


@pytest.mark.parametrize(
    "line",
    ["from pickle import UnpicklingError", "model.eval()", "torch.load(p, weights_only=True)", "yaml.safe_load(text)",
     "AutoTokenizer.from_pretrained(path, trust_remote_code=False)", "re.compile('x')",
     "subprocess.run([program, '-L'])"],
)  # fmt: skip
def test_the_search_finds_nothing_else(line: str) -> None:
    assert list(faults(ast.parse(line))) == [], line


def commands(text: str) -> list[str]:
    """The shell commands of a file of rules: the strings that follow each `shell:`."""
    return [
        "".join(re.findall(r'^ +"(.*)"$', block, re.MULTILINE))
        for block in re.findall(r"^    +shell:\n((?: +\".*\"\n)+)", text, re.MULTILINE)
    ]


def test_every_value_in_a_command_is_quoted() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "rules").glob("*.smk")}
    assert sum(len(commands(text)) for text in texts.values()) == sum(
        len(re.findall(r"^ +shell:$", text, re.MULTILINE)) for text in texts.values()
    )
    found = [(name, QUOTED.findall(command)) for name, text in texts.items() for command in commands(text)]
    assert [one for one in found if one[1]] == []
    assert QUOTED.findall("a {wildcards.relation} {threads} {log:q}") == ["{wildcards.relation}"]


def test_no_template_or_script_writes_what_is_not_escaped() -> None:
    files = [path for kind in ("j2", "js") for path in PACKAGE.rglob(f"*.{kind}")]
    assert len(files) > 20
    found = {path.name: UNESCAPED.findall(path.read_text(encoding="utf-8")) for path in files}
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_pages_are_escaped_and_only_model_cards_are_not() -> None:
    made = [
        (path.name, keyword(node, "autoescape"))
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Environment", "jinja2.Environment", "Template")
    ]
    assert sorted(made, key=str) == [("export.py", None), ("templates.py", True)]
