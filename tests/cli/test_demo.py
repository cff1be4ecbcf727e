"""`together demo`, as a newcomer starts it: a process of its own, on a free port."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.demo_process import PATIENCE, ask, command, demo, free_port

ROOT = Path(__file__).parents[2]


def test_a_newcomer_signs_in_and_sees_a_match(tmp_path: Path) -> None:
    """The printed token and README's first query work, and Ctrl-C ends it with nothing amiss."""
    port = free_port()
    with demo(tmp_path / "demo", port) as (process, printed):
        token = re.search(r"^(eyJ\S+)$", printed, re.MULTILINE)[1]
        readme = (ROOT / "README.md").read_text()
        query = re.search(r"```graphql\n(.*?)```", readme, re.DOTALL)[1]
        answer = json.loads(re.search(r"```json\n(.*?)```", readme, re.DOTALL)[1])
        found = ask(port, token, query)
        for match in found["data"]["viewer"]["matches"]["nodes"]:
            assert match.pop("id").startswith("mat_")
        for match in answer["data"]["viewer"]["matches"]["nodes"]:
            assert match.pop("id").startswith("mat_")
        assert found == answer
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        assert "Traceback" not in errors
        assert errors.splitlines()[-1] == (
            "The demo has ended. Its data is kept; make demo goes on where it was."
        )


def test_a_second_start_finds_everything_as_it_was(tmp_path: Path) -> None:
    """The second start is quick, makes nothing anew, and the calendars still answer."""
    port, folder = free_port(), tmp_path / "demo"
    with demo(folder, port):
        pass
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
        ended = subprocess.run(  # noqa: S603
            command("demo", "--folder", str(folder), "--port", str(port)),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert ended.returncode == 1
    [sentence] = ended.stderr.splitlines()
    assert sentence.startswith("together: ")
    assert (f"Port {port} is taken" if missing == "port" else "cannot be written to") in sentence
