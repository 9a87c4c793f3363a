"""How much room the report takes."""

from pathlib import Path


def bytes_of(*paths: Path) -> int:
    """Of files, and of all files in folders; of what is not there, nothing."""
    return sum(
        file.stat().st_size
        for path in paths
        for file in (path.rglob("*") if path.is_dir() else [path])
        if file.is_file()
    )


def size_text(size: int) -> str:
    """Such as "4.2 MB"; a kilobyte has 1000 bytes, as file managers count."""
    for unit, length in (("GB", 1e9), ("MB", 1e6)):
        if size >= length:
            return f"{size / length:.1f} {unit}"
    return f"{size / 1e3:.0f} kB"
