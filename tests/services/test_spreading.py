"""Whose calendar gets an event of its own: that of everybody whose grant stands."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.desk import Desk
from tests.services.diary import connect
from tests.world import DAY, HOUR, NOW
from together.domain.integration import Standing
from together.providers.errors import ProviderUnavailable
from together.providers.values import Capability
from together.services.availability.circle import standings
from together.services.outbox.delivery_state import DeliveryState
from together.store.models import Booking, CalendarEvent, CalendarRow, Integration, Member

UNREAD: dict[str, Any] = {
    "since": NOW - 9 * DAY, "read_at": NOW - 25 * HOUR, "unreadable_since": NOW - 25 * HOUR
}  # fmt: skip
"""A calendar that nobody could read for a day and an hour."""


async def _standing(desk: Desk, member: Member) -> Standing:
    told = await standings([member.id], member.organization_id, now=desk.clock())
    return told[member.id][1]


async def test_not_read_for_a_day(desk: Desk):
    """A guest who is not integrated, because of an outage alone, gets the session all the same."""
    ben = desk.world.ben
    await connect(ben, **UNREAD)
    booking = await desk.book()
    await desk.run()
    assert await _standing(desk, ben) is Standing.NOT_INTEGRATED
    [draft] = desk.events(ben)
    assert (draft.key, draft.guests, draft.wants_meeting) == (booking.event_key, (), False)
    assert await desk.state(booking, ben) is DeliveryState.DELIVERED
    assert desk.diaries.calls == {ben.id: ["create"]}


async def test_not_read_for_a_day_on_another_account(desk: Desk):
    """Where the booker's calendar invites a guest whose account is another, their copy comes."""
    ada, ben = desk.world.ada, desk.world.ben
    await connect(ada)
    await connect(ben, email="ben.home@example.com", **UNREAD)
    desk.diaries.of(ben).failing = [ProviderUnavailable()]
    await desk.book()
    assert await _standing(desk, ben) is Standing.NOT_INTEGRATED
    await desk.run()
    [invited], [copy] = desk.events(ada), desk.events(ben)
    assert (invited.guests, copy.guests, copy.place) == (
        (ben.email,),
        (),
        "https://meet.example.net/abc",
    )


async def test_the_service_is_still_down(desk: Desk):
    """The copy waits for the service, however long, and is made once when it is back."""
    ben = desk.world.ben
    await connect(ben, **UNREAD)
    desk.diaries.of(ben).always = ProviderUnavailable()
    booking = await desk.book()
    for _ in range(5):
        await desk.once()
    assert (desk.events(ben), await desk.state(booking, ben)) == ([], DeliveryState.PENDING)
    # A write that fails says nothing about reading, and neither does one that works.
    assert (await Integration.get(member_id=ben.id)).unreadable_since == UNREAD["unreadable_since"]
    desk.diaries.of(ben).always = None
    await desk.run()
    assert len(desk.events(ben)) == 1
    assert await desk.state(booking, ben) is DeliveryState.DELIVERED
    assert (await Integration.get(member_id=ben.id)).unreadable_since == UNREAD["unreadable_since"]


async def test_no_calendar_counts(desk: Desk):
    """A guest who shows nobody their busy times still has the session written where they chose."""
    ben = desk.world.ben
    await connect(ben)
    await CalendarRow.filter(integration__member_id=ben.id).update(counts=False)
    await desk.book()
    await desk.run()
    assert len(desk.events(ben)) == 1


@pytest.mark.parametrize(
    "cannot", ["read only", "lost grant", "no calendar receives", "has left", "not connected"]
)
async def test_whose_calendar_cannot_be_written(desk: Desk, cannot: str):
    """Nothing is written, or waits to be, where the grant does not stand or does not buy it."""
    ben = desk.world.ben
    if cannot != "not connected":
        await connect(ben)
    theirs = Integration.filter(member_id=ben.id)
    booking = await desk.book()
    match cannot:
        case "read only":
            await theirs.update(capabilities=Capability.FREE_BUSY.value)
        case "lost grant":
            await theirs.update(state="NEEDS_RECONNECT", reason="AuthorizationExpired")
        case "no calendar receives":
            await CalendarRow.filter(integration__member_id=ben.id).update(receives=False)
        case "has left":
            await Member.filter(id=ben.id).update(active=False)
    await desk.run()
    assert (desk.diaries.calls, await CalendarEvent.all().count()) == ({}, 0)
    assert await desk.state(booking, ben) is DeliveryState.NOT_SENT


async def test_the_booker_learns_nothing(desk: Desk):
    """Whether a guest's calendar is written although nobody can read it is the guest's to know."""
    seen = []
    for n in range(2):
        if n:
            await connect(desk.world.ben, **UNREAD)
        booking = await desk.book(start=NOW + DAY + n * HOUR)
        states = [await desk.state(booking, desk.world.ada)]
        await desk.run()
        states.append(await desk.state(booking, desk.world.ada))
        row = await Booking.get(id=booking.id)
        seen.append((states, row.join_url, row.video, row.state))
    assert seen[0] == seen[1]
