"""A database of the first step, taken through all later ones with everything in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import postgres
from tests.aside import aside
from tests.services.diary import REGISTRY, Diaries
from tests.store import first_world
from tests.store.first_world import (
    ADA,
    BEN,
    DEV,
    GIVEN_UP,
    HANA,
    LOST_LATELY,
    LOST_LONG_AGO,
    MIRA,
    POLLED,
    READY,
    REFUSED,
    UNWRITTEN,
)
from tests.store.schema import as_before, contents
from tests.world import DAY, NOW, FakeClock
from together.services.availability.busy import Busy
from together.services.connections import reminders
from together.services.connections.choosing import Choosing
from together.services.outbox.delivery import Delivery
from together.store import audit
from together.store.database import Database
from together.store.migrate import NotMigrated, migrate, steps
from together.store.models import (
    Booking,
    BusyBlock,
    CalendarRow,
    Integration,
    Job,
    JobState,
    OrganizationIntegration,
)
from together.store.refused import ForeignRow, Taken

LATER = [step.name for step in steps()[1:]]


async def _made(url: str) -> None:
    await first_world.make(url)
    await migrate(url)


@pytest.fixture(scope="module")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Let `database` be one that came from the first step, with everything in it."""
    path = tmp_path_factory.mktemp("first") / "together.db"
    aside(_made(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="module")
def _postgres_template(postgres_server: postgres.Server) -> str:
    aside(postgres_server.run("CREATE DATABASE from_the_first"))
    aside(_made(postgres_server.url("from_the_first")))
    return "from_the_first"


@pytest.fixture
def diaries() -> Diaries:
    return Diaries()


async def test_nothing_is_lost(empty_url: str):
    """Every table of the first step has rows, and all of them stay as they were."""
    await first_world.make(empty_url)
    with pytest.raises(NotMigrated, match=f"lacks {', '.join(LATER)}:"):
        await Database.open(empty_url)
    database = Database(empty_url)
    await database.connect()
    async with database.entered():
        before = await contents(database)
        assert [table for table, rows in before.items() if not rows] == []
        said: list[str] = []
        await migrate(empty_url, say=said.append)
        assert said == LATER
        assert as_before(await contents(database), before) == before
    await database.close()


async def test_the_audit_log_is_unbroken(database: Database):
    """Lines of before follow one from the other, and the next one follows from them."""
    await audit.record(1, at=NOW, actor_id=ADA, action="calendar.connected", subject="member:1")
    assert await audit.first_broken(1) is None


async def test_integrations_begin_as_new_ones(database: Database):
    """No reminder is written down, no turn taken and nothing spent; every list is due."""
    columns = ("reminded", "tried_at", "choice", "choices_spent", "listed_at")
    assert set(await Integration.all().values_list(*columns)) == {(0, None, 0, 0, 0)}
    kept = ("missing_since", "counted", "received")
    assert set(await CalendarRow.all().values_list(*kept)) == {(None, False, False)}
    assert set(await Job.all().values_list("generation", flat=True)) == {None}
    assert await OrganizationIntegration.all().count() == 0


async def test_links_that_nothing_asks_for_are_given_up(database: Database):
    """A link is given up where no job of its booker's calendar is to bring it, or will be."""
    given_up = Booking.filter(link_given_up=True).order_by("id").values_list("id", flat=True)
    assert await given_up == GIVEN_UP


async def test_the_sweep_and_the_lists_go_on(database: Database, diaries: Diaries):
    """Every calendar that is connected is listed and read once, and then nothing is due."""
    clock = FakeClock()
    busy = Busy(diaries, clock)
    choosing = Choosing(diaries, busy, clock)
    assert [await choosing.sweep(), await choosing.sweep()] == [3, 0]
    assert [await busy.sweep(), await busy.sweep()] == [3, 0]
    assert diaries.calls == {member: ["busy"] for member in (ADA, HANA, MIRA)}
    read = Integration.filter(read_at=NOW, listed_at=NOW, tried_at=NOW, unreadable_since=None)
    assert await read.order_by("id").values_list("id", flat=True) == [ADA, HANA, MIRA]
    assert await BusyBlock.all().count() == 0
    assert await CalendarRow.filter(counts=True, receives=True).count() == 5


async def test_a_loss_of_before_is_reminded_of_once(database: Database):
    """Whoever waits for weeks gets the latest reminder and no other; whoever for days goes on."""

    async def reminded() -> list[int]:
        assert (await reminders.write_down(now=NOW), await reminders.write_down(now=NOW)) == (2, 0)
        jobs = Job.filter(kind="REMIND_RECONNECT", generation=2).order_by("integration_id")
        return list(await jobs.values_list("integration_id", flat=True))

    assert await reminded() == [LOST_LONG_AGO, LOST_LATELY]
    after = {each.id: each.reminded - each.since for each in await Integration.all()}
    assert (after[BEN], after[DEV]) == (14 * DAY, DAY)
    await Job.filter(kind="REMIND_RECONNECT").update(state=JobState.DONE)
    assert [await reminders.write_down(now=NOW + days * DAY) for days in (1, 2, 5, 12)] == [
        1, 0, 1, 1,
    ]  # fmt: skip


async def test_the_outbox_goes_on(database: Database, diaries: Diaries):
    """What waited is delivered, and a session gets the link that was still to come."""
    delivery = Delivery(diaries, REGISTRY, FakeClock())
    for _ in range(9):
        await Job.filter(state=JobState.WAITING).update(due_at=0, leased_until=None)
        if not await delivery.run_once():
            break
    links = {
        row.id: (row.join_url, row.link_given_up)
        for row in await Booking.filter(id__in=[READY, REFUSED, UNWRITTEN])
    }
    there = ("https://meet.example.net/abc", False)
    assert links == {READY: there, REFUSED: (None, True), UNWRITTEN: there}
    assert await Job.filter(booking_id=POLLED).values_list("state", flat=True) == [JobState.DONE]


async def test_one_row_of_each(database: Database):
    """An organization has one offer, which stays with it, and a member has one calendar."""
    offer = await OrganizationIntegration.create(organization_id=1, offered=["memory"])
    with pytest.raises(Taken) as told:
        await OrganizationIntegration.create(organization_id=1)
    assert told.value.columns == ("organization_id",)
    with pytest.raises(ForeignRow):
        await OrganizationIntegration.filter(id=offer.id).update(organization_id=2)
    with pytest.raises(Taken) as told:
        await Integration.create(
            organization_id=1,
            member_id=ADA,
            provider="other",
            distribution="together",
            account_id="ada",
            account_email="ada@elsewhere.example.net",
            capabilities=3,
            since=NOW,
        )
    assert told.value.columns[:1] == ("member_id",)
