"""The whole demo by the shipped profile on a Slurm of this machine, in one run.

    .venv/bin/python -m tests.slurm.whole_demo --workdir build/slurm_demo

As root, where Slurm is installed (tests/slurm/install.sh). Jobs on graphics cards go one by one, for the Slurm has one;
that takes longer than `make demo`. It ends with status 1 where the run fails or a second one has anything to do.
"""

import argparse
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from tests.slurm.checkout import prepare_checkout
from tests.slurm.cluster import why_not
from tests.slurm.conftest import running


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workdir", type=Path, required=True, help="a new folder")
    folder: Path = parser.parse_args().workdir.resolve()
    reason = why_not()
    if reason is not None:
        raise SystemExit(reason)
    (folder / "checkout").mkdir(parents=True)
    for cluster in running(folder / "slurm"):
        checkout = replace(prepare_checkout(folder / "checkout", cluster), config=())
        started = time.monotonic()
        answer, jobs = checkout.submitted()
        (folder / "snakemake.log").write_text(answer.text, encoding="utf-8")
        states = Counter(job["JobState"] for job in jobs)
        minutes = (time.monotonic() - started) / 60
        ended = dict(sorted(states.items()))
        print(f"status {answer.status} after {minutes:.1f} min; {len(jobs)} jobs of Slurm: {ended}; {folder}")
        if answer.status != 0 or set(states) != {"COMPLETED"} or not checkout.submit("--dry-run").nothing_to_do:
            print(answer.text[-3000:])
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
