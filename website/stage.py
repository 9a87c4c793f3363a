"""Copy the pages, and every file of the repository that they link to, into a folder of which the site is made.

    python -m website.stage build/pages

Each file keeps its path, so that links need not be rewritten: README.md is the home page.
"""

import shutil
import sys
from pathlib import Path

from website.pages import REPOSITORY, broken, links, pages


def stage(root: Path, target: Path) -> list[str]:
    """Returns what was copied. Raises SystemExit where a link leads nowhere."""
    wrong = broken(root)
    if wrong:
        raise SystemExit("\n".join(wrong))
    copied: list[str] = []
    waiting = pages(root)
    while waiting:
        path = waiting.pop()
        if path in copied:
            continue
        copied.append(path)
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / path, target / path)
        if path.endswith(".md"):
            waiting += [
                link.file(root).relative_to(root).as_posix() for link in links(root, path) if not link.is_address
            ]
    return copied


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m website.stage FOLDER")
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    print(f"{len(stage(REPOSITORY, Path(sys.argv[1])))} files in {sys.argv[1]}")
