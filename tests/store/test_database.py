"""A database of an application: opened, entered, closed, shared with no other."""

import asyncio
import time

import pytest
from tortoise.exceptions import OperationalError

from tests.world import World
from together.store.clock import database_now
from together.store.database import BadDatabaseUrl, Database, DatabaseUnavailable
from together.store.migrate import migrate
from together.store.models import Booking, Member, Organization
from together.store.scope import Scope
from together.store.transaction import transaction


async def test_two_applications_share_nothing(empty_url: str, database_url: str):
    """Tasks of two applications in one process each write to the database they entered."""
    await migrate(empty_url)
    here, there = await Database.open(database_url), await Database.open(empty_url)

    async def work(database: Database, slug: str):
        async with database.entered():
            for number in range(5):
                await transaction(lambda n=number: Organization.create(slug=f"{slug}{n}", name=""))
            return sorted(await Organization.all().values_list("slug", flat=True))

    found = await asyncio.gather(work(here, "here"), work(there, "there"))
    await here.close()
    await there.close()
    assert found == [[f"{slug}{n}" for n in range(5)] for slug in ("here", "there")]


async def test_outside_of_any_database_nothing_is_read():
    """A task that entered no database is told so instead of getting somebody's."""
    with pytest.raises(RuntimeError, match="No database has been entered"):
        Database.current()
    with pytest.raises(RuntimeError):
        await Organization.all().count()


async def test_a_process_speaks_one_dialect_at_a_time(database: Database, tmp_path, request):
    """A database of the other kind is refused while one is open, and not afterwards."""
    if database.dialect == "sqlite":
        template = request.getfixturevalue("_postgres_template")
        other = request.getfixturevalue("postgres_server").url(template)
    else:
        other = f"sqlite:///{request.getfixturevalue('_sqlite_template')}"
    with pytest.raises(DatabaseUnavailable, match="another kind"):
        await Database.open(other)
    await database.close()
    await (await Database.open(other)).close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "together.db",
        "sqlite://together.db",
        "sqlite::memory:",
        "sqlite:///",
        "mysql://root@localhost/together",
        "postgres://localhost",
        "postgres://u:secret@localhost:port/together",
        "postgres://u:secret@[::1/together",
    ],
)
def test_an_address_of_no_database_is_refused(url: str):
    """The refusal shows the forms that are accepted and not the address, which holds a password."""
    with pytest.raises(BadDatabaseUrl) as told:
        Database(url)
    assert ("sqlite:///" in str(told.value), "secret" in str(told.value)) == (True, False)


def test_an_address_of_sqlite_is_relative_or_absolute():
    """Three slashes begin a relative path, four an absolute one."""
    found = [str(Database(f"sqlite:///{path}").path) for path in (".together/t.db", "/srv/t.db")]
    assert found == [".together/t.db", "/srv/t.db"]


async def test_a_server_that_is_not_there_is_said_without_its_password():
    """A PostgreSQL that cannot be reached is a sentence about what to look at."""
    with pytest.raises(DatabaseUnavailable, match="Is its address right") as told:
        await Database.open("postgres://u:secret@127.0.0.1:1/none")
    assert ("secret" in str(told.value), told.value.__cause__) == (False, None)


async def test_a_file_that_is_no_database_is_said(tmp_path):
    """A file of something else is not opened."""
    path = tmp_path / "letter.db"
    path.write_text("Dear Ada, " * 100)
    with pytest.raises(DatabaseUnavailable, match="cannot be opened"):
        await Database.open(f"sqlite:///{path}")


async def test_sqlite_is_durable_and_forgets(database: Database):
    """Each connection has foreign keys, a wait for locks, full durability and secure deletion."""
    if database.dialect != "sqlite":
        return
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 5_000,
    }
    for connection in database.client._opened:
        rows = {
            name: next(iter(await connection.execute_fetchall(f"PRAGMA {name}")))[0]
            for name in wanted
        }
        assert rows == wanted


async def test_what_is_sent_to_a_reader_cannot_write(world: World):
    """On SQLite a write that begins with a reading word is refused, and takes no turn of others."""
    database = Database.current()
    if database.dialect != "sqlite":
        return
    with pytest.raises(OperationalError, match="readonly"):
        await database.client.execute_query("WITH one AS (SELECT 1) DELETE FROM participant")


async def test_a_scope_is_the_door_to_one_organization(world: World):
    """A scope counts, finds and shows the rows of its organization and no others."""
    here, there = Scope(world.saltmarsh.id), Scope(world.northlight.id)
    assert [await scope(Member).count() for scope in (here, there)] == [12, 2]
    assert [
        await scope(Organization).values_list("slug", flat=True) for scope in (here, there)
    ] == [
        ["saltmarsh"],
        ["northlight"],
    ]
    assert (await here.get(Member, world.ada.uid)).id == world.ada.id


@pytest.mark.parametrize("uid", ["", "x" * 22, "x" * 5000, "a\x00b", "%", "é", "\ud800"])
async def test_foreign_missing_and_malformed_ids_are_one_answer(world: World, uid: str, caplog):
    """Each finds nothing, by one statement that is the same for all of them."""
    caplog.set_level("DEBUG", logger="tortoise.db_client")
    scope = Scope(world.saltmarsh.id)

    async def statements(asked: str) -> list[str]:
        caplog.clear()
        assert await scope.get(Member, asked) is None
        return [record.msg % (record.args[0], "") for record in caplog.records]

    assert await statements(uid) == await statements(world.mira.uid)
    assert await scope.get(Booking, uid) is None


async def test_the_database_tells_the_time(database: Database):
    """The clock for leases is the database's, in whole seconds, also inside a transaction."""
    before = int(time.time())
    told = [await database_now(), await transaction(database_now)]
    assert all(before <= now <= int(time.time()) + 1 for now in told)
