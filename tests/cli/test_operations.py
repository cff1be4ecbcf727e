"""A process tells of itself on the address of operations, and ends without it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

from together.settings import BadSettings, Settings


@pytest.fixture
def settled(together, environ, migrated) -> int:
    """An installation whose worker could run; gives a port that is free."""
    assert together("keys", "new")[0] == 0
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ(PUBLIC_URL="https://together.example.org", OPERATIONS_PORT=port)
    return port


def _ready(port: int) -> httpx.Response:
    until = time.monotonic() + 30
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        while True:
            try:
                answer = http.get("/health/ready")
                if answer.status_code == 200 or time.monotonic() > until:
                    return answer
            except httpx.TransportError:
                assert time.monotonic() < until
            time.sleep(0.2)


def test_a_worker_says_that_it_is_ready(settled):
    """It looks at the outbox, says so with its numbers, and ends cleanly when it is told to."""
    words = [sys.executable, "-m", "together", "worker"]
    root = os.pathsep.join(path for path in sys.path if path)
    with subprocess.Popen(words, env={**os.environ, "PYTHONPATH": root}) as worker:  # noqa: S603
        try:
            answer = _ready(settled)
            told = httpx.get(f"http://127.0.0.1:{settled}/metrics", trust_env=False).text
        finally:
            worker.send_signal(signal.SIGTERM)
            code = worker.wait(30)
    assert answer.json() == {"status": "ready", "database": "ok", "worker": "ok"}
    assert "together_database_up 1.0" in told
    assert code == 0


def test_a_port_that_is_taken_is_a_sentence(together, settled, environ):
    """Nothing is worked at where health cannot be told as it was asked for."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        environ(OPERATIONS_PORT=port)
        code, out, err = together("worker")
    assert (code, out) == (1, "")
    assert err.endswith(
        f"together: Health and metrics cannot be served on 127.0.0.1 port {port}: it is taken, or "
        "no address of this machine. Correct TOGETHER_OPERATIONS_HOST and "
        "TOGETHER_OPERATIONS_PORT; each process on one machine needs a port of its own.\n"
    )


@pytest.mark.parametrize(
    ("environ", "operations", "form"),
    [
        ({}, None, "text"),
        ({"OPERATIONS_PORT": "9100"}, ("127.0.0.1", 9100), "text"),
        (
            {"OPERATIONS_PORT": "9100", "OPERATIONS_HOST": "::", "LOG_FORMAT": "JSON"},
            ("::", 9100),
            "json",
        ),
    ],
)
def test_what_is_set_is_read(environ, operations, form):
    """Off by default, on loopback where only a port is given, and elsewhere where one says so."""
    settings = Settings.read({f"TOGETHER_{name}": value for name, value in environ.items()})
    assert (settings.operations, settings.log_format) == (operations, form)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"OPERATIONS_PORT": "0"}, "TOGETHER_OPERATIONS_PORT is '0'. Set it to a number"),
        ({"OPERATIONS_PORT": "x"}, "TOGETHER_OPERATIONS_PORT is 'x'. Set it to a number"),
        ({"OPERATIONS_HOST": "::1"}, "TOGETHER_OPERATIONS_PORT is not set, so nothing listens"),
        (
            {"OPERATIONS_HOST": "a b", "OPERATIONS_PORT": "9"},
            "TOGETHER_OPERATIONS_HOST is 'a b'. Set it to the address",
        ),
        ({"LOG_FORMAT": "xml"}, "TOGETHER_LOG_FORMAT is 'xml'. Set it to text or json."),
    ],
)
def test_what_is_wrong_is_said(environ, problem):
    """A value that means nothing is told with what to set, and so is half of an address."""
    with pytest.raises(BadSettings) as caught:
        Settings.read({f"TOGETHER_{name}": value for name, value in environ.items()})
    [said] = caught.value.problems
    assert said.startswith(problem)
