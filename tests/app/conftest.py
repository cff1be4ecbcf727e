"""The whole application over the services' sandboxes, spoken to as a frontend does."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from together_google.testing import Discovery

from tests.app.serving import serving
from tests.app.site import Site
from tests.app.vendors import SLUGS
from tests.postgres import Server
from tests.services.conftest import statements

__all__ = ["statements"]


@pytest.fixture(scope="session")
def discovery() -> Discovery:
    """Google's own description of its API."""
    return Discovery.load()


@pytest.fixture
async def site(database_url: str, tmp_path: Path, discovery: Discovery) -> AsyncIterator[Site]:
    """Saltmarsh, served; everything sent to Google is held to Google's documents at the end."""
    async with serving(database_url, tmp_path, discovery) as site:
        yield site


@pytest.fixture(params=SLUGS)
def slug(request: pytest.FixtureRequest) -> str:
    """Each calendar service in turn."""
    return str(request.param)


@pytest.fixture
async def both(database_url: str, tmp_path: Path, discovery: Discovery) -> AsyncIterator[Site]:
    """Saltmarsh, served with every calendar service there is."""
    async with serving(database_url, tmp_path, discovery, services=SLUGS) as site:
        yield site


@pytest.fixture
async def fresh_url(
    dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Makes fresh migrated databases, for a test that needs several."""
    numbers = itertools.count(1)
    made: list[str] = []

    async def fresh() -> str:
        number = next(numbers)
        if dialect == "sqlite":
            template: Path = request.getfixturevalue("_sqlite_template")
            return f"sqlite:///{shutil.copy(template, tmp_path / f'world{number}.db')}"
        name = f"world{number}"
        await server.run(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY file_copy")
        made.append(name)
        return server.url(name)

    if dialect == "postgres":
        source: str = request.getfixturevalue("_postgres_template")
        server: Server = request.getfixturevalue("postgres_server")
    yield fresh
    for name in made:
        await server.run(f"DROP DATABASE {name} WITH (FORCE)")
