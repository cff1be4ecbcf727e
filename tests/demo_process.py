"""The demo as a process of its own, on a free port."""

from __future__ import annotations

import fcntl
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

PATIENCE = 60


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


def command(*words: str) -> list[str]:
    # Aborted, it says where each of its threads is.
    return [sys.executable, "-X", "faulthandler", "-m", "together", *words]


@contextmanager
def demo(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen, str]]:
    """Start the demo, and give what it printed once it is ready."""
    words = command("demo", "--folder", str(folder), "--port", str(port))
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603
    printed = ""
    try:
        until = time.monotonic() + PATIENCE
        while "The first query" not in printed and time.monotonic() < until:
            line = process.stdout.readline()
            if not line:
                break
            printed += line
        yield process, printed
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def prepared(shared: Path) -> Path:
    """Start a demo in this folder once, for all processes of a run, and give what it made."""
    made = shared / "prepared-demo"
    with (shared / "prepared-demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            half = shared / "prepared-demo.new"
            shutil.rmtree(half, ignore_errors=True)
            with demo(half, free_port()) as (process, printed):
                assert "The first query" in printed, process.communicate()[1]
            assert process.returncode == 0
            half.rename(made)
    return made


def ended(process: subprocess.Popen, *, patience: float = PATIENCE) -> str:
    """Wait for its end, and give what it wrote to its standard error since the beginning.

    One that does not end is aborted, and the failure says where each of its threads was.
    """
    try:
        return process.communicate(timeout=patience)[1]
    except subprocess.TimeoutExpired:
        code = process.poll()
        process.send_signal(signal.SIGABRT)
        errors = process.communicate(timeout=PATIENCE)[1]
        was = "It was still there" if code is None else f"It ended with {code}, its output did not"
        raise AssertionError(f"{was} after {patience} s:\n{errors}") from None


def ask(port: int, token: str, query: str, **variables: object) -> dict:
    """Ask, and wait for a server that has only just begun."""
    for _ in range(100):
        try:
            reply = httpx.post(
                f"http://127.0.0.1:{port}/graphql",
                json={"query": query, "variables": variables},
                headers={"authorization": f"Bearer {token}"},
            )
        except httpx.TransportError:
            time.sleep(0.1)
            continue
        return reply.json()
    raise AssertionError("the demo does not answer")
