"""A real browser: Debian's Chromium, which is left out by name where it is not installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def page() -> Iterator[Page]:
    """A page in a fresh browser, which lists every address it asked for in `page.asked`."""
    chromium = shutil.which("chromium")
    if chromium is None:
        words = "left out: the browser tests need Debian's package chromium"
        if os.environ.get("TOGETHER_TEST_COMPLETE"):
            pytest.fail(words)
        pytest.skip(words)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            page = browser.new_page()
            page.asked = []
            page.on("request", lambda request: page.asked.append(request.url))
            page.set_default_timeout(20_000)
            yield page
        finally:
            browser.close()
