"""Run the benchmarks that a CPU can run in some minutes, and put them beside those of earlier commits.

    python -m benchmarks.history                       # all, some five minutes on two cores
    python -m benchmarks.history --only train_step     # some

Each is a process of its own that prints what it measured as JSON (`--measurements`). The rows go to the end of
benchmarks/history.csv, and benchmarks/results/history.md is written anew. A time depends on the machine and on what
else runs there, so what counts is the ratio: of two things measured in the same run, in turns where they are short.
Left out are the benchmarks of quality (puppet_base_model, merged_relations), which change with a model and not with a
commit; study_load, which has nothing to be compared with; and ntu_size, which with fewer clips than the whole data set
mostly decodes those that it chooses, and so answers another question (five minutes by itself).
"""

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parent
HISTORY = HERE / "history.csv"
PAGE = HERE / "results" / "history.md"
EXPERIMENT = Path("results/puppets")
NOISE = 0.2
"""Ratios of one commit differ by this much between runs on a machine that does other things besides."""


@dataclass(frozen=True)
class Benchmark:
    """One program and what it is called with."""

    name: str
    arguments: tuple[str, ...] = ()
    needs: tuple[Path, ...] = ()
    """What must be there, of an earlier `make demo`."""
    of_the_demo: bool = False
    """What it tells was measured in the demo, and is taken once."""


SELECTION = EXPERIMENT / "clips/selection.parquet"
BENCHMARKS = (
    Benchmark("train_step", ("tiny",)),
    Benchmark("train_step", ("depth", "--steps", "10")),
    Benchmark("subspaces", ("--size", "2048", "--runs", "3")),
    Benchmark("masks_speed", ("--config", "config.yaml", "--selection", str(SELECTION), "--clips", "13"), (SELECTION,)),
    Benchmark("stages", (str(EXPERIMENT),), (EXPERIMENT / "benchmarks",), of_the_demo=True),
)


@dataclass(frozen=True)
class Row:
    """One quantity of one run."""

    date: str
    commit: str
    """With a `+` where files differed from it; empty for the demo, which may be of any."""
    machine: str
    """Of what kind, so that like is compared with like."""
    load: str
    """Processes that wanted a core when the benchmark began, over the last minute."""
    benchmark: str
    quantity: str
    value: str
    unit: str
    reference: str
    """What the ratio is of."""
    ratio: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is the same measurement as, in another run."""
        return self.machine, self.benchmark, self.quantity


def machine_kind() -> str:
    """Cores and processor."""
    cores = len(os.sched_getaffinity(0))
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{cores} cores, {names[0] if names else platform.machine()}"


def commit_of(repository: Path) -> str:
    """The commit that is checked out, in short."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=repository, capture_output=True, text=True, check=True
        ).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "src", "benchmarks/*.py", "requirements.txt")
    return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")


def measure(benchmark: Benchmark, folder: Path = HERE) -> list[dict[str, object]]:
    """What the program prints. Raises CalledProcessError where it fails."""
    called = [sys.executable, str(folder / f"{benchmark.name}.py"), *benchmark.arguments, "--measurements"]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}  # two that wait for each other on a busy machine tell nothing
    return json.loads(subprocess.run(called, check=True, stdout=subprocess.PIPE, text=True, env=one_thread).stdout)


def rows_of(benchmark: Benchmark, measured: list[dict[str, object]], date: str, commit: str, load: float) -> list[Row]:
    """As they go into the history."""
    kind = machine_kind()
    return [
        Row(
            date,
            "" if benchmark.of_the_demo else commit,
            kind,
            "" if benchmark.of_the_demo else f"{load:.1f}",
            benchmark.name,
            str(one["quantity"]),
            f"{one['value']:.4g}",
            str(one["unit"]),
            str(one.get("reference", "")),
            f"{one['ratio']:.3g}" if "ratio" in one else "",
        )
        for one in measured
    ]


