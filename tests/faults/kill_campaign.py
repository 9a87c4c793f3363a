"""Kill a run again and again, go on as a user would, and see whether it ends with the bytes of an undisturbed one.

    .venv/bin/python -m tests.faults.kill_campaign --kills 20 --seed 1             # a tiny run
    .venv/bin/python -m tests.faults.kill_campaign --config config.yaml            # the whole demo

With `--workdir` the campaign keeps its state there, and goes on from it when it is started again.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from tests.faults.compared import differences, digests, leftovers
from tests.faults.kills import Hit, Kill, draw_kill
from tests.faults.processes import at_work_in, jobs_of, wait_for_all
from tests.faults.small_run import Run, finished_run, opened_run, prepare_run
from tests.faults.watching import Watch, output_of

SECONDS_BETWEEN_LOOKS = 0.003
ORPHANS_END_S = 3600
LOCKED = "Directory cannot be locked"
HELD = "is using this resume folder"
STARTS_WITHOUT_A_KILL = 5
"""A run that fails so often in a row without having been killed has a fault."""


@dataclass
class Campaign:
    """A disturbed run, the undisturbed one that it is compared with, and what has happened so far."""

    reference: Run
    disturbed: Run
    workdir: Path
    seed: int
    kills: int
    hits: list[dict[str, Any]] = field(default_factory=list)
    rounds: list[list[str]] = field(default_factory=list)
    """Of each time that the disturbed run came to its end: what was wrong then."""
    failures: list[str] = field(default_factory=list)
    """What starts ended with that failed without a kill, such as of a job that met the orphan of an earlier start."""
    starts: int = 0

    def run(self) -> bool:
        """Kill until all kills are spent, each time that the run ends from the beginning again; True: all is well."""
        self._restore()
        expected = digests(self.reference.results)
        while len(self.hits) < self.kills or self._begun():
            self._round()
            # What an orphan writes after all is made again must not differ either.
            wrong = [f"still at work: {stage}" for stage in wait_for_all(self.disturbed.folder, ORPHANS_END_S)]
            wrong += differences(expected, digests(self.disturbed.results))
            wrong += [f"left: {name}" for name in leftovers(self.disturbed.folder)]
            self.rounds.append(wrong)
            tell(f"round {len(self.rounds)} ended after {len(self.hits)} kills: {'; '.join(wrong) or 'all is equal'}")
            if wrong:
                self._save()
                break  # what is there is what somebody will want to look at
            for name in ("results", "data/puppets/ntu", ".snakemake"):
                shutil.rmtree(self.disturbed.folder / name, ignore_errors=True)
            self._save()
        return not any(self.rounds)

    def _begun(self) -> bool:
        return (self.disturbed.folder / "results").exists()

    def _round(self) -> None:
        """From wherever the disturbed run is to its end, with kills on the way while there are any left."""
        failures = 0
        while True:
            kill = draw_kill(self.seed, len(self.hits)) if len(self.hits) < self.kills else None
            refused: list[str] = []
            run = self._start(refused)
            hit = self._disturb(run, kill, refused) if kill is not None else None
            status = self._ended(run, hit)
            if hit is not None and hit.killed:
                failures = 0
                self.hits.append(hit.as_json())
                tell(hit.line)
                self._save()
                continue
            if status == 0:
                return
            text = self._told()
            self.failures.append(f"start {self.starts}, not killed: {reason(text)}")
            tell(self.failures[-1])
            failures += 1
            orphans = at_work_in(self.disturbed.folder)
            if (not orphans and HELD not in text and failures >= 2) or failures >= STARTS_WITHOUT_A_KILL:
                raise SystemExit(f"the run fails by itself; see {self._log()} and the end of it:\n{text[-3000:]}")
            still = wait_for_all(self.disturbed.folder, ORPHANS_END_S)
            if still:
                raise SystemExit(f"left running for an hour: {still}")

    def _start(self, refused: list[str]) -> subprocess.Popen[bytes]:
        """Start Snakemake; where it refuses, as a killed one left its lock, do what it says and start it again."""
        while True:
            self.starts += 1
            run = self.disturbed.checkout.start(self._log(), *self.disturbed.flags)
            # It is refused before anything runs, and nothing is to be killed before something does.
            while run.poll() is None and not jobs_of(run.pid):
                time.sleep(0.05)
            if run.poll() in (None, 0) or LOCKED not in self._told():
                return run
            refused.append(LOCKED)
            unlocked = self.disturbed.checkout.snakemake("--unlock", *self.disturbed.flags)
            if unlocked.status != 0:
                raise SystemExit(f"--unlock failed:\n{unlocked.text}")

    def _disturb(self, run: subprocess.Popen[bytes], kill: Kill, refused: list[str]) -> Hit:
        """Wait for the moment, or for the first write after it, and kill."""
        started = time.monotonic()
        folder = self.disturbed.folder
        watch = Watch([folder / "results", folder / "data"])
        moment = kill.share * self._left_s() / (self.kills - kill.number + 1)
        writing: list[str] = []
        while run.poll() is None:
            new = watch.look()
            if time.monotonic() - started >= moment and (kill.aim == "moment" or new):
                writing = new
                time.sleep(kill.after_s if new else 0)
                break
            time.sleep(SECONDS_BETWEEN_LOOKS)
        jobs = jobs_of(run.pid)
        there = writing or [path for path in watch.seen if Path(path).exists()]
        killed = self._kill(run, kill.whom, jobs, writing)
        at_s = round(time.monotonic() - started, 2)
        return Hit(kill, at_s, tuple(jobs), tuple(sorted({output_of(path) for path in there})), killed, tuple(refused))

    def _kill(
        self, run: subprocess.Popen[bytes], whom: str, jobs: dict[str, psutil.Process], writing: list[str]
    ) -> tuple[str, ...]:
        """Names of those who were killed."""
        if run.poll() is not None:
            return ()
        if whom == "snakemake":
            os.kill(run.pid, signal.SIGKILL)
            return ("Snakemake alone",)
        if whom == "group":
            os.killpg(run.pid, signal.SIGKILL)
            return ("Snakemake and its jobs",)
        pids = {int(Path(path).name.split("-", 3)[2]) for path in writing}
        for stage, process in sorted(jobs.items(), key=lambda job: job[1].pid not in pids):
            try:
                process.kill()
                return (f"{stage}, alone",)
            except psutil.Error:
                continue
        os.killpg(run.pid, signal.SIGKILL)  # between two jobs
        return ("Snakemake, between two jobs",)

    def _ended(self, run: subprocess.Popen[bytes], hit: Hit | None) -> int:
        """Wait for Snakemake; what it leaves running after a kill of it alone goes on."""
        status = run.wait()
        if hit is not None and hit.kill.whom == "group" and hit.killed:
            wait_for_all(self.disturbed.folder, 10)
        return status

    def _left_s(self) -> float:
        """How long an undisturbed run would still take, by the benchmarks of jobs that have not ended."""
        benchmarks = (self.reference.results / "benchmarks").rglob("*.tsv")
        names = {path.relative_to(self.reference.results): benchmark_s(path) for path in benchmarks}
        missing = [seconds for name, seconds in names.items() if not (self.disturbed.results / name).exists()]
        return sum(missing) / (os.cpu_count() or 1) + 1

    def _log(self) -> Path:
        return self.workdir / f"start_{self.starts}.log"

    def _told(self) -> str:
        return self._log().read_text(encoding="utf-8", errors="replace")

    def _save(self) -> None:
        state = {"seed": self.seed, "kills": self.hits, "rounds": self.rounds} | {
            "failures": self.failures,
            "starts": self.starts,
        }
        beside = self.workdir / "state.json.new"
        beside.write_text(json.dumps(state, indent=1), encoding="utf-8")
        beside.replace(self.workdir / "state.json")

    def _restore(self) -> None:
        path = self.workdir / "state.json"
        if path.exists():
            state = json.loads(path.read_text(encoding="utf-8"))
            if state["seed"] != self.seed:
                raise SystemExit(f"{path}: of the seed {state['seed']}, not {self.seed}")
            self.hits, self.rounds, self.starts = state["kills"], state["rounds"], state["starts"]
            self.failures = state["failures"]
            tell(f"going on after {len(self.hits)} kills")


def benchmark_s(path: Path) -> float:
    """How long a job took, by Snakemake's benchmark file."""
    header, values = path.read_text(encoding="utf-8").splitlines()[:2]
    return float(dict(zip(header.split("\t"), values.split("\t"), strict=True))["s"])


