"""From nothing, or from any older state, to this program's tables."""

import asyncio
import stat
from typing import Any

import pytest
from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.utils import generate_schema_for_client

from tests.store.schema import as_before, contents, described, fill
from together.store import migrate as module
from together.store.database import Database, DatabaseUnavailable
from together.store.migrate import NewerDatabase, NotMigrated, migrate, pending, steps

ALL = [step.name for step in steps()]
GUARDS = (
    "same_organization",
    "seat_no_overlap",
    "ends_after_start",
    "append_only",
    "member_status_follows",
)


async def _described(url: str) -> set[tuple[str, ...]]:
    database = Database(url)
    await database.connect()
    async with database.entered():
        found = await described(database)
    await database.close()
    return found


async def test_a_migrated_database_is_what_the_models_say(empty_url: str, database_url: str):
    """Tables made from the models differ from migrated ones only in what the database refuses."""
    if empty_url.startswith("sqlite"):
        module._make(Database(empty_url).path)
    made = Database(empty_url)
    await made.connect()
    async with made.entered():
        await made._load_models()
        await generate_schema_for_client(made.client, safe=False)
    await made.close()
    of_models, migrated = await _described(empty_url), await _described(database_url)
    beyond = {row for row in migrated - of_models if not any(rule in str(row) for rule in GUARDS)}
    assert (of_models - migrated, {row[2] for row in beyond}) == (
        set(),
        {
            "calendar_receives",
            "integration_in_use",
            "integration_member_source",
            "organization_integration_credential",
            "organization_integration_organization_id",
            "organization_video_organization_id",
            "video_meeting_booking_id",
        },
    )


async def test_a_filled_database_comes_through_every_step(empty_url: str, database_url: str):
    """Filled before each step, a database keeps every value and ends with a fresh one's schema."""
    before: dict[str, list[dict[str, Any]]] = {}
    for upto in range(1, len(ALL) + 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "steps", lambda upto=upto: steps()[:upto])
            assert await migrate(empty_url) == [ALL[upto - 1]]
        database = Database(empty_url)
        await database.connect()
        async with database.entered():
            assert as_before(await contents(database), before) == before
            await fill(database)
            before = await contents(database)
        await database.close()
        # A member is found by several words.
        assert {len(rows) for name, rows in before.items() if name != "member_word"} == {1}
    assert await _described(empty_url) == await _described(database_url)


async def test_two_at_once_take_each_step_once(empty_url: str):
    """Of three that migrate at once, each step is taken by one, and all find it taken."""
    taken = await asyncio.gather(*(migrate(empty_url) for _ in range(3)))
    assert sorted(name for names in taken for name in names) == ALL
    assert await pending(empty_url) == []


async def test_migrating_says_what_it_does_and_does_it_once(empty_url: str):
    """Each step is told as it is taken; a second run has nothing to do."""
    said: list[str] = []
    assert await pending(empty_url) == ALL
    assert await migrate(empty_url, say=said.append) == ALL
    assert await migrate(empty_url, say=said.append) == []
    assert said == ALL


async def test_a_step_that_fails_leaves_nothing(database_url: str, monkeypatch):
    """A step broken off in its middle has made no table, and is taken whole the next time."""
    broken = True

    async def maybe(_, editor):
        await editor.client.execute_query("CREATE TABLE half_made (id INT)")
        if broken:
            raise LookupError

    class Migration(migrations.Migration):
        operations = (ops.RunPython(maybe),)

    monkeypatch.setattr(module, "steps", lambda: [*steps(), Migration("m9998", "together")])
    before = await _described(database_url)
    with pytest.raises(LookupError):
        await migrate(database_url)
    assert (await _described(database_url), await pending(database_url)) == (before, ["m9998"])
    broken = False
    assert await migrate(database_url) == ["m9998"]
    assert {row[1] for row in await _described(database_url) - before} == {"half_made"}


async def test_a_newer_database_is_refused_by_name(database_url: str):
    """A database that a newer version has migrated is neither opened nor migrated."""
    database = await Database.open(database_url)
    await database.client.execute_query("INSERT INTO migration (name) VALUES ('m9999_future')")
    await database.close()
    for attempt in (Database.open, migrate, pending):
        with pytest.raises(
            NewerDatabase, match=r"newer version of Together .*m9999_future"
        ) as told:
            await attempt(database_url)
        assert told.value.steps == ["m9999_future"]


@pytest.mark.parametrize("upto", range(1, len(ALL)))
async def test_an_older_program_refuses_what_this_one_made(database_url: str, monkeypatch, upto):
    """A program that knows the first steps only names the others, and leaves the database alone."""
    monkeypatch.setattr(module, "steps", lambda: steps()[:upto])
    for attempt in (Database.open, migrate, pending):
        with pytest.raises(NewerDatabase) as told:
            await attempt(database_url)
        assert told.value.steps == ALL[upto:]


async def test_an_older_database_is_not_opened(empty_url: str):
    """A database without its tables says what to run."""
    if empty_url.startswith("sqlite"):
        with pytest.raises(
            DatabaseUnavailable, match=r"There is no database at .*together migrate"
        ):
            await Database.open(empty_url)
        module._make(Database(empty_url).path)
    with pytest.raises(NotMigrated, match=r"lacks m0001_initial.*together migrate"):
        await Database.open(empty_url)


def test_no_step_lets_tortoise_rebuild_a_table():
    """On SQLite a rebuild by Tortoise loses rows of child tables: such a step is our own."""
    rebuilding = (
        ops.AlterField,
        ops.RemoveField,
        ops.AddConstraint,
        ops.RemoveConstraint,
        ops.RenameConstraint,
        ops.RunSQL,  # cuts a trigger at its first semicolon
    )
    used = [(step.name, op) for step in steps() for op in step.operations]
    assert [pair for pair in used if isinstance(pair[1], rebuilding)] == []


async def test_a_new_sqlite_database_is_its_owners_alone(tmp_path):
    """The file, and what SQLite puts beside it, can be read by nobody else."""
    path = tmp_path / "together.db"
    await migrate(f"sqlite:///{path}")
    database = await Database.open(f"sqlite:///{path}")
    await database.client.execute_query("UPDATE organization SET name = ''")
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    await database.close()
    assert modes == dict.fromkeys(("together.db", "together.db-wal", "together.db-shm"), 0o600)


async def test_a_folder_that_is_not_there_is_said(tmp_path):
    """Where no file can be made, the answer names the place and the reason."""
    with pytest.raises(DatabaseUnavailable, match=r"at .*/none/t.db: No such file or directory"):
        await migrate(f"sqlite:///{tmp_path}/none/t.db")


async def test_a_name_that_is_too_long_is_said(tmp_path):
    """Where the system knows no file of such a name, it is not made, not there, and not a fault."""
    url = f"sqlite:///{tmp_path}/{'a' * 300}"
    with pytest.raises(DatabaseUnavailable, match=r"at .*/a{300}: File name too long\.$"):
        await migrate(url)
    with pytest.raises(
        DatabaseUnavailable, match=r"no database at .*/a{300}: run together migrate"
    ):
        await Database.open(url)
    assert await pending(url) == [step.name for step in steps()]
