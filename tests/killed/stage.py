"""Where lives are lived: real servers on loopback, a database that is set back, processes."""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import signal
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from together_google import GoogleSandbox
from together_google.testing import walk_consent

from tests.app.serving import Tap
from tests.app.site import Site
from tests.app.vendors import Vendor
from tests.killed.life import Asked, Installation, live
from tests.smtp import Mailboxes, mailboxes
from tests.world import World, saltmarsh
from together.app import epoch
from together.services.signing_in.issuer import BuiltInIssuer
from together.store.keys import make_key_file

PATIENCE = 60
"""Seconds that a life may take."""

_processes = multiprocessing.get_context("forkserver")


@dataclass(slots=True)
class Stage:
    """A beginning that every life has in common, and what has come of one."""

    installation: Installation
    folder: Path
    sandbox: GoogleSandbox
    mails: Mailboxes
    world: World
    issuer: BuiltInIssuer
    beginning: dict[str, Any] = field(default_factory=dict)
    taken: int = 0
    """How many mails the server had taken when a life ended."""

    def asked(self, query: str, /, **variables: Any) -> Asked:
        """Make a request of Ada's."""
        token = self.issuer.token(self.world.ada.email, organization="saltmarsh", now=epoch())
        return Asked(token, query, variables)

    def set_back(self) -> None:
        """Put everything as it was at the beginning."""
        path = self._path
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
        shutil.copy(self._template, path)
        self.sandbox.load(self.beginning)
        self.mails.arrived.clear()
        self.taken = 0

    def begin_here(self) -> None:
        """Let all that stands now be the beginning."""
        with sqlite3.connect(self._path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        shutil.copy(self._path, self._template)
        self.beginning = dict(self.sandbox.dump())

    async def live(self, asked: Sequence[Asked], *, end: int | None = None) -> list[str]:
        """Live once, up to the step `end` or to the last; give the names of all its steps."""
        told = self.folder / "steps.txt"
        told.unlink(missing_ok=True)
        given = (self.installation, asked, end, told)
        process = _processes.Process(target=live, args=given)
        process.start()
        await asyncio.to_thread(process.join, PATIENCE)
        try:
            if told.exists():
                assert process.exitcode == 0
                return told.read_text().split("\n")
            assert (end, process.exitcode) == (end, -signal.SIGKILL)
            assert end is not None
            self.taken = len(self.mails.arrived)
            return []
        finally:
            if process.is_alive():
                process.kill()
                process.join()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Look into the database, past the program."""
        with sqlite3.connect(self._path) as connection:
            found = connection.execute(query).fetchall()
        connection.close()
        return found

    def events(self) -> list[dict[str, Any]]:
        """The events that stand in Ada's calendar."""
        return [
            each
            for each in self.sandbox.events(self.world.ada.email)
            if each.get("status") != "cancelled"
        ]

    @property
    def _path(self) -> Path:
        return Path(self.installation.database.removeprefix("sqlite:///"))

    @property
    def _template(self) -> Path:
        return self.folder / "beginning.db"


@asynccontextmanager
async def staged(migrated: Path, folder: Path, *, connected: bool) -> AsyncIterator[Stage]:
    """Set the stage: Ada and Ben are matched, and Ada's Google Calendar may be connected."""
    database = folder / "together.db"
    shutil.copy(migrated, database)
    keys = folder / "keys" / "keys.txt"
    make_key_file(keys)
    _processes.set_forkserver_preload(["tests.killed.life", "together_google"])
    async with served() as (base_url, mounts), mailboxes() as mails:
        sandbox = GoogleSandbox(clock=epoch, redirect_uris=[f"{base_url}/callback/google"])
        sandbox.switches.per_minute = 100_000
        issuer = BuiltInIssuer.made(f"{base_url}/issuer")
        mounts.app.routes.extend(
            [Mount("/sandbox/google", app=sandbox.app()), Mount("/issuer", app=issuer.app)]
        )
        settings = sandbox.settings(f"{base_url}/sandbox/google")
        environ = {f"TOGETHER_GOOGLE_{name}": value for name, value in settings.items()}
        installation = Installation(base_url, f"sqlite:///{database}", keys, environ, mails.port)
        app = installation.app()
        async with app.running():
            world = await saltmarsh(now=epoch())
            transport = httpx.ASGITransport(app.asgi)
            async with httpx.AsyncClient(transport=transport, base_url=base_url) as web:
                if connected:
                    await _connect(app, issuer, world, web, sandbox, base_url)
        stage = Stage(installation, folder, sandbox, mails, world, issuer)
        shutil.copy(database, folder / "beginning.db")
        stage.beginning = dict(sandbox.dump())
        yield stage


async def _connect(app: Any, issuer: Any, world: World, web: Any, sandbox: Any, base: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as browser:

        async def walk(_web: httpx.AsyncClient, url: str, **how: Any) -> str:
            return await walk_consent(browser, url, **how)

        vendor = Vendor("google", "Google Calendar", sandbox, None, lambda inner: inner, walk)
        site = Site(
            app, {"google": vendor}, issuer, world, web, epoch(), Tap(httpx.AsyncHTTPTransport())
        )
        outcome = await site.connect(world.ada, options={"returnTo": f"{base}/connected"})
        assert outcome["__typename"] == "CompleteCalendarConnectionPayload"


@dataclass(slots=True)
class _Mounts:
    app: Starlette


@asynccontextmanager
async def served() -> AsyncIterator[tuple[str, _Mounts]]:
    """Serve on a free port of this machine what is mounted later."""
    mounts = _Mounts(Starlette())
    config = uvicorn.Config(
        mounts.app, host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="none"
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110  (it has no event to wait for)
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", mounts
    finally:
        server.should_exit = True
        await serving
