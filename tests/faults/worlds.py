"""What a child process is put into: a small disk of its own, folders that cannot be written to, fewer rights.

Mounts are made in a namespace of the child, as root or in a user namespace; they are gone with it.
"""

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
CAPABILITIES_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
PAGE = 4096
LIBC = ctypes.CDLL(None, use_errno=True)


def why_not() -> str | None:
    """Why no mounts can be made here; None where they can."""
    if shutil.which("mount") is None or shutil.which("unshare") is None:
        return "found no mount or unshare (util-linux)"
    flags = ["--mount"] if os.getuid() == 0 else ["--user", "--map-root-user", "--mount"]
    done = subprocess.run(
        ["unshare", *flags, "mount", "-t", "tmpfs", "faults", "/mnt"], capture_output=True, text=True, check=False
    )
    return None if done.returncode == 0 else f"no mount is allowed here, not even in a namespace: {done.stderr.strip()}"


def own_mounts() -> None:
    """Give this process mounts of its own. Raises OSError where that is not allowed."""
    user, group = os.getuid(), os.getgid()
    _called(LIBC.unshare(CLONE_NEWNS | (CLONE_NEWUSER if user else 0)))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    _mount("--make-rprivate", "/")


def small_disk(folder: Path, size_bytes: int) -> None:
    """A disk of so many bytes, in the memory, over a folder."""
    _mount("-t", "tmpfs", "-o", f"size={size_bytes},mode=755", "faults", str(folder))


def fill(folder: Path, left_bytes: int) -> Path:
    """A file that fills the disk of a folder but for so many bytes."""
    filler = folder / "filler"
    with filler.open("wb") as file:
        status = os.statvfs(folder)
        os.posix_fallocate(file.fileno(), 0, max(status.f_bavail * status.f_frsize - left_bytes // PAGE * PAGE, PAGE))
    return filler


def read_only(folder: Path) -> None:
    """Let nobody write below a folder, root included."""
    _mount("--bind", str(folder), str(folder))
    _mount("-o", "remount,bind,ro", str(folder))


def writable(folder: Path) -> None:
    """Undo `read_only`."""
    subprocess.run(["umount", str(folder)], check=True)


def without_superpowers() -> None:
    """Let the modes of files count for root as well."""

    class Header(ctypes.Structure):
        _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]

    class Data(ctypes.Structure):
        _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]

    header, data = Header(CAPABILITIES_VERSION_3, 0), (Data * 2)()
    _called(LIBC.capget(ctypes.byref(header), data))
    data[0].effective &= ~(1 << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH)
    _called(LIBC.capset(ctypes.byref(header), data))


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def _called(status: int) -> None:
    if status != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
