"""Every command and every configuration that README.md and docs/ show is one that works.

Commands are looked for in fenced blocks of a shell and in indented blocks; what a program says stands in blocks of
```text and is not looked at. Snakemake's commands are planned in a copy of the workflow, with stand-ins for NTU RGB+D
and for the checkpoints; the others are checked against the parser, the Makefile or the module that they name. Blocks of
```yaml are laid over config.yaml, and over the file of configs/ that their first line names.
"""

import ast
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import groupby, takewhile
from pathlib import Path

import pytest
from snakemake.cli import get_argument_parser
from tests.workflow.checkout import REPOSITORY, Checkout, copy_workflow
from tests.workflow.planned import plan

from dreamrelation.config import load
from dreamrelation.settings.own_relations import read_own_relation
from dreamrelation.settings.prompts import read_prompts
from dreamrelation.settings.stage_registry import STAGES
from dreamrelation.settings.stages import Chosen
from dreamrelation.stages.command_list import COMMANDS
from dreamrelation.stages.commands import build_parser

PAGES = ["README.md", *sorted(path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "docs").glob("*.md"))]
WITHOUT_COMMANDS = {"docs/settings.md", "docs/files.md"}
"""Pages that tell nobody to run anything."""
SHELLS = {"", "sh", "bash", "shell"}
"""What a fence says whose lines may be commands."""
PROGRAMS = ("snakemake", "dreamrelation", "make", "python")
ENVIRONMENT = ".venv/bin/"
NTU = "configs/ntu_mochi.yaml"
WAN = "configs/ntu_wan.yaml"
LABS = REPOSITORY / "tests/end_to_end"
"""Holds the package `my_lab`, whose parts configurations may name."""


@dataclass(frozen=True)
class Command:
    """One command of a page."""

    page: str
    line: int
    words: tuple[str, ...]
    """The program, without its folder, and what it is given; redirections are left out."""
    installed: bool = False
    """Called by its path in the environment."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {shlex.join(self.words)}"

    @property
    def program(self) -> str:
        return self.words[0]

    @property
    def targets(self) -> tuple[str, ...]:
        """Snakemake's, which the pages write before all options: `--configfile` takes further words for files."""
        return tuple(takewhile(lambda word: not word.startswith("-"), self.words[1:]))

    @property
    def options(self) -> tuple[str, ...]:
        """Snakemake's, but for those that ask for a dry run: each command is planned in one."""
        return tuple(word for word in self.words[1 + len(self.targets) :] if word not in ("--dry-run", "-n"))


def commands_of(page: str, text: str) -> Iterator[Command]:
    """All commands of a page, in order; a line that ends in a backslash goes on in the next one."""
    begun, first = "", 0
    for number, line in code_lines(text):
        first = first if begun else number
        begun += line.strip()
        if begun.endswith("\\"):
            begun = begun.removesuffix("\\")
            continue
        for words in simple_commands(begun):
            path = words[0]
            program = path.removeprefix(ENVIRONMENT)
            if program in PROGRAMS or path.startswith(ENVIRONMENT):
                yield Command(page, first, (program, *words[1:]), installed=path.startswith(ENVIRONMENT))
        begun = ""


def code_lines(text: str) -> Iterator[tuple[int, str]]:
    """Number and content of the lines that may be commands."""
    indented, before = False, ""
    for number, fence, line in lines_of(text):
        indented = fence is None and line.startswith("    ") and (indented or not before.strip())
        if indented or fence in SHELLS:
            yield number, line
        before = line


def lines_of(text: str) -> Iterator[tuple[int, str | None, str]]:
    """Number, what the fence says that the line is in (None: it is in none) and content of each line but the fences."""
    fence: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fence = line.strip().removeprefix("```") if fence is None else None
        else:
            yield number, fence, line


def configurations_of(page: str) -> Iterator[tuple[str, str]]:
    """Place and content of each block of YAML."""
    inside = [(number, line) for number, fence, line in lines_of(read(page)) if fence == "yaml"]
    for _, block in groupby(enumerate(inside), lambda at_line: at_line[1][0] - at_line[0]):
        lines = [line for _, line in block]
        yield f"{page}:{lines[0][0]}", "\n".join(line for _, line in lines)


def read(page: str) -> str:
    return (REPOSITORY / page).read_text(encoding="utf-8")


