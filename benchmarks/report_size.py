"""How long the report takes at the paper's size, how large its pages are, and how fast a browser opens them.

    python -m benchmarks.report_size > benchmarks/results/report_size.md

26 relations × 10 methods × 10 prompts × 2 seeds: 5,200 tiny videos, links to one file, so that the tree is quickly
written; and 20 clips of each relation. What a video of Mochi's size costs is measured apart. Tree and report lie
in a folder that is removed afterwards. Run it from the repository's folder; Chromium is looked for as the tests do.
"""

import argparse
import os
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Page
from tests.browser import open_browser
from tests.report.results_tree import HEIGHT, METRICS, WIDTH, Results, make_settings

from dreamrelation import video
from dreamrelation.paper import PAPER
from dreamrelation.puppets.theatre.render import Take
from dreamrelation.relations import RELATIONS
from dreamrelation.report.media import tinted
from dreamrelation.report.sizes import bytes_of, size_text
from dreamrelation.report.stills import middle_frame
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.stages.report import run
from dreamrelation.tables.rows import GeneratedVideo

METHODS = tuple(PAPER)[:10]
KINDS = ("cat", "dog", "panda", "fox", "bear", "frog", "rabbit")
PAIRS = tuple((one, other) for one in KINDS for other in KINDS if one != other)[:10]
SEEDS = 2
CLIPS = 20
STEPS = 1000
MOCHI = (61, 480, 848)
"""Frames, height and width of one of Mochi's videos."""
SETTLE_MS = 1500
"""After this a page that nobody scrolls has loaded what it wants."""


class LargeResults(Results):
    """A tree in which all hug, whose scenes are drawn once, and whose generated videos are links to the first one."""

    takes: dict[int, Take]
    first: tuple[GeneratedVideo, Path] | None
    counts: Counter[Path]

    def __init__(self, folder: Path, settings: ExperimentSettings) -> None:
        super().__init__(folder, settings, clips=CLIPS, steps=STEPS)
        self.takes, self.first, self.counts = {}, None, Counter()

    def take(self, motion: str, kinds: tuple[str, str], height: int, width: int) -> Take:
        if height not in self.takes:
            self.takes[height] = super().take("hugging", kinds, height, width)
        return self.takes[height]

    def video(self, folder: Path, relation: str, method: str, subjects: tuple[str, str], repeat: int) -> GeneratedVideo:
        number, prompt = self.counts[folder], RELATIONS[relation].caption(*subjects)
        self.counts[folder] += 1
        if self.first is None:
            row = super().video(folder, relation, method, subjects, repeat)
            self.first = row, folder / row.file
            return row
        row, file = self.first
        (folder / "videos").mkdir(parents=True, exist_ok=True)
        os.link(file, folder / "videos" / f"{number:02d}.mp4")
        return replace(
            row,
            video=f"{relation}-{method}-{number:02d}",
            file=f"videos/{number:02d}.mp4",
            relation=relation,
            method=method,
            prompt=prompt,
            text=prompt,
            subject1=subjects[0],
            subject2=subjects[1],
            repeat=repeat,
            seed=40 + repeat,
        )


def milliseconds(page: Page) -> tuple[float, float]:
    """Until the page's elements are there, and until it has loaded, as the browser counts."""
    script = "(t => [t.domContentLoadedEventEnd, t.loadEventEnd])(performance.getEntriesByType('navigation')[0])"
    ready, loaded = page.evaluate(script)
    return ready, loaded


def opened(report: Path, names: list[str]) -> list[str]:
    """What a browser says of each page, as rows of the table."""
    rows = []
    with open_browser() as browser:
        for name in names:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto((report / name).as_uri())
            page.wait_for_timeout(SETTLE_MS)
            ready, loaded = milliseconds(page)
            videos = sum(address.endswith(".mp4") for address in asked)
            stills = sum(address.endswith((".jpg", ".png", ".svg")) for address in asked)
            nodes = page.evaluate("document.querySelectorAll('*').length")
            wide = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            rows.append(
                f"| {name} in Chromium | ready after {ready:.0f} ms, loaded after {loaded:.0f} ms; {nodes:,} elements;"
                f" {videos} of its videos and {stills} pictures asked for before anybody scrolls;"
                f" {'fits' if wide else 'DOES NOT FIT'} 1440 pixels |"
            )
            page.close()
    return rows


