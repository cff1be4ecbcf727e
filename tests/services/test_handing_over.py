"""Disconnecting makes Together the organizer of the sessions that the calendar held."""

from __future__ import annotations

import httpx
import pytest

from tests.services.desk import NINE
from tests.services.handovers import Handovers
from tests.world import DAY, HOUR, World
from together.services.connections import revoking
from together.services.outbox import delivery, withdrawing
from together.services.outbox.delivery_state import DeliveryState
from together.services.refusals import NotConnected
from together.store.models import (
    AuditEntry,
    Booking,
    CalendarEvent,
    Job,
    JobKind,
    JobState,
    LeftEvent,
)

DELIVERED, PENDING = DeliveryState.DELIVERED, DeliveryState.PENDING


@pytest.fixture
async def leaving(world: World) -> Handovers:
    return await Handovers.of(world, world.ada)


async def test_handed_over(leaving: Handovers):
    """The event is taken away before the grant is revoked, and everybody is written to, once."""
    booking = await leaving.book()
    await leaving.deliver()
    assert leaving.standing() == [booking.event_key]
    assert leaving.letters(booking) == {}
    asked = len(leaving.town.sandbox.requests)
    await leaving.leave()
    assert await leaving.told(booking) == [PENDING, PENDING]
    await leaving.deliver()
    done = leaving.town.sandbox.requests[asked:]
    assert [each.split("/")[0] for each in done] == ["DELETE ", "POST "]
    await leaving.is_together_s(booking, "ada", "ben")
    await leaving.is_settled()
    assert await leaving.told(booking) == [DELIVERED, DELIVERED]
    assert (await Booking.get(id=booking.id)).sequence == booking.sequence + 1
    assert leaving.town.sandbox.state["grants"] == {}
    for each in leaving.post.letters:
        assert "goes on as planned" in each.text
        assert "delete it: it is not kept up to date" in each.text
    line = await AuditEntry.filter(action="calendar.disconnected").get()
    assert line.after == '{"sessions_handed_over":1}'


async def test_nothing_was_written_yet(leaving: Handovers):
    """What nobody had begun to write is never written, and the mail replaces nothing."""
    booking = await leaving.book()
    await leaving.leave()
    await leaving.deliver()
    await leaving.is_together_s(booking, "ada", "ben")
    await leaving.is_settled()
    assert ["replaces" in each.text for each in leaving.post.letters] == [False, False]
    assert "PUT" not in {each.split()[0] for each in leaving.town.sandbox.requests}