def reason(text: str) -> str:
    """The line in which a stage or Snakemake says why a run failed."""
    lines = [line.strip() for line in text.splitlines()]
    said = [line for line in lines if line.startswith("dreamrelation ")]
    return said[-1] if said else " ".join(lines[-3:])


def tell(line: str) -> None:
    print(line, flush=True)


def write_summary(path: Path, campaign: Campaign, well: bool) -> None:
    """What happened, as JSON or as Markdown, by the name of the file."""
    if path.suffix == ".json":
        content = {"seed": campaign.seed, "equal": well, "kills": campaign.hits, "rounds": campaign.rounds}
        content |= {"failures": campaign.failures, "starts": campaign.starts}
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        return
    rows = ["| kill | aimed at | after | killed | at work | being written |", "|---|---|---|---|---|---|"]
    for hit in campaign.hits:
        kill, cells = hit["kill"], [", ".join(hit[name]) or "–" for name in ("killed", "working", "writing")]
        rows.append(f"| {kill['number'] + 1} | a {kill['aim']} | {hit['at_s']:.1f} s | {' | '.join(cells)} |")
    verdict = "All ends were equal to the undisturbed one." if well else f"Not equal: {campaign.rounds}"
    told = [f"- {failure}" for failure in campaign.failures]
    path.write_text("\n".join([*rows, "", *told, "", verdict, ""]), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", nargs="+", type=Path, default=[], help="laid over config.yaml; default: tiny ones")
    parser.add_argument("--kills", type=int, default=20, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="of the kills; default: %(default)s")
    parser.add_argument("--reference", type=Path, help="checkout with an undisturbed run; default: one is made")
    parser.add_argument("--workdir", type=Path, help="where all of it happens and stays; default: a temporary folder")
    parser.add_argument("--summary", type=Path, help="file for the outcome, .json or .md")
    options = parser.parse_args()
    workdir: Path = options.workdir or Path(tempfile.mkdtemp(prefix="kill_campaign_"))
    workdir = workdir.resolve()
    workdir.mkdir(parents=True, exist_ok=True)
    reference = finished_run(options.reference, workdir, options.config)
    folder = workdir / "disturbed"
    disturbed = opened_run(folder, options.config) if folder.exists() else prepare_run(folder, options.config)
    campaign = Campaign(reference, disturbed, workdir, options.seed, options.kills)
    well = campaign.run()
    if options.summary is not None:
        write_summary(options.summary, campaign, well)
    tell(f"{len(campaign.hits)} kills, {len(campaign.rounds)} ends: {'all equal' if well else 'NOT equal'} ({workdir})")
    if well and options.workdir is None:
        shutil.rmtree(workdir)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
