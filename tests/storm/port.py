"""Where a storm passes over: servers, workers, services, a database and a mail server."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import random
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from starlette.routing import Mount

from tests.app.vendors import SLUGS, Vendor, vendor
from tests.killed.stage import served
from tests.postgres import Server
from tests.smtp import Mailboxes, mailboxes
from tests.storm.lives import Installation, serves, works
from tests.storm.weather import CALM_HEADER, Weather
from tests.world import World, match, saltmarsh
from together.app import epoch
from together.services.signing_in.issuer import BuiltInIssuer
from together.store.database import Database
from together.store.keys import make_key_file
from together.store.models import Match, Member
from together.store.transaction import transaction

STARTING, ENDING = 60, 30
"""Seconds that a process may take."""

_processes = multiprocessing.get_context("forkserver")

HOME = {
    "ada": "google",
    "hana": "google",
    "elin": "outlook",
    "farid": "outlook",
    "ben": "",
    "grace": "",
}
"""Everybody in the storm, and the service that their calendar is at."""


class Balancer(httpx.AsyncBaseTransport):
    """Brings whatever is for the application to one of its servers, and the rest where it goes."""

    def __init__(self, base_url: str, chance: random.Random) -> None:
        self._base, self._chance = httpx.URL(base_url), chance
        self._inner = httpx.AsyncHTTPTransport(trust_env=False)
        self.ports: list[int] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        here = (request.url.host, request.url.port) == (self._base.host, self._base.port)
        if here and not request.url.path.startswith(("/sandbox", "/issuer")):
            request.url = request.url.copy_with(port=self._chance.choice(self.ports))
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass(slots=True)
class Port:
    """Everything that is there, and hands on it."""

    installation: Installation
    folder: Path
    world: World
    matches: Sequence[Match]
    people: dict[int, str]
    """Row id of a member → first name."""
    vendors: dict[str, Vendor]
    weathers: Sequence[Weather]
    mails: Mailboxes
    issuer: BuiltInIssuer
    web: httpx.AsyncClient
    balancer: Balancer
    database: asyncpg.Pool
    servers: list[Any] = field(default_factory=list)
    workers: list[Any] = field(default_factory=list)
    started: int = 0

    def member(self, name: str) -> Member:
        return getattr(self.world, name)

    async def start_servers(self, how_many: int) -> None:
        """Start servers, and wait until each has a port."""
        files = [self.folder / f"port-{number}" for number in range(how_many)]
        for port_file in files:
            self.servers.append(self._start(serves, self.installation, port_file))
        async with asyncio.timeout(STARTING):
            while not all(each.exists() and each.read_text() for each in files):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        self.balancer.ports = [int(each.read_text()) for each in files]

    def start_worker(self) -> None:
        self.workers.append(self._start(works, self.installation))

    def kill_worker(self, which: int) -> None:
        """End one where it is, and start another in its place."""
        self.workers[which].kill()
        self.workers.pop(which)
        self.start_worker()

    async def stop_workers(self) -> None:
        """End all of them as one does in earnest, and see that they end well."""
        for each in self.workers:
            each.terminate()
        for each in self.workers:
            await asyncio.to_thread(each.join, ENDING)
        codes = {each.exitcode for each in self.workers}
        # One may have been told before it heeds anything.
        assert codes <= {0, -signal.SIGTERM}, codes
        self.workers.clear()

    async def rows(self, query: str, *arguments: Any) -> list[Any]:
        """Look into the database, past the program."""
        return await self.database.fetch(query, *arguments)

    def calm(self, calm: bool) -> None:
        for each in self.weathers:
            each.calm = calm

    def end(self) -> None:
        for each in (*self.servers, *self.workers):
            if each.is_alive():
                each.kill()
            each.join()

    def logs(self) -> str:
        """What the processes complained of."""
        return "\n".join(each.read_text()[-4000:] for each in sorted(self.folder.glob("*.log")))

    def _start(self, life: Any, *given: Any) -> Any:
        self.started += 1
        log = self.folder / f"{self.started}-{life.__name__}.log"
        process = _processes.Process(target=life, args=(*given, log))
        process.start()
        return process


@asynccontextmanager
async def opened(
    server: Server, database: str, folder: Path, chance: random.Random
) -> AsyncIterator[Port]:
    """Open it with everybody in it, and nobody connected."""
    keys = folder / "keys" / "keys.txt"
    make_key_file(keys)
    _processes.set_forkserver_preload(["tests.storm.lives", "together_google", "together_outlook"])
    async with AsyncExitStack() as stack:
        base_url, mounts = await stack.enter_async_context(served())
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # it tells of torn answers
        mails = await stack.enter_async_context(mailboxes())
        vendors = {slug: vendor(slug, base_url, clock=epoch) for slug in SLUGS}
        weathers = [Weather(each.sandbox.app(), chance) for each in vendors.values()]
        issuer = BuiltInIssuer.made(f"{base_url}/issuer")
        mounts.app.routes.extend(
            [
                *(
                    Mount(f"/sandbox/{slug}", app=weather)
                    for slug, weather in zip(vendors, weathers, strict=True)
                ),
                Mount("/issuer", app=issuer.app),
            ]
        )
        balancer = Balancer(base_url, chance)
        web = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=balancer,
                base_url=base_url,
                headers={CALM_HEADER.decode(): "1"},
                timeout=60,
            )
        )
        for slug, each in vendors.items():
            each.sandbox.switches.set({"retry_after": "1"})
            each.sandbox.connect(web)
            for name, home in HOME.items():
                if home == slug:
                    each.sandbox.add_account(f"{name}@saltmarsh.example.org", name=name)
        environ = {
            f"TOGETHER_{slug.upper()}_{name}": value
            for slug, each in vendors.items()
            for name, value in each.settings.items()
        }
        pool = await asyncpg.create_pool(
            host=str(server.sockets),
            port=server.port,
            user="postgres",
            database=database,
            min_size=1,
            max_size=3,
        )
        stack.push_async_callback(pool.close)
        world, matches = await _filled(server.url(database))
        port = Port(
            installation=Installation(base_url, server.url(database), keys, environ, mails.port),
            folder=folder,
            world=world,
            matches=matches,
            people={getattr(world, name).id: name for name in HOME},
            vendors=vendors,
            weathers=weathers,
            mails=mails,
            issuer=issuer,
            web=web,
            balancer=balancer,
            database=pool,
        )
        stack.callback(port.end)
        await port.start_servers(2)
        for _ in range(2):
            port.start_worker()
        yield port
        for each in vendors.values():
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await each.sandbox._desk.teller.told()


async def _filled(url: str) -> tuple[World, list[Match]]:
    """Match everybody with somebody, and three of them in a group."""
    database = await Database.open(url)
    try:
        async with database.entered():
            world = await saltmarsh(now=epoch())

            async def more() -> list[Match]:
                return [
                    await match(world.elin, world.grace, now=epoch()),
                    await match(world.hana, world.farid, now=epoch()),
                    await match(world.ada, world.ben, world.elin, world.hana, now=epoch()),
                ]

            return world, [world.match, *await transaction(more)]
    finally:
        await database.close()
