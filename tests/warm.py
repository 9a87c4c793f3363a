"""Jobs of a workflow in forks of one process that has the large libraries loaded.

Most of what a tiny job takes is loading torch and diffusers. `warm_python` makes an environment that is the tests' own
but for its command `dreamrelation`, which hands a job over: arguments, environment, folder and open files go to a
server, which forks, and the fork imports the package that the job's PYTHONPATH names and runs it. What a job loaded of
other packages the server loads as well, before the next one. tests/end_to_end/test_own_clips.py uses the real command.
"""

import atexit
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FIRST = ("torch", "diffusers", "peft", "transformers")
"""What is loaded before the first job."""
FILES = (0, 1, 2, 3)
"""What a job has open: Snakemake's rules give it the terminal as the fourth."""
START_S = 120

CLIENT = """\
#!{python} -IS
import json, os, socket, sys

opened = []
for number in {files!r}:
    try:
        os.fstat(number)
    except OSError:
        continue
    opened.append(number)
connection = socket.socket(socket.AF_UNIX)  # after the look at what is open: it is none of the job's
connection.connect({socket!r})
told = json.dumps([sys.argv, os.getcwd(), dict(os.environ), opened]).encode()
socket.send_fds(connection, [len(told).to_bytes(8, "big")], opened)
connection.sendall(told)
status = connection.recv(1)
sys.exit(status[0] if status else 1)
"""


@contextmanager
def warm_python(folder: Path) -> Iterator[Path]:
    """The Python of such an environment, made in a new folder, while its server runs."""
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").symlink_to(Path(sys.prefix) / "lib")
    (folder / "pyvenv.cfg").write_bytes((Path(sys.prefix) / "pyvenv.cfg").read_bytes())
    python = folder / "bin" / "python"
    python.symlink_to(Path(sys.executable).resolve())
    address = folder / "socket"
    command = folder / "bin" / "dreamrelation"
    client = CLIENT.format(python=python.resolve(), socket=str(address), files=FILES)
    command.write_text(client, encoding="utf-8")
    command.chmod(0o755)
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen([sys.executable, __file__, str(folder)], stdout=log, stderr=log)
    try:
        started = time.monotonic()
        while not address.exists():
            if server.poll() is not None or time.monotonic() - started > START_S:
                raise RuntimeError((folder / "server.log").read_text(encoding="utf-8"))
            time.sleep(0.05)
        yield python
    finally:
        server.terminate()
        server.wait()


def serve(folder: Path) -> None:
    """Fork for each job, for ever."""
    loaded = folder / "loaded"
    loaded.mkdir()
    for name in FIRST:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that watch jobs
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "starting"))
    listener.listen(64)
    (folder / "starting").rename(folder / "socket")
    while True:
        connection, _ = listener.accept()
        _load(loaded)
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os._exit(_watch(connection, loaded))
        connection.close()


def _load(loaded: Path) -> None:
    """Load what earlier jobs loaded."""
    for names in loaded.glob("*.json"):
        for name in json.loads(names.read_text(encoding="utf-8")):
            if name not in sys.modules:
                with suppress(Exception):  # a name that a library made up for itself
                    importlib.import_module(name)
        names.unlink()


def _watch(connection: socket.socket, loaded: Path) -> int:
    """Run a job in a fork, tell its status, and end it where the command that stands for it is ended."""
    head, files, _, _ = socket.recv_fds(connection, 8, len(FILES))
    told = b""
    while len(told) < int.from_bytes(head, "big"):
        more = connection.recv(1 << 16)
        if not more:
            return 1  # ended before it had said what it wants
        told += more
    job = os.fork()
    if job == 0:
        connection.close()
        _run(json.loads(told), files, loaded)
    ended = os.pidfd_open(job)
    readable, _, _ = select.select([connection, ended], [], [])
    if ended not in readable:
        os.kill(job, signal.SIGTERM)
    status = os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])
    with suppress(OSError):
        connection.sendall(bytes([status % 256]))
    return 0


def _run(told: list[object], files: list[int], loaded: Path) -> None:
    """Be the job. Never returns."""
    argv, folder, environment, numbers = told
    assert isinstance(argv, list) and isinstance(environment, dict) and isinstance(numbers, list)
    high = [os.dup(file) for file in files]  # above all that is given
    for file, number in zip(high, numbers, strict=True):
        os.dup2(file, number)
    os.closerange(max(FILES) + 1, max(high) + 1)
    os.chdir(str(folder))
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = argv
    sys.path[:0] = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    status = 1
    before = set(sys.modules)
    try:
        main = importlib.import_module("dreamrelation.cli").main
        status = main() or 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        names = [name for name in sys.modules if name not in before and _is_installed(name)]
        beside = loaded / f"{os.getpid()}.part"
        beside.write_text(json.dumps(names), encoding="utf-8")
        beside.rename(beside.with_suffix(".json"))
        threading._shutdown()  # type: ignore[attr-defined]  # as Python does at its end
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _is_installed(name: str) -> bool:
    """Whether a module is one of an installed package, or of Python: those of a job's own folders are not to stay."""
    found = getattr(sys.modules[name], "__file__", None)
    return found is None or found.startswith((sys.prefix, sys.base_prefix))


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
