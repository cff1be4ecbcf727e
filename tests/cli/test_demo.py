"""`together demo`, as a newcomer starts it: a process of its own, on a free port."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.demo_process import PATIENCE, ask, command, demo, ended, free_port
from together.cli.folder import MARK

ROOT = Path(__file__).parents[2]
CHOSEN = "SetOrganizationVideoPayload"


def test_a_newcomer_signs_in_and_sees_a_match(tmp_path: Path) -> None:
    """The printed token and README's first query work, and Ctrl-C ends it with nothing amiss."""
    port = free_port()
    with demo(tmp_path / "demo", port) as (process, printed):
        token = re.search(r"^(eyJ\S+)$", printed, re.MULTILINE)[1]
        readme = (ROOT / "README.md").read_text()
        query = re.search(r"```graphql\n(.*?)```", readme, re.DOTALL)[1]
        answer = json.loads(re.search(r"```json\n(.*?)```", readme, re.DOTALL)[1])
        assert f"http://127.0.0.1:{port}/graphql#token={token}\n" in printed
        found = ask(port, token, query)
        assert found["data"]["viewer"]["todos"][0]["match"]["id"].startswith("mat_")
        assert numbered(found) == numbered(answer)
        process.send_signal(signal.SIGINT)
        errors = ended(process)
        assert process.returncode == 0
        assert "Traceback" not in errors
        assert errors.splitlines()[-1] == (
            "The demo has ended. Its data is kept; make demo goes on where it was."
        )


def test_the_calendars_are_shown(demo_folder: Path) -> None:
    """The welcome says where people's calendars are to be moved about in, and they are there."""
    with demo(demo_folder, free_port()) as (_, printed):
        pages = re.findall(
            r"http://\S+/sandbox/(?:google|outlook)/_calendar$", printed, re.MULTILINE
        )
        assert len(pages) == 2
        for page in pages:
            shown = httpx.get(f"{page}?account=ada@saltmarsh.example.org")
            assert (shown.status_code, "Ada Lindqvist" in shown.text) == (200, True)


def numbered(answer: dict) -> dict:
    """An answer with its ids, which every database draws anew, numbered as they come."""
    ids: dict[str, str] = {}
    text = re.sub(
        r"mat_[\w-]{22}",
        lambda found: ids.setdefault(found[0], f"mat_{len(ids)}"),
        json.dumps(answer),
    )
    return json.loads(text)


def test_a_second_start_finds_everything_as_it_was(demo_folder: Path) -> None:
    """The second start is quick, makes nothing anew, and the calendars still answer."""
    port, folder = free_port(), demo_folder
    kept = (folder / "sandbox-google.json").read_bytes()
    began = time.monotonic()
    with demo(folder, port) as (_, printed):
        assert time.monotonic() - began < PATIENCE / 2
        assert (folder / "sandbox-google.json").read_bytes() == kept
        token = re.search(r"^(eyJ\S+)$", printed, re.MULTILINE)[1]
        found = ask(port, token, "{ viewer { calendarIntegration { state account } } }")
    assert found["data"]["viewer"]["calendarIntegration"] == {
        "state": "ACTIVE",
        "account": "ada@saltmarsh.example.org",
    }


def test_an_administrator_chooses_jitsi(demo_folder: Path) -> None:
    """What its README says chooses Jitsi, which is offered there, and has no switches to show."""
    port, folder = free_port(), demo_folder
    readme = (ROOT / "plugins" / "jitsi" / "README.md").read_text()
    chosen = re.search(r"```graphql\n(.*?)```", readme, re.DOTALL)[1]
    shown = "options { provider { slug label } handoverTitle } choice provider { slug }"
    with demo(folder, port) as (_, printed):
        assert re.findall(r"/sandbox/(\w+)/_control$", printed, re.MULTILINE) == [
            "google",
            "outlook",
        ]
        words = command("token", "--folder", str(folder), "chiara@saltmarsh.example.org")
        token = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603
        done = ask(port, token, chosen)
        assert done == {"data": {"setOrganizationVideo": {"__typename": CHOSEN}}}
        found = ask(port, token, f"{{ organizationVideo {{ {shown} }} }}")["data"]
    jitsi = {"provider": {"slug": "jitsi", "label": "Jitsi Meet"}, "handoverTitle": None}
    assert jitsi in found["organizationVideo"].pop("options")
    assert found == {"organizationVideo": {"choice": "PROVIDER", "provider": {"slug": "jitsi"}}}


