"""A lost calendar is reminded of after 1, 3, 7 and 14 days, over a real mail server."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.diary import connect
from tests.services.office import Office
from tests.services.town import DISTRIBUTION, Town
from tests.smtp import mailboxes
from tests.world import DAY, HOUR, NOW, World, member
from together.providers.errors import ProviderUnavailable
from together.services.connections.integrations import own
from together.services.people.todos import Todos
from together.services.signing_in.viewer import Viewer
from together.store.models import Integration, IntegrationState, Job, Member

PLAIN = """\
Hello Ada Lindqvist,

Together cannot see your calendar any more: Memory Calendar, connected
as ada@elsewhere.example.net. That has been so since Monday 30 November
2026, 09:00 (Europe/Stockholm).

Access to the calendar has ended: it was taken back, the password was
changed, or the account's rules have changed.

Until it is connected again, nobody is shown when you are free, and you
are not shown when they are.

To repair it, go to Profile > My Calendar > Calendar Integrations,
choose Memory Calendar, and sign in with the same account.

Calendar Integrations:
https://together.example.org/calendar-integrations

If you do not want to use this calendar here any more, choose Disconnect
there.

You are reminded 1, 3, 7 and 14 days after a calendar was lost, and then
no more.

Together, for Saltmarsh Institute
"""


async def test_on_four_days_and_no_more(world: World, office: Office):
    """One mail after 1, 3, 7 and 14 days each, however often the worker looks in a month."""
    await office.lose(world.ada)
    days = []
    for _ in range(30 * 4):
        office.clock.forward(6 * HOUR)
        before = len(office.boxes.arrived)
        await office.round()
        if len(office.boxes.arrived) > before:
            days.append((office.clock() - NOW) / DAY)
    assert days == [1, 3, 7, 14]
    assert office.told() == ["ada"] * 4
    assert len(set(office.boxes.ids)) == 4
    last = [
        each.part("plain").count("This was the last reminder.") for each in office.boxes.arrived
    ]
    assert last == [0, 0, 0, 1]


async def test_what_it_says(world: World, office: Office):
    """What is lost, whose account, why, since when by the clock of its owner, and what to do."""
    await office.lose(world.ada, email="ada@elsewhere.example.net")
    office.clock.forward(DAY)
    await office.round()
    [arrived] = office.boxes.arrived
    read = arrived.message
    assert {name: str(read[name]) for name in ("From", "To", "Subject", "Date")} == {
        "From": "Together <post@saltmarsh.example.org>",
        "To": "Ada Lindqvist <ada@saltmarsh.example.org>",
        "Subject": "Please reconnect your Memory Calendar",
        "Date": "Tue, 01 Dec 2026 08:00:00 +0000",
    }
    job = await Job.get(kind="REMIND_RECONNECT")
    assert str(read["Message-ID"]) == f"<{job.uid}@saltmarsh.example.org>"
    assert arrived.part("plain").replace("\r\n", "\n") == PLAIN
    assert (
        '<p><a href="https://together.example.org/calendar-integrations">'
        "Calendar Integrations</a></p>" in arrived.part("html")
    )


async def test_a_late_worker_sends_the_latest_only(world: World, office: Office):
    """After five days without a worker one mail goes out, and after the next nine the last one."""
    await office.lose(world.ada)
    for days in (5, 6, 9, 30):
        office.clock.now = NOW + days * DAY
        await office.round()
        await office.round()
    # 3 on the 5th, none on the 6th, 7 on the 9th, 14 on the 30th.
    assert len(office.boxes.arrived) == 3
    assert "This was the last reminder." in office.boxes.arrived[-1].part("plain")


async def test_a_new_loss_is_counted_anew(world: World):
    """Reconnecting ends the reminders; losing the calendar again begins them again."""
    async with mailboxes() as boxes:
        office = Office(boxes)
        town = Town(clock=office.clock, registry=office.registry)
        integration = await town.connect(world.ada)
        await office.lost(integration)
        for days in (1, 14):
            office.clock.now = NOW + days * DAY
            await office.round()
        await town.connect(world.ada)
        office.clock.forward(20 * DAY)
        await office.round()
        assert len(boxes.arrived) == 2
        await office.lost(integration)
        for _ in range(20):
            office.clock.forward(DAY)
            await office.round()
        assert len(boxes.arrived) == 6
        assert await Integration.all().count() == 1


@pytest.mark.parametrize("how", ["reconnected", "disconnected", "deactivated", "left", "again"])
async def test_cancelled_before_it_is_sent(world: World, how: str):
    """What was written down is not sent once the calendar is back or gone, or its member left."""
    async with mailboxes() as boxes:
        office = Office(boxes)
        town = Town(clock=office.clock, registry=office.registry)
        integration = await town.connect(world.ada)
        await office.lost(integration)
        office.clock.forward(DAY)
        assert await office.delivery.mails.remind() == 1
        match how:
            case "reconnected":
                await town.connect(world.ada)
            case "again":  # and lost again: its days are counted from then
                await town.connect(world.ada)
                await office.lost(integration)
            case "disconnected":
                await town.connecting.disconnect(Viewer.of(world.ada))
            case "deactivated":
                await Member.filter(id=world.ada.id).update(active=False)
            case "left":
                await town.members.deactivate_member(Viewer.of(world.chiara), world.ada.uid)
        await office.round()
        assert boxes.arrived == []
        assert await Job.filter(kind="REMIND_RECONNECT").values_list("state", flat=True) == ["DONE"]


async def test_a_calendar_that_cannot_be_reconnected(world: World, office: Office):
    """No mail asks to reconnect with a service that is not installed, or is another package."""
    await office.lose(world.ada)
    await office.lose(world.ben, distribution="another-memory")
    office.clock.forward(DAY)
    kept = office.registry.calendars.pop("memory")
    await office.round()
    assert office.told() == []
    office.registry.calendars["memory"] = kept
    office.clock.forward(2 * DAY)
    await office.round()
    assert office.told() == ["ada"]


async def test_an_outage_reminds_nobody(world: World, office: Office):
    """Thirty days of time-outs make no mail and no To-Do; they say since when, and heal."""
    integration = await connect(world.ada)
    office.diaries.of(world.ada).always = ProviderUnavailable()
    worker = office.worker()
    for _ in range(30):
        office.clock.forward(DAY)
        await worker.tidy()
        await office.send()
    began = NOW + DAY
    viewer = Viewer.of(world.ada)
    told = await own(viewer, registry=office.registry, now=office.clock())
    assert told is not None
    assert (told.integration.state, told.integration.unreadable_since) == (
        IntegrationState.ACTIVE,
        began,
    )
    assert [each.kind.value for each in await Todos(office.registry, office.clock).of(viewer)] == [
        "BOOK_NEXT_SESSION",
        "BOOK_NEXT_SESSION",
    ]
    assert (office.boxes.arrived, await Job.all().count()) == ([], 0)
    office.diaries.of(world.ada).always = None
    office.clock.forward(DAY)
    await worker.tidy()
    await integration.refresh_from_db()
    assert integration.unreadable_since is None


async def test_the_worker_reminds(world: World, office: Office):
    """The worker writes reminders down by itself, and sends them."""
    await office.lose(world.ada)
    office.clock.forward(DAY)
    worker, stop = office.worker(glance=0.02, tidy=0.05), asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    async with asyncio.timeout(5):
        while not office.boxes.arrived:  # noqa: ASYNC110  (what is waited for has no event)
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    stop.set()
    await running
    assert office.told() == ["ada"]


async def test_one_statement_when_nothing_is_due(
    world: World, office: Office, statements: list[str]
):
    """However many calendars are lost, connected or reminded of, a look costs one statement."""
    people = [
        Member(
            organization_id=world.saltmarsh.id,
            email=f"p{n}@saltmarsh.example.org",
            email_key=f"p{n}@saltmarsh.example.org",
            name=f"P {n}",
        )
        for n in range(3000)
    ]
    await Member.bulk_create(people)
    ids = await Member.filter(name__startswith="P ").order_by("id").values_list("id", flat=True)
    kinds = [
        {"state": IntegrationState.ACTIVE, "since": NOW - 30 * DAY},
        {"state": IntegrationState.NEEDS_RECONNECT, "since": NOW - DAY + 1},
        {"state": IntegrationState.NEEDS_RECONNECT, "since": NOW - 3 * DAY, "reminded": NOW},
        {
            "state": IntegrationState.NEEDS_RECONNECT,
            "since": NOW - 90 * DAY,
            "reminded": NOW - 76 * DAY,
        },
    ]
    await Integration.bulk_create(
        Integration(
            organization_id=world.saltmarsh.id,
            member_id=who,
            provider="memory",
            distribution=DISTRIBUTION,
            account_id=str(who),
            account_email="x@example.org",
            capabilities=3,
            **kinds[n % len(kinds)],
        )
        for n, who in enumerate(ids)
    )
    statements.clear()
    assert await office.delivery.mails.remind() == 0
    assert len(statements) == 1
    office.clock.forward(1)  # the second kind is due, all at once
    statements.clear()
    assert await office.delivery.mails.remind() == 750
    assert len(statements) < 100
    assert await Job.all().count() == 750
    assert await office.delivery.mails.remind() == 0


async def test_nobody_across_the_line(world: World, office: Office):
    """A mail goes to the member of the integration it is about, within their organization."""
    await office.lose(world.ada)
    await office.lose(world.mira)
    office.clock.forward(DAY)
    await office.round()
    signed = {
        each.receivers[0]: each.part("plain").strip().splitlines()[-1]
        for each in office.boxes.arrived
    }
    assert signed == {
        "ada@saltmarsh.example.org": "Together, for Saltmarsh Institute",
        "mira@northlight.example.com": "Together, for Northlight Guild",
    }
    foreign = await member(world.northlight, "Ada Lindqvist", "Europe/Oslo")
    assert foreign.email not in signed
