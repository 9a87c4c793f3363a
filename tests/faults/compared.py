"""Whether two runs made the same, byte for byte but for what legitimately differs, and what a run left behind."""

import hashlib
import io
import json
import re
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def training_without_times(content: bytes) -> bytes:
    """The table but for its column `seconds`."""
    table = pq.read_table(io.BytesIO(content)).drop(["seconds"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()


def memo_without_times(content: bytes) -> bytes:
    """Questions and answers in order of their names, without the times of the last changes of the files."""
    rows = []
    for line in content.splitlines():
        found = json.loads(line)
        version, question, *states = json.loads(found["key"])
        rows.append([version, question, [state[:2] for state in states], found["answer"]])
    return json.dumps(sorted(rows)).encode()


def page_without_times(content: bytes) -> bytes:
    """A page of the report without what its section of provenance tells of how long things took."""
    before, start, rest = content.partition(b'<section class="card" id="provenance"')
    provenance, end, after = rest.partition(b"</section>")
    for times in TIMES:
        provenance = times.sub(b"", provenance)
    return before + start + provenance + end + after


TIMES = (
    re.compile(rb"<h3>What it cost</h3>.*?<h3>Versions</h3>", re.DOTALL),
    re.compile(rb"<dt>Size</dt><dd>[^<]*</dd>"),  # it changes with the length of the times
    re.compile(rb", [^<,]* in them(?=</td>)"),  # of the steps of a training
    re.compile(rb"(<td>[^<]*</td>){3}(?=</tr>)"),  # of training, generation and evaluation
)


def listing_of_the_equal(content: bytes) -> bytes:
    """A listing of digests without the lines of files that may differ themselves."""
    names = [(line, line.rpartition(b"  ")[2].decode(errors="replace")) for line in content.splitlines()]
    return b"\n".join(line for line, name in names if not any(fnmatch(name, f"*{own}") for own in DIFFERING))


LEFT_OUT = {
    "logs/*": "tell of hours and speeds",
    "benchmarks/*": "are times",
    "*.snakemake_timestamp": "is Snakemake's, and empty",
    "digests.json": "knows files by their place and time; one of two jobs that write it at once loses its entry",
}
"""Files of an experiment's results that are not compared, and why."""
DIFFERING: dict[str, Callable[[bytes], bytes]] = {
    "training.parquet": training_without_times,
    "clips/memo.jsonl": memo_without_times,
    "report/index.html": page_without_times,
    "report/relations/*.html": page_without_times,
}
"""Files of which a part is compared: what tells of seconds, or of when a file was changed, is another one each time."""


def compared_content(name: str, content: bytes) -> bytes:
    """What must be equal of a file; all of it where it is no file of its kind."""
    for own, equal_part in DIFFERING.items():
        if fnmatch(name, f"*{own}"):
            try:
                return equal_part(content)
            except (ValueError, TypeError, KeyError, OSError):
                return content
    return listing_of_the_equal(content) if name.endswith(".sha256") else content


def digests(results: Path) -> dict[str, str]:
    """File below a folder of results → digest of what must be equal."""
    found = {}
    for path in sorted(results.rglob("*")):
        name = str(path.relative_to(results))
        if path.is_file() and not any(fnmatch(name, pattern) for pattern in LEFT_OUT):
            found[name] = hashlib.sha256(compared_content(name, path.read_bytes())).hexdigest()
    return found


def differences(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    """What is missing, too much, or another one; empty where two runs made the same."""
    return [
        *(f"missing: {name}" for name in sorted(expected.keys() - found.keys())),
        *(f"too much: {name}" for name in sorted(found.keys() - expected.keys())),
        *(f"differs: {name}" for name in sorted(expected.keys() & found.keys()) if expected[name] != found[name]),
    ]


def leftovers(folder: Path) -> list[str]:
    """Unfinished outputs, folders to go on from, and what was set aside, below `results` and `data` of a checkout."""
    patterns = (".part-*", "resume", "unfinished_*", "lock", "*set-aside*")
    return sorted(
        str(path.relative_to(folder))
        for top in ("results", "data")
        for path in (folder / top).rglob("*")
        if any(fnmatch(path.name, pattern) for pattern in patterns)
    )