@pytest.mark.parametrize("gap", [0.05, 0.3])
def test_an_impatient_ctrl_c_is_clean(demo_folder: Path, gap: float) -> None:
    """Ctrl-C twice, however close together, leaves no traceback and loses no data."""
    with demo(demo_folder, free_port()) as (process, _):
        process.send_signal(signal.SIGINT)
        time.sleep(gap)
        process.send_signal(signal.SIGINT)
        errors = ended(process)
    assert process.returncode in {0, 130}
    assert "Traceback" not in errors
    assert "ERROR" not in errors


def test_one_that_does_not_end_says_where_it_is() -> None:
    """A failure to end is told with the lines at which the threads of the process are."""
    stuck = "import sys, time; print('begun', file=sys.stderr, flush=True); time.sleep(60)"
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-X", "faulthandler", "-c", stuck],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with pytest.raises(AssertionError, match="still there") as told:
        ended(process, patience=2)
    assert ("begun\n" in str(told.value), '"<string>", line 1' in str(told.value)) == (True, True)


def test_a_login_outlives_a_change_of_port(demo_folder: Path) -> None:
    """On another port, the token of before still signs in, and so does a new one of the member."""
    folder, query = demo_folder, "{ viewer { name calendarIntegration { state } } }"
    tokens = []
    for port in (free_port(), free_port()):
        with demo(folder, port) as (_, printed):
            tokens.append(re.search(r"^(eyJ\S+)$", printed, re.MULTILINE)[1])
            assert [ask(port, token, query) for token in tokens] == len(tokens) * [
                {
                    "data": {
                        "viewer": {
                            "name": "Ada Lindqvist",
                            "calendarIntegration": {"state": "ACTIVE"},
                        }
                    }
                }
            ]


@pytest.mark.parametrize("missing", ["port", "folder"])
def test_what_is_in_the_way_is_a_sentence(tmp_path: Path, missing: str) -> None:
    """A taken port and a folder that is none each end the start with a sentence, and exit 1."""
    folder = tmp_path / "demo"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1] if missing == "port" else free_port()
        if missing == "folder":
            folder.write_text("a file")
        sentence = refused(folder, port)
    assert folder.exists() == (missing == "folder")
    if missing == "folder":
        assert "cannot be written to" in sentence
    else:
        assert sentence == (
            f"together: Port {port} is taken. End what listens there, or choose another one: "
            f"make demo PORT={port + 1}, or together demo --port {port + 1}."
        )


def test_two_demos_do_not_share_a_folder(demo_folder: Path) -> None:
    """A second demo on the folder is refused by a sentence, and the first goes on undisturbed."""
    folder, port, other = demo_folder, free_port(), free_port()
    with demo(folder, port) as (_, printed):
        mark = (folder / MARK).read_bytes()
        assert refused(folder, other) == (
            f"together: A demo is served from {folder} already, on http://127.0.0.1:{port}. Use "
            "that one, or name another folder and port: together demo --folder DIR --port PORT."
        )
        assert (folder / MARK).read_bytes() == mark
        token = re.search(r"^(eyJ\S+)$", printed, re.MULTILINE)[1]
        assert "data" in ask(port, token, "{ viewer { name } }")


def refused(folder: Path, port: int) -> str:
    """The one sentence with which the start of a demo ends."""
    done = subprocess.run(  # noqa: S603
        command("demo", "--folder", str(folder), "--port", str(port)),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    [sentence] = done.stderr.splitlines()
    return sentence


def test_make_hands_the_port_on() -> None:
    """`make demo PORT=8001` is `together demo --port 8001`, and without PORT the usual one."""
    make = shutil.which("make")
    if make is None:
        pytest.fail("make is not installed, and nothing is tested without it")
    inherited = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PORT"}
    environ = {name: value for name, value in os.environ.items() if name not in inherited}
    printed = [
        subprocess.run(  # noqa: S603
            [make, "--dry-run", "demo", *words],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()[-1]
        for words in ([], ["PORT=8001"])
    ]
    assert printed == [
        "exec .venv/bin/together demo",
        "exec .venv/bin/together demo --port 8001",
    ]