def of_one_video() -> list[str]:
    """What one video of Mochi's size costs, as rows of the table."""
    frames, height, width = MOCHI
    rng = np.random.default_rng(0)
    scene = cv2.resize(rng.integers(0, 256, (27, 48, 3)).astype(np.uint8), (width, height))
    noise = rng.integers(0, 8, (frames, height, width, 1))
    shown = np.stack([np.clip(np.roll(scene, 5 * n, axis=1) + noise[n], 0, 255) for n in range(frames)]).astype(
        np.uint8
    )
    masks = np.zeros((frames, 2, height, width), bool)
    masks[:, 0, 100:400, 200:350] = masks[:, 1, 100:400, 450:600] = True
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "video.mp4"
        started = time.perf_counter()
        video.encode(path, tinted(shown, masks), 30)
        drawn = time.perf_counter() - started
        started = time.perf_counter()
        middle_frame(path)
        still = time.perf_counter() - started
        size = f"{frames} frames of {height} × {width}"
    return [
        f"| a generated video of {size}: its still | {still:.2f} s of a core |",
        f"| a clip of {size}: its masks drawn and encoded | {drawn:.1f} s of a core |",
    ]


def main(relations: int, threads: int) -> None:
    chosen = tuple(RELATIONS)[:relations]
    # The puppets' judge knows few relations; of a kind the report looks at nothing.
    kinds = dict.fromkeys(METRICS, "motion")
    settings = make_settings(
        chosen, PAIRS, exemplars=5, videos_per_prompt=SEEDS, methods=METHODS, kinds_of_metrics=kinds
    )
    with tempfile.TemporaryDirectory() as place:
        started = time.perf_counter()
        results = LargeResults(Path(place), settings).write()
        written = time.perf_counter() - started
        report = Path(place) / "report"
        started = time.perf_counter()
        run(
            settings=results.stage,
            results=results.folder,
            report=report,
            scores_table=Path(place) / "scores.csv",
            threads=threads,
        )
        seconds = time.perf_counter() - started
        facts(report, chosen, written, seconds, threads)
        for row in (
            *opened(report, ["index.html", f"relations/{chosen[0]}.html", f"clips/{chosen[0]}.html"]),
            *of_one_video(),
        ):
            print(row)


def facts(report: Path, relations: tuple[str, ...], written: float, seconds: float, threads: int) -> None:
    videos = len(relations) * len(METHODS) * len(PAIRS) * SEEDS
    pages = [*report.glob("*.html"), *report.glob("*/*.html")]
    largest = max(pages, key=lambda page: page.stat().st_size)
    files = [path for path in report.rglob("*") if path.is_file()]
    print("| | |")
    print("|---|---|")
    shape = f"{len(relations)} × {len(METHODS)} × {len(PAIRS)} × {SEEDS}"
    print(f"| relations × methods × prompts × seeds | {shape} = {videos:,} videos of {HEIGHT} × {WIDTH} |")
    print(f"| the tree of results is written in | {written:.0f} s |")
    print(f"| report stage | {seconds:.0f} s by {threads} threads, {1000 * seconds / videos:.1f} ms a video |")
    print(f"| pages | {len(pages)}, {size_text(bytes_of(*pages))} |")
    print(f"| overview | {size_text(bytes_of(report / 'index.html'))} |")
    print(f"| largest page | {largest.relative_to(report)}, {size_text(bytes_of(largest))} |")
    print(f"| style and scripts, once | {size_text(bytes_of(report / 'assets'))} |")
    print(f"| files in all | {len(files):,}, {size_text(bytes_of(report))} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--relations", type=int, default=len(RELATIONS))
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    main(options.relations, options.threads)