def read(path: Path) -> list[Row]:
    """All rows, the oldest first."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [Row(**row) for row in csv.DictReader(file)]


def append(path: Path, rows: list[Row]) -> None:
    """Put rows to the end of the history."""
    begun = path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Row)], lineterminator="\n")
        if not begun:
            writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def page(rows: list[Row]) -> str:
    """The newest of each measurement beside the one before it on the same kind of machine."""
    before: dict[tuple[str, str, str], Row | None] = {}
    newest: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        before[row.key] = newest.get(row.key)
        newest[row.key] = row
    lines = [
        "# History of the benchmarks",
        "",
        "Made by `make bench` from `benchmarks/history.csv`, which has every run: the newest of each measurement, and",
        "the one before it on the same kind of machine. *Ratio*: of two things of the same run; values say little by",
        "themselves. *Changed*: this ratio divided by the one before, with ! where it is off by more than",
        f"{NOISE:.0%}, as single runs on a busy machine may be. *Load*: processes that wanted a core when it began.",
    ]
    for machine in dict.fromkeys(row.machine for row in rows):
        lines += ["", f"## {machine}", ""]
        lines += ["| benchmark | quantity | value | ratio of | ratio | before | changed | commit, date, load |"]
        lines += ["|---|---|---|---|---|---|---|---|"]
        lines += [_line(row, before[key]) for key, row in newest.items() if row.machine == machine]
    return "\n".join(lines) + "\n"


def _line(row: Row, before: Row | None) -> str:
    same = before is not None and row.ratio and before.ratio and row.reference == before.reference
    changed = float(row.ratio) / float(before.ratio) if same and before is not None else None
    mark = " !" if changed is not None and abs(changed - 1) > NOISE else ""
    told = "" if changed is None else f"{changed:.2f}{mark}"
    earlier = "" if before is None else f"{before.ratio} ({before.commit or before.date})"
    when = ", ".join(text for text in (row.commit, row.date, row.load) if text)
    cells = [row.benchmark, row.quantity, f"{row.value} {row.unit}", row.reference, row.ratio, earlier, told, when]
    return f"| {' | '.join(cells)} |"


def demo_date(results: Path) -> str:
    """When the demo's last job ended."""
    newest = max(path.stat().st_mtime for path in (results / "benchmarks").rglob("*.tsv"))
    return datetime.fromtimestamp(newest, UTC).date().isoformat()


def left_out(benchmark: Benchmark, date: str, known: list[Row]) -> str:
    """Why a benchmark is not run; empty where it is."""
    missing = [str(path) for path in benchmark.needs if not path.exists()]
    if missing:
        return f"there is no {missing[0]}, which `make demo` makes"
    here = (benchmark.name, date, machine_kind())
    if benchmark.of_the_demo and any((row.benchmark, row.date, row.machine) == here for row in known):
        return f"the demo of {date} is in the history"
    return ""


def run(benchmarks: tuple[Benchmark, ...], history: Path, target: Path, folder: Path = HERE) -> int:
    """Measure, write both files, and return how many benchmarks failed."""
    known, failed = read(history), 0
    commit, today = commit_of(REPOSITORY), datetime.now(UTC).date().isoformat()
    for benchmark in benchmarks:
        taken = benchmark.of_the_demo and (EXPERIMENT / "benchmarks").exists()
        date = demo_date(EXPERIMENT) if taken else today
        why = left_out(benchmark, date, known)
        print(f"{benchmark.name} {' '.join(benchmark.arguments)}{': left out: ' if why else ''}{why}", file=sys.stderr)
        if why:
            continue
        load = os.getloadavg()[0]
        try:
            append(history, rows_of(benchmark, measure(benchmark, folder), date, commit, load))
        except (subprocess.CalledProcessError, ValueError) as error:
            print(f"{benchmark.name}: failed: {error}", file=sys.stderr)
            failed += 1
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page(read(history)), encoding="utf-8")
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = list(dict.fromkeys(benchmark.name for benchmark in BENCHMARKS))
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--history", type=Path, default=HISTORY)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    chosen = tuple(benchmark for benchmark in BENCHMARKS if benchmark.name in options.only)
    raise SystemExit(run(chosen, options.history, options.page))


if __name__ == "__main__":
    main()
