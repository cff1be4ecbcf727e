"""What somebody sees of the demo in a browser."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.app.site import COMPLETE, START
from tests.demo_process import ask, command, demo, free_port


def token(folder: Path, email: str) -> str:
    printed = subprocess.run(  # noqa: S603
        command("token", email, "--folder", str(folder)),
        capture_output=True,
        text=True,
        check=True,
    )
    return printed.stdout.strip()


def test_a_member_connects_google_in_a_browser(page: Page, demo_folder: Path) -> None:
    """Elin chooses her account, allows, and comes back with the handle that connects her."""
    port, folder = free_port(), demo_folder
    with demo(folder, port):
        home = f"http://127.0.0.1:{port}"
        elin = token(folder, "elin@saltmarsh.example.org")
        started = ask(
            port, elin, START, input={"provider": "google", "returnTo": f"{home}/connected"}
        )
        page.goto(started["data"]["startCalendarConnection"]["authorizationUrl"])
        page.get_by_text("elin@saltmarsh.example.org").first.click()
        page.get_by_role("button", name="Allow").click()
        expect(page.get_by_role("heading", name="Back in Together")).to_be_visible()
        handle = re.search(r'handle: "([^"]+)"', page.inner_text("pre"))[1]
        done = ask(port, elin, COMPLETE, handle=handle)["data"]["completeCalendarConnection"]
        assert done["calendarIntegration"]["account"] == "elin@saltmarsh.example.org"
        assert {url.split("/")[2] for url in page.asked} == {f"127.0.0.1:{port}"}


def test_graphiql_answers_without_the_internet(page: Page, demo_folder: Path) -> None:
    """The page at /graphql loads from this machine alone, signs in, and shows an answer."""
    port, folder = free_port(), demo_folder
    with demo(folder, port):
        ada = token(folder, "ada@saltmarsh.example.org")
        page.goto(f"http://127.0.0.1:{port}/graphql#token={ada}")
        expect(page.locator("#who")).to_have_text("Ada Lindqvist")
        page.locator(".graphiql-execute-button, #run").first.click()
        expect(page.get_by_text("Spring mentoring").first).to_be_visible()
        assert {url.split("/")[2] for url in page.asked if url.startswith("http")} == {
            f"127.0.0.1:{port}"
        }
