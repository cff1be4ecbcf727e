"""The tests' own PostgreSQL goes when they go."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_SCRIPT = """
import time
from tests import postgres
with postgres.server() as server:
    print(server.sockets, flush=True)
    time.sleep(60)
"""


def test_a_server_is_ended_when_its_tests_are_killed():
    """After SIGKILL of the tests, their server stops and its folder is gone."""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", _SCRIPT],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as tests:
        data = Path(tests.stdout.readline().strip())
        server = int((data / "postmaster.pid").read_text().split()[0])
        os.kill(server, 0)
        tests.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and (
        data.parent.exists() or Path(f"/proc/{server}").exists()
    ):
        time.sleep(0.05)
    assert (data.parent.exists(), Path(f"/proc/{server}").exists()) == (False, False)
