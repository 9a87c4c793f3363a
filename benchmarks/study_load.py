"""Raters by the dozen at one server of the user study, killed again and again: is a vote lost, or counted twice?

    python -m benchmarks.study_load --groups 180 --raters 15 --kills 5 --browser

Each rater loads the page and every video of a group, as a browser does, and answers; where the server is away, it tries
again. One of them is a real browser, used by its keyboard alone, if there is a Chromium. In the end each vote that was
acknowledged must stand in the database, and all that stand there once, as they were sent. Printed as JSON.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from statistics import median, quantiles
from threading import Event
from typing import Any

import httpx2
import numpy as np
from tests.browser import open_browser
from tests.study.small_study import write_study

from dreamrelation.study.database import StudyDatabase
from dreamrelation.study.folder import INVITATIONS_FILE, Study
from dreamrelation.study.invitations import read_invitations
from dreamrelation.study.votes import read_votes

SECONDS_TO_START = 30.0
SECONDS_TO_GIVE_UP = 120.0


class GroupPage(HTMLParser):
    """What a rater's browser finds in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.videos: list[str] = []
        self.choices: dict[str, list[str]] = {}
        self.action = self.token = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = found["action"]
        elif tag == "video":
            self.videos.append(found["src"])
        elif tag == "input" and found.get("name") == "token":
            self.token = found["value"]
        elif tag == "input":
            self.choices.setdefault(found["name"], []).append(found["value"])


@dataclass
class Rater:
    """One rater with a program in the place of a browser."""

    address: str
    token: str
    seed: int
    stop: Event
    sent: dict[str, dict[str, str]] = field(default_factory=dict)
    """Showing → the answers that were sent to the server."""
    given: dict[str, dict[str, str]] = field(default_factory=dict)
    """Those of them that the server has acknowledged."""
    page_seconds: list[float] = field(default_factory=list)
    answer_seconds: list[float] = field(default_factory=list)
    retries: int = 0
    bytes_of_videos: int = 0

    def work(self) -> None:
        """Rate until there is nothing left."""
        rng = np.random.default_rng(self.seed)
        with httpx2.Client(base_url=self.address, timeout=20, follow_redirects=True) as client:
            self._request(client, "GET", f"/join/{self.token}")
            while not self.stop.is_set():
                started = time.perf_counter()
                found = self._request(client, "GET", "/")
                self.page_seconds.append(time.perf_counter() - started)
                page = GroupPage(found.text)
                if page.action == "/consent":
                    self._request(client, "POST", "/consent", data={"token": page.token})
                elif page.action.startswith("/answer/"):
                    self._rate(client, page, rng)
                elif "Thank you" in found.text:
                    return
                else:
                    time.sleep(0.2)

    def _rate(self, client: httpx2.Client, page: GroupPage, rng: np.random.Generator) -> None:
        for video in page.videos:
            self.bytes_of_videos += len(self._request(client, "GET", video, headers={"Range": "bytes=0-"}).content)
        answers = {name: str(rng.choice(values)) for name, values in page.choices.items()}
        showing, started = page.action.removeprefix("/answer/"), time.perf_counter()
        self.sent[showing] = answers
        self._request(client, "POST", page.action, data={"token": page.token, **answers})
        self.answer_seconds.append(time.perf_counter() - started)
        self.given[showing] = answers

    def _request(self, client: httpx2.Client, method: str, path: str, **more: Any) -> httpx2.Response:
        """Asks again while the server is away; a connection that broke may or may not have brought the answers."""
        until = time.monotonic() + SECONDS_TO_GIVE_UP
        while True:
            try:
                response = client.request(method, path, **more)
            except httpx2.TransportError:
                self.retries += 1
                if time.monotonic() > until or self.stop.is_set():
                    raise
                time.sleep(0.1)
                continue
            response.raise_for_status()
            return response


@dataclass
class BrowserRater(Rater):
    """One rater with a real browser and its keyboard."""

    def work(self) -> None:
        """Rate until there is nothing left."""
        from playwright.sync_api import Error

        with open_browser() as browser:
            page = browser.new_page()
            self._open(page, f"{self.address}/join/{self.token}")
            while not self.stop.is_set() and not page.get_by_text("Thank you").count():
                try:
                    self._step(page)
                except Error:
                    self.retries += 1
                    self._open(page, self.address)

    def _step(self, page: Any) -> None:
        from playwright.sync_api import expect

        if page.get_by_role("button", name="I agree").count():
            page.get_by_role("button", name="I agree").press("Enter")
            return
        action = page.locator("form").get_attribute("action")
        answers = {}
        for question in page.locator("fieldset").all():
            choice = question.get_by_role("radio").nth(len(self.given) % 3)
            choice.focus()
            page.keyboard.press("Space")
            expect(choice).to_be_checked()
            answers[choice.get_attribute("name")] = choice.get_attribute("value")
        showing = action.removeprefix("/answer/")
        self.sent[showing] = answers
        with page.expect_navigation(url=f"{self.address}/", timeout=10_000):
            page.get_by_role("button", name="Save").press("Enter")
        if page.locator("main").count():
            self.given[showing] = answers

    def _open(self, page: Any, address: str) -> None:
        from playwright.sync_api import Error

        until = time.monotonic() + SECONDS_TO_GIVE_UP
        while True:
            try:
                page.goto(address)
                return
            except Error:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)