async def test_whether_it_was_written_is_not_known(leaving: Handovers):
    """An event that may have been made is looked for by its key, and taken away."""
    booking = await leaving.book()
    lost = iter([True])

    class Lost(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await inner.handle_async_request(request)
            if request.method == "PUT" and next(lost, False):
                raise httpx.ReadError("lost")
            return response

    inner, leaving.town.transport._inner = leaving.town.transport._inner, Lost()
    await leaving.once()
    assert leaving.standing() == [booking.event_key]
    assert (await CalendarEvent.get()).event_id is None
    await leaving.leave()
    await leaving.deliver()
    await leaving.is_together_s(booking, "ada", "ben")
    await leaving.is_settled()


async def test_the_service_is_down(leaving: Handovers):
    """The mails leave at once, the grant is kept for the event, and both go once it is back."""
    booking = await leaving.book()
    await leaving.deliver()
    await leaving.leave()
    leaving.town.sandbox.down = True
    for _ in range(5):
        await leaving.once()
        await Job.all().update(leased_until=None)
    assert leaving.letters(booking) == {"ada": [("REQUEST", 1)], "ben": [("REQUEST", 1)]}
    assert leaving.standing() == [booking.event_key]
    assert (await Job.get(kind=JobKind.REVOKE_GRANT)).sealed is not None
    leaving.town.sandbox.down = False
    await leaving.deliver()
    await leaving.is_together_s(booking, "ada", "ben")
    await leaving.is_settled()


async def test_down_for_seven_days(leaving: Handovers, monkeypatch: pytest.MonkeyPatch):
    """Then the copy is destroyed unused; the same account, connected again, takes it away."""
    booking = await leaving.book()
    await leaving.deliver()
    await leaving.leave()
    later = (await Job.get(kind=JobKind.REVOKE_GRANT)).created_at + 7 * DAY

    async def in_seven_days() -> int:
        return later

    monkeypatch.setattr(revoking, "database_now", in_seven_days)
    await leaving.deliver()
    revoked, parked = await Job.filter(
        kind__in=[JobKind.REVOKE_GRANT, JobKind.WITHDRAW_EVENT]
    ).order_by("kind")
    assert (revoked.state, revoked.sealed) == (JobState.DONE, None)
    assert (parked.state, parked.reason) == (JobState.PARKED, "AuthorizationExpired")
    assert leaving.standing() == [booking.event_key]
    monkeypatch.undo()
    await leaving.come_back()
    await leaving.deliver()
    await leaving.is_together_s(booking, "ada", "ben")
    await leaving.is_settled()


async def test_the_grant_was_dead(leaving: Handovers):
    """Nothing can be taken away, everybody is told to do it, and it is done by who comes back."""
    booking = await leaving.book()
    await leaving.deliver()
    leaving.town.sandbox.revoke(leaving.world.ada.email)
    leaving.town.clock.forward(2 * HOUR)
    await leaving.leave()
    await leaving.deliver()
    assert leaving.standing() == [booking.event_key]
    assert leaving.letters(booking) == {"ada": [("REQUEST", 1)], "ben": [("REQUEST", 1)]}
    assert all("If that is not taken away there, delete it" in e.text for e in leaving.post.letters)
    await leaving.come_back()
    await leaving.deliver()
    await leaving.is_together_s(booking, "ada", "ben")
    await leaving.is_settled()


async def test_back_again(leaving: Handovers):
    """The same account resurrects nothing: the session stays Together's, and ends as such."""
    booking = await leaving.book()
    await leaving.deliver()
    await leaving.leave()
    await leaving.come_back()
    await leaving.deliver()
    await leaving.is_together_s(booking, "ada", "ben")
    await leaving.leave()
    with pytest.raises(NotConnected):
        await leaving.leave()
    await leaving.come_back()
    await leaving.deliver()
    await leaving.is_together_s(booking, "ada", "ben")
    await leaving.is_settled()
    await leaving.bookings.cancel(leaving.ada, booking.uid)
    await leaving.deliver()
    told = [("REQUEST", 1), ("CANCEL", 2)]
    assert leaving.letters(booking) == {"ada": told, "ben": told}
    assert leaving.standing() == []


async def test_cancelled_before_anybody_was_written_to(leaving: Handovers):
    """Whoever had it from the calendar hears that it is off, and the event is taken away."""
    booking = await leaving.book()
    await leaving.deliver()
    await leaving.leave()
    await leaving.bookings.cancel(leaving.ada, booking.uid)
    await leaving.deliver()
    assert leaving.standing() == []
    told = [("CANCEL", 2)]
    assert leaving.letters(booking) == {"ada": told, "ben": told}
    await leaving.is_settled()


async def test_cancelled_and_then_disconnected(leaving: Handovers):
    """What is to be taken away already, still is, and nobody is written to by Together."""
    booking = await leaving.book()
    await leaving.deliver()
    await leaving.bookings.cancel(leaving.ada, booking.uid)
    await leaving.leave()
    await leaving.deliver()
    assert (leaving.standing(), leaving.letters(booking)) == ([], {})
    await leaving.is_settled()


async def test_sessions_that_are_over_stay(leaving: Handovers):
    """Of what has taken place nothing is taken away, and nobody is written to."""
    over = await leaving.book()
    ahead = await leaving.book(start=NINE + 4 * HOUR)
    await leaving.deliver()
    leaving.town.clock.now = NINE + HOUR
    await leaving.leave()
    await leaving.deliver()
    assert leaving.standing() == [over.event_key]
    assert leaving.letters(over) == {}
    await leaving.is_together_s(ahead, "ada", "ben")


async def test_a_session_that_ends_before_the_service_is_back(leaving: Handovers):
    """Nobody is told by the service that a session is off which has taken place."""
    booking = await leaving.book()
    await leaving.deliver()
    await leaving.leave()
    leaving.town.clock.now = NINE + HOUR
    await leaving.deliver()
    assert leaving.standing() == [booking.event_key]
    assert not await LeftEvent.exists()
    await leaving.is_settled()


class Killed(BaseException):
    """The end of a process, which nothing catches."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("where", "name"),
    [
        (withdrawing, "_left"),
        (withdrawing, "_taken_away"),
        (revoking, "stands"),
        (delivery, "settle"),
    ],
)
async def test_killed(leaving: Handovers, monkeypatch, where, name: str, when: str):
    """Killed on either side of any step, whoever comes next leaves no event and one mail each."""
    booking = await leaving.book()
    await leaving.deliver()
    await leaving.leave()
    step, alive = getattr(where, name), [True]

    async def killing(*args, **kwargs):
        if when == "before" and alive:
            alive.clear()
            raise Killed
        done = await step(*args, **kwargs)
        if alive:
            alive.clear()
            raise Killed
        return done

    for _ in range(3):
        alive[:] = [True]
        monkeypatch.setattr(where, name, killing)
        try:
            await leaving.once()
        except* Killed:
            pass
        monkeypatch.setattr(where, name, step)
        await Job.all().update(leased_until=None)
    await leaving.deliver()
    await leaving.is_settled()
    assert leaving.standing() == []
    assert {name: set(told) for name, told in leaving.letters(booking).items()} == {
        "ada": {("REQUEST", 1)},
        "ben": {("REQUEST", 1)},
    }
