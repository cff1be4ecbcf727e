"""The audit log: a chain in which a changed line shows."""

import asyncio

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
    database = Database.current()
    await database.client.execute_query(
        "DROP TRIGGER audit_entry_append_only_update"
        if database.dialect == "sqlite"
        else "DROP TRIGGER audit_entry_append_only ON audit_entry"
    )
    await AuditEntry.filter(id=second.id).update(actor_id=world.ben.id)
    monkeypatch.setattr(audit, "_PAGE", 1)
    assert await audit.first_broken(world.saltmarsh.id) == second.id