class KilledServer:
    """`dreamrelation study serve` as a process, which can be killed and begun again at the same address."""

    def __init__(self, study: Study) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.study, self.address = study, f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Returns when it answers."""
        command = [sys.executable, "-m", "dreamrelation.cli", "study", "serve", str(self.study.folder)]
        self.process = subprocess.Popen([*command, "--port", str(self.port)], stdout=subprocess.DEVNULL)
        until = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < until and self.process.poll() is None:
            try:
                httpx2.get(f"{self.address}/health").raise_for_status()
                return
            except httpx2.TransportError:
                time.sleep(0.05)
        raise RuntimeError(f"the server did not start within {SECONDS_TO_START:g} s")

    def kill(self) -> None:
        """As the machine would at the worst moment."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


def run(groups: int, raters: int, kills: int, browser: bool, folder: Path) -> dict[str, Any]:
    """The whole test on a new study in `folder`; gives what was measured and found."""
    study = write_study(folder / "study", groups, raters=raters, checks=4)
    server, stop = KilledServer(study), Event()
    links = read_invitations(study.folder / INVITATIONS_FILE)
    people = [
        (BrowserRater if browser and number == 0 else Rater)(server.address, link.token, number, stop)
        for number, link in enumerate(links)
    ]
    wanted = sum(study.sequence(number + 1).total for number in range(raters))
    started = time.perf_counter()
    with ThreadPoolExecutor(raters) as threads:
        work = [threads.submit(person.work) for person in people]
        try:
            for kill in range(kills):
                while sum(len(p.given) for p in people) < wanted * (kill + 1) / (kills + 1):
                    if all(one.done() for one in work):
                        break
                    time.sleep(0.02)
                server.kill()
                server.start()
            for one in work:
                one.result()
        finally:
            stop.set()
    seconds = time.perf_counter() - started
    server.kill()
    pages, answers = ([s for p in people for s in getattr(p, name)] for name in ("page_seconds", "answer_seconds"))
    return {
        **checked(study, people),
        "showings": wanted,
        "seconds": round(seconds, 1),
        "showings_a_second": round(wanted / seconds, 1),
        "kills": kills,
        "retries": sum(p.retries for p in people),
        "page_ms": spread(pages),
        "answer_ms": spread(answers),
        "megabytes_of_videos": round(sum(p.bytes_of_videos for p in people) / 1e6, 1),
    }


def checked(study: Study, people: list[Rater]) -> dict[str, int]:
    """Votes in the database against those that were acknowledged, and groups with fewer or more raters than wanted."""
    database = StudyDatabase(study.votes)
    with database.reading() as connection:
        rows = connection.execute("SELECT showing, question, chosen, places FROM votes JOIN showings USING (showing)")
        stored: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            places, chosen = json.loads(row["places"]), json.loads(row["chosen"])
            letter = "ABCDEFGH"[places.index(chosen[0])] if chosen else "tie"
            stored.setdefault((row["showing"], row["question"]), []).append(letter)
    sent, given = by_question([p.sent for p in people]), by_question([p.given for p in people])
    ratings: dict[int, int] = {}
    for vote in read_votes(database):
        if vote.kind == "main" and vote.question == "relation":
            ratings[vote.group] = ratings.get(vote.group, 0) + 1
    wanted = study.settings.raters
    return {
        "acknowledged": len(given),
        "stored": len(stored),
        "lost": sum(key not in stored for key in given),
        "changed_or_never_sent": sum(letters[0] != sent.get(key) for key, letters in stored.items()),
        "twice": sum(len(letters) > 1 for letters in stored.values()),
        "groups_without_all_raters": sum(ratings.get(group.group, 0) != wanted for group in study.main_groups),
    }


def by_question(people: list[dict[str, dict[str, str]]]) -> dict[tuple[str, str], str]:
    """(showing, question) → answer, of all raters."""
    return {(s, question): a for of_rater in people for s, of in of_rater.items() for question, a in of.items()}


def spread(seconds: list[float]) -> dict[str, float]:
    """Median and 95 % point, in milliseconds."""
    if len(seconds) < 2:
        return {}
    return {"median": round(1000 * median(seconds), 1), "p95": round(1000 * quantiles(seconds, n=20)[-1], 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, default=180)
    parser.add_argument("--raters", type=int, default=15)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--browser", action="store_true", help="let one of the raters be a real browser")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(run(options.groups, options.raters, options.kills, options.browser, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
