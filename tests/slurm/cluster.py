"""A Slurm of one host, for the tests: written into a folder, started, asked, and stopped.

Nothing is installed, and nothing outside the folder is written: `SLURM_CONF` says to every program where it is, and
munged has a key and a socket of its own. The node's processors, memory and graphics cards are pretended, so that the
shipped profile fits: a card is /dev/null, of which Slurm counts and hands out one.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "sinfo")
REAL = Path("/etc/slurm/slurm.conf")
"""Where the configuration of a machine that is part of a cluster lies."""
WAIT_S = 60

CONFIGURATION = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
MinJobAge=3600
KillWait=5
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,batch_sched_delay=0,defer_batch
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=512
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb} Gres=gpu:{gpus} State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={host} MaxTime=INFINITE State=UP
"""
MUNGE_FILES = ("socket", "key-file", "pid-file", "log-file", "seed-file")
CARDS = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random")
"""Stand-ins for the files of graphics cards."""


def why_not() -> str | None:
    """Why no Slurm can be started here; None where one can."""
    missing = [program for program in PROGRAMS if shutil.which(program, path=search_path()) is None]
    if missing:
        return f"Slurm is not installed (found no {missing[0]}): make test-slurm installs it on Debian, as root"
    if os.getuid() != 0:
        return "slurmd and munged of the tests run as root"
    if REAL.exists() or "SLURM_CONF" in os.environ:
        return f"this machine is part of a cluster ({os.environ.get('SLURM_CONF', REAL)}): its Slurm is left alone"
    return None


def search_path() -> str:
    """With the folders of daemons, which not every shell looks into."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


@dataclass
class Cluster:
    """A Slurm of one host whose files lie in `folder`."""

    folder: Path
    cpus: int = 16
    memory_mb: int = 400_000
    gpus: int = 1
    pid_files: list[Path] = field(default_factory=list)
    """Of the daemons that were started, in order."""

    @property
    def environment(self) -> dict[str, str]:
        """What makes Slurm's programs, and all that call them, use this cluster."""
        path = os.pathsep.join([str(self.folder / "bin"), search_path()])
        return {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": path}

    def start(self) -> None:
        """Start the three daemons and wait until the node takes jobs. Raises RuntimeError, with their logs."""
        self._write_configuration()
        munge = self.folder / "munge"
        files = (f"--{name}={munge / name.removesuffix('-file')}" for name in MUNGE_FILES)
        self._daemon(munge / "pid", "munged", "--force", *files)  # forced, as its files lie in a temporary folder
        self._wait((munge / "socket").exists, "munged")
        self._daemon(self.folder / "slurmctld.pid", "slurmctld", "-f", self.environment["SLURM_CONF"])
        self._daemon(self.folder / "slurmd.pid", "slurmd", "-f", self.environment["SLURM_CONF"])
        self._wait(lambda: self.ask("sinfo", "--noheader", "--format=%T").split() == ["idle"], "an idle node")

    def stop(self) -> None:
        """End all jobs, then the daemons that were started, by their pid files."""
        if self.pid_files:
            self.ask("scancel", "--user=root", "--full")
            deadline = time.monotonic() + WAIT_S
            while self.ask("squeue", "--noheader").strip() and time.monotonic() < deadline:
                time.sleep(0.5)
        for path in reversed(self.pid_files):
            end(path)
        self.pid_files.clear()

    def ask(self, *command: str) -> str:
        """What one of Slurm's programs says; what it says of an error is left out."""
        environment = os.environ | self.environment
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout

    def jobs(self) -> list[dict[str, str]]:
        """All jobs that were ever submitted, oldest first, with what `scontrol show job` tells of them."""
        found = []
        for line in self.ask("scontrol", "--oneliner", "show", "jobs").splitlines():
            found.append(dict(word.split("=", 1) for word in line.split(" ") if "=" in word))
        return sorted((job for job in found if "JobId" in job), key=lambda job: int(job["JobId"]))

    def _write_configuration(self) -> None:
        for name in ("munge", "state", "spool", "bin"):
            (self.folder / name).mkdir(parents=True)
        # The plug-in calls srun inside of a job without most of Slurm's variables, and this is one of those.
        program = shutil.which("srun")
        wrapper = f'#!/bin/sh\nSLURM_CONF={self.environment["SLURM_CONF"]} exec {program} "$@"\n'
        (self.folder / "bin/srun").write_text(wrapper, encoding="utf-8")
        (self.folder / "bin/srun").chmod(0o755)
        (self.folder / "munge/key").write_bytes(os.urandom(128))
        (self.folder / "munge/key").chmod(0o600)
        host = socket.gethostname().split(".")[0]
        ports = free_ports(2)
        text = CONFIGURATION.format(
            host=host,
            folder=self.folder,
            controller_port=ports[0],
            node_port=ports[1],
            cpus=self.cpus,
            memory_mb=self.memory_mb,
            gpus=self.gpus,
        )
        (self.folder / "slurm.conf").write_text(text, encoding="utf-8")
        cards = "".join(f"NodeName={host} Name=gpu File={card}\n" for card in CARDS[: self.gpus])
        (self.folder / "gres.conf").write_text(cards, encoding="utf-8")

    def _daemon(self, pid_file: Path, *command: str) -> None:
        self.pid_files.append(pid_file)
        environment = os.environ | self.environment
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} did not start: {done.stdout}{done.stderr}{self.logs()}")

    def _wait(self, until: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WAIT_S
        while not until():
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited {WAIT_S} s for {what}\n{self.logs()}")
            time.sleep(0.2)

    def logs(self) -> str:
        """The ends of the daemons' logs."""
        paths = [self.folder / name for name in ("munge/log", "slurmctld.log", "slurmd.log")]
        return "\n".join(f"== {path.name}\n{path.read_text()[-2000:]}" for path in paths if path.exists())


def end(pid_file: Path) -> None:
    """End the process of a pid file and wait until it is no more."""
    try:
        pid = int(pid_file.read_text())
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        pass


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody uses now."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
