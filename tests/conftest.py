"""What every test may ask for: a fresh database, on each of the two kinds."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests import postgres, prepared_models
from tests.aside import aside
from tests.demo_process import prepared
from tests.world import World, saltmarsh
from together.store.database import Database
from together.store.migrate import migrate

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _models_prepared_once() -> Iterator[None]:
    with prepared_models.kept():
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """The session's PostgreSQL server, started when the first test asks for it."""
    with postgres.server() as server:
        yield server


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "together.db"
    aside(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def _postgres_template(postgres_server: postgres.Server) -> str:
    aside(postgres_server.run("CREATE DATABASE template"))
    aside(migrate(postgres_server.url("template")))
    return "template"


@pytest.fixture(params=["sqlite", "postgres"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Which database a test runs on: every test that asks for one runs on both."""
    return request.param


@pytest.fixture
async def empty_url(
    dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[str]:
    """The address of a database without tables; of SQLite, without a file."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name = f"empty{next(_numbers)}"
    await server.run(f"CREATE DATABASE {name}")
    yield server.url(name)
    await server.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database_url(
    dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[str]:
    """The address of a fresh migrated database."""
    if dialect == "sqlite":
        template: Path = request.getfixturevalue("_sqlite_template")
        yield f"sqlite:///{shutil.copy(template, tmp_path / 'together.db')}"
        return
    source: str = request.getfixturevalue("_postgres_template")
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name = f"test{next(_numbers)}"
    await server.run(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY file_copy")
    yield server.url(name)
    await server.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh migrated database, entered for the test."""
    database = await Database.open(database_url)
    try:
        async with database.entered():
            yield database
    finally:
        await database.close()


@pytest.fixture
async def world(database: Database) -> World:
    """Saltmarsh Institute and Northlight Guild, in a fresh database."""
    return await saltmarsh()


@pytest.fixture(scope="session")
def _prepared_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    own = tmp_path_factory.getbasetemp()
    return prepared(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture
def demo_folder(_prepared_demo: Path, tmp_path: Path) -> Path:
    """A demo's folder as its first start leaves it, for tests that are not about that start."""
    return shutil.copytree(_prepared_demo, tmp_path / "demo")