def simple_commands(line: str) -> Iterator[list[str]]:
    """The words of each command of a line, without comments, redirections and settings of the environment."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:  # a quotation mark without its other one: a line that is no command
        return
    for ends, part in groupby(words, lambda word: word in {"&&", "||", "|", ";"}):
        found = list(part)
        kept = [word for at, word in enumerate(found) if not {word, *found[max(at - 1, 0) : at]} & {">", ">>", "<"}]
        while kept and re.match(r"[A-Za-z_]\w*=", kept[0]):
            kept.pop(0)
        if kept and not ends:
            yield kept


DOCUMENTED = [command for page in PAGES for command in commands_of(page, read(page))]
CONFIGURATIONS = dict(found for page in PAGES for found in configurations_of(page))


def documented(program: str) -> pytest.MarkDecorator:
    """The test is about every command of a program."""
    found = [command for command in DOCUMENTED if command.program == program]
    return pytest.mark.parametrize("command", found, ids=str)


@pytest.mark.parametrize("page", [page for page in PAGES if page not in WITHOUT_COMMANDS])
def test_every_page_shows_commands(page: str) -> None:
    assert any(command.page == page for command in DOCUMENTED), f"{page}: found no command, expected some"


def test_every_stage_is_shown_with_its_command() -> None:
    shown = {command.words[1] for command in DOCUMENTED if command.program == "dreamrelation"}
    assert shown >= {*COMMANDS, "puppet-models"}


def test_both_worlds_are_planned() -> None:
    """So that no program's commands, and no configuration, is left out unnoticed."""
    planned = [command for command in DOCUMENTED if command.program == "snakemake"]
    assert {file for command in planned for file in (NTU, WAN) if file in command.options} == {NTU, WAN}
    assert any(not {NTU, WAN} & set(command.options) for command in planned)
    assert {command.program for command in DOCUMENTED} >= set(PROGRAMS)


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A fresh checkout in which the data and the checkpoints of NTU RGB+D and Mochi 1 seem to be."""
    checkout = copy_workflow(tmp_path_factory.mktemp("stocked"))
    settings = load([checkout.folder / "config.yaml", checkout.folder / NTU])
    data = settings.data
    checkout.place(*data.files(), *settings.masks.segmenter.files())
    return checkout


@pytest.fixture(scope="module")
def complaints(stocked: Checkout) -> dict[Command, str]:
    """Command → what Snakemake says against it. Commands that differ in their targets only are planned at once."""
    planned = [command for command in DOCUMENTED if command.program == "snakemake" and is_planned(command)]
    planned.sort(key=lambda command: (command.options, not command.targets))
    found: dict[Command, str] = {}
    for (options, _), group in groupby(planned, lambda command: (command.options, not command.targets)):
        commands = list(group)
        targets = dict.fromkeys(target for command in commands for target in command.targets)
        if plan(stocked, *targets, *options).status == 0:
            continue
        for targets in {command.targets for command in commands}:
            answer = plan(stocked, *targets, *options)
            if answer.status != 0:
                found |= {command: answer.text[-3000:] for command in commands if command.targets == targets}
    return found


def is_planned(command: Command) -> bool:
    """Not so a report, which needs results that are finished, nor what needs plug-ins that are not in the environment.

    Of these only the arguments are looked at.
    """
    parsed = get_argument_parser().parse_args(command.words[1:])
    needs_more = parsed.default_storage_provider is not None or parsed.workflow_profile == "profiles/kubernetes"
    return parsed.report is None and not needs_more


@documented("snakemake")
def test_snakemake_understands_and_plans(command: Command, complaints: dict[Command, str]) -> None:
    parsed = get_argument_parser().parse_args(command.words[1:])
    assert sorted(parsed.targets) == sorted(command.targets), f"{command}: targets come before all options"
    for path in parsed.configfile:
        assert (REPOSITORY / path).is_file(), f"{command}: no file {path}; --configfile takes further words for files"
    assert command not in complaints, f"{command}\n{complaints.get(command)}"


def test_a_plan_for_nothing_fails(stocked: Checkout) -> None:
    """Dry runs would otherwise show nothing."""
    assert plan(stocked, "results/puppets/kicking/masks.txt").status == 1


@documented("dreamrelation")
def test_the_command_line_takes_it(command: Command) -> None:
    try:
        options = build_parser().parse_args(command.words[1:])
    except SystemExit as end:
        assert end.code == 0, f"{command}: the command line does not take it"  # 0: it asked for help
        return
    if getattr(options, "config", None):
        experiment = load([REPOSITORY / path for path in options.config])
        method, metric, relation = (getattr(options, name, None) for name in ("method", "metric", "relation"))
        if options.stage in STAGES:  # the others take an experiment as a whole
            STAGES[options.stage].of(experiment, Chosen(method, metric, relation))
        if relation is not None:
            experiment.check_relation(relation)


@documented("make")
def test_the_makefile_has_it(command: Command) -> None:
    rules = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.M)
    asked = [word for word in command.words[1:] if "=" not in word]
    assert set(asked) <= set(rules), f"{command}: the Makefile knows {', '.join(rules)}"


@documented("python")
def test_the_module_or_script_is_there(command: Command) -> None:
    if command.words[1] != "-m":
        assert (REPOSITORY / command.words[1]).is_file(), f"{command}: no such script"
        return
    spec = find_spec(command.words[2])
    assert spec is not None and spec.origin is not None, f"{command}: no such module"
    if command.words[2].startswith("dreamrelation"):
        guards = [
            node.test
            for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body
            if isinstance(node, ast.If)
        ]
        assert any("__main__" in ast.unparse(guard) for guard in guards), f"{command}: the module does nothing"


DESCRIPTIONS = [place for place, content in CONFIGURATIONS.items() if "/relation.yaml" in content.partition("\n")[0]]
"""Blocks whose first line says that they are the description of a relation."""


@pytest.mark.parametrize("place", DESCRIPTIONS)
def test_the_description_of_a_relation_can_be_read(place: str, tmp_path: Path) -> None:
    (tmp_path / "relation.yaml").write_text(CONFIGURATIONS[place], encoding="utf-8")
    read_own_relation(tmp_path / "relation.yaml")


PROMPTS = [place for place, content in CONFIGURATIONS.items() if "prompts.yaml" in content.partition("\n")[0]]
"""Files of prompts."""


@pytest.mark.parametrize("place", PROMPTS)
def test_the_file_of_prompts_can_be_read(place: str, tmp_path: Path) -> None:
    (tmp_path / "prompts.yaml").write_text(CONFIGURATIONS[place], encoding="utf-8")
    assert read_prompts(str(tmp_path / "prompts.yaml"))


@pytest.mark.parametrize("place", [place for place in CONFIGURATIONS if place not in (*DESCRIPTIONS, *PROMPTS)])
def test_the_configuration_can_be_laid_over_the_default_one(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(LABS))
    monkeypatch.chdir(REPOSITORY)
    content = CONFIGURATIONS[place]
    for description in DESCRIPTIONS:
        if description.partition(":")[0] == place.partition(":")[0]:
            path = CONFIGURATIONS[description].partition("\n")[0].removeprefix("# ")
            (tmp_path / path).parent.mkdir(parents=True)
            (tmp_path / path).write_text(CONFIGURATIONS[description], encoding="utf-8")
            top = path.partition("/")[0]
            content = content.replace(f"folder: {top}", f"folder: {tmp_path / top}")
    file = tmp_path / "over.yaml"
    file.write_text(content, encoding="utf-8")
    below = re.findall(r"configs/\w+\.yaml", content.partition("\n")[0])
    load(["config.yaml", *below, file])


@pytest.mark.parametrize("command", [c for c in DOCUMENTED if c.installed and c.program not in PROGRAMS], ids=str)
def test_the_environment_has_it_and_its_files_are_there(command: Command) -> None:
    assert Path(sys.executable).with_name(command.program).exists(), f"{command}: no such program in the environment"
    for word in command.words[1:]:
        assert "/" not in word or (REPOSITORY / word).exists(), f"{command}: no file {word}"


def test_the_reader_finds_commands_and_nothing_else() -> None:
    page = """\
Text that says `make nothing`.

    snakemake results/a.parquet \\
        --configfile b.yaml     # a comment
    SIZE=2 python -m pkg.mod > out.md

1. A list
    make no command, as nothing is blank above

```sh
. .venv/bin/activate
make demo && .venv/bin/pytest tests/losses
```

```text
dreamrelation clips: too few good clips
```
"""
    found = [(command.line, command.words) for command in commands_of("page", page)]
    assert found == [
        (3, ("snakemake", "results/a.parquet", "--configfile", "b.yaml")),
        (5, ("python", "-m", "pkg.mod")),
        (12, ("make", "demo")),
        (12, ("pytest", "tests/losses")),
    ]
