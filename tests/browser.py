"""A real browser for tests: any Chromium that is here, without a window."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

VARIABLE = "CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Chromium of the environment variable CHROMIUM, of the path, or Playwright's own; skips the test without one."""
    with sync_playwright() as playwright:
        found = os.environ.get(VARIABLE) or next(filter(None, map(shutil.which, NAMES)), None)
        try:
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except Error as error:
            if found is not None:
                raise
            pytest.skip(
                f"no Chromium; install one, or run `playwright install chromium` ({error.message.splitlines()[0]})"
            )
        try:
            yield browser
        finally:
            browser.close()
