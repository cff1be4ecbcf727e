"""The audit log: a chain in which a changed line shows."""

import asyncio
import hashlib
import json

import pytest

from tests.world import NOW, World
from together.store import audit
from together.store.database import Database
from together.store.models import AuditEntry


async def _lines(world: World, *subjects: str) -> None:
    for subject in subjects:
        await audit.record(
            world.saltmarsh.id, at=NOW, actor_id=world.chiara.id, action="made", subject=subject
        )


async def _changed(world: World, *, before: audit.Facts, after: audit.Facts) -> AuditEntry:
    return await audit.record(
        world.saltmarsh.id,
        at=NOW,
        actor_id=world.chiara.id,
        action="made",
        subject="match:1",
        before=before,
        after=after,
    )


async def _unguarded() -> None:
    """Go past the database, as somebody can who owns it."""
    database = Database.current()
    await database.client.execute_query(
        "DROP TRIGGER audit_entry_append_only_update"
        if database.dialect == "sqlite"
        else "DROP TRIGGER audit_entry_append_only ON audit_entry"
    )


async def test_each_line_follows_from_the_one_before(world: World):
    """An untouched log has no broken line, and each organization has a chain of its own."""
    await _lines(world, "match 1", "match 2")
    await audit.record(world.northlight.id, at=NOW, actor_id=None, action="made", subject="x")
    hashes = await AuditEntry.filter(organization_id=world.saltmarsh.id).order_by("id")
    assert [line.hash_before for line in hashes] == ["0" * 64, hashes[0].hash]
    assert [await audit.first_broken(o.id) for o in (world.saltmarsh, world.northlight)] == [
        None,
        None,
    ]


async def test_a_log_is_read_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch):
    """A chain goes on from page to page, and ends where it ends."""
    monkeypatch.setattr(audit, "_PAGE", 2)
    await _lines(world, *(f"match {n}" for n in range(5)))
    assert await audit.first_broken(world.saltmarsh.id) is None


async def test_what_was_there_before_and_after_is_in_the_chain(world: World):
    """Facts stand in one way of writing, and one of them changed, or taken out, shows."""
    facts = {"state": "ACTIVE", "mentees": ["b", "a"], "count": 2, "hidden": True, "none": None}
    line = await _changed(world, before={}, after=facts)
    assert (line.before, line.after) == (
        "{}",
        '{"count":2,"hidden":true,"mentees":["b","a"],"none":null,"state":"ACTIVE"}',
    )
    assert await audit.first_broken(world.saltmarsh.id) is None
    await _unguarded()
    for forged in ({"before": None}, {"after": "{}"}, {"before": None, "after": None}):
        await AuditEntry.filter(id=line.id).update(**forged)
        assert await audit.first_broken(world.saltmarsh.id) == line.id
        await AuditEntry.filter(id=line.id).update(before=line.before, after=line.after)
    assert await audit.first_broken(world.saltmarsh.id) is None


async def test_a_line_of_before_has_no_facts_given_to_it(world: World):
    """A line without facts follows as it always did; facts put into it later show."""
    await _lines(world, "match 1")
    line = await AuditEntry.get(subject="match 1")
    told = ["0" * 64, world.saltmarsh.id, NOW, world.chiara.id, "made", "match 1"]
    assert line.hash == hashlib.sha256(json.dumps(told).encode()).hexdigest()
    await _unguarded()
    await AuditEntry.filter(id=line.id).update(after="{}")
    assert await audit.first_broken(world.saltmarsh.id) == line.id


async def test_facts_are_bounded(world: World):
    """A long text is cut, and lists that are too long together stand as their lengths."""
    line = await _changed(world, before={"name": "x" * 500}, after={"domains": ["y" * 100] * 99})
    assert (line.before, line.after) == (f'{{"name":"{"x" * 320}"}}', '{"domains":99}')
    assert await audit.first_broken(world.saltmarsh.id) is None


async def test_lines_added_at_once_make_one_chain(world: World):
    """Ten lines written by ten tasks at the same moment still follow from one another."""
    await asyncio.gather(*(_lines(world, f"match {n}") for n in range(10)))
    assert await AuditEntry.all().count() == 10
    assert await audit.first_broken(world.saltmarsh.id) is None


async def test_a_line_changed_past_the_database_shows(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """Whoever takes the trigger away and changes a line leaves a chain that is broken there."""
    await _lines(world, "match 1", "match 2", "match 3")
    second = (await AuditEntry.all().order_by("id"))[1]
    await _unguarded()
    await AuditEntry.filter(id=second.id).update(actor_id=world.ben.id)
    monkeypatch.setattr(audit, "_PAGE", 1)
    assert await audit.first_broken(world.saltmarsh.id) == second.id
