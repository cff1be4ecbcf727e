"""To-Dos are derived from how things stand, so they come and go by themselves."""

from __future__ import annotations

import pytest

from tests.services.town import Town
from tests.world import DAY, HOUR, NOW, World, session
from together.providers.errors import AuthorizationExpired, RateLimited
from together.providers.registry import Registry
from together.services.connections import trouble
from together.services.people.todos import TodoKind, Todos
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    Booking,
    BookingState,
    Integration,
    IntegrationState,
    Match,
    MatchState,
    Member,
    Seat,
)


@pytest.fixture
def town() -> Town:
    return Town()


async def _todos(town: Town, member: Member) -> list[tuple[TodoKind, str]]:
    return [
        (todo.kind, (todo.match or todo.booking or todo.integration).uid)
        for todo in await Todos(town.registry, town.clock).of(Viewer.of(member))
    ]


async def test_a_match_without_a_session_ahead(town: Town, world: World):
    """Each active match asks for its next session; one that has ended does not."""
    assert await _todos(town, world.ada) == [
        (TodoKind.BOOK_NEXT_SESSION, world.match.uid),
        (TodoKind.BOOK_NEXT_SESSION, world.other_match.uid),
    ]
    assert await _todos(town, world.elin) == []
    assert await _todos(town, world.hana) == []


async def test_a_session_ahead_clears_it(town: Town, world: World):
    """It is gone while a session stands, and back when it is cancelled or over."""
    booking = await session(world.match, world.ada, world.ben, starts=town.clock() + DAY)
    assert await _todos(town, world.ben) == [(TodoKind.RESPOND_TO_SESSION, booking.uid)]
    await Booking.filter(id=booking.id).update(state=BookingState.CANCELLED)
    wanted = [(TodoKind.BOOK_NEXT_SESSION, world.match.uid)]
    assert await _todos(town, world.ben) == wanted
    await Booking.filter(id=booking.id).update(state=BookingState.CONFIRMED)
    town.clock.forward(2 * DAY)
    assert await _todos(town, world.ben) == wanted


async def test_a_session_that_waits_for_an_answer(town: Town, world: World):
    """Whoever has not answered is asked to, for each session by itself, until it begins."""
    start = town.clock() + DAY
    later = await session(world.match, world.ada, world.ben, starts=start + HOUR)
    first = await session(world.match, world.ada, world.ben, starts=start, created_at=NOW - 60)
    asked = [(TodoKind.RESPOND_TO_SESSION, each.uid) for each in (first, later)]
    assert await _todos(town, world.ben) == asked
    [todo, _] = await Todos(town.registry, town.clock).of(Viewer.of(world.ben))
    assert (todo.since, todo.booking) == (NOW - 60, first)
    for answer in ("ACCEPTED", "TENTATIVE", "DECLINED"):
        await Seat.filter(booking_id=first.id, member_id=world.ben.id).update(answer=answer)
        assert await _todos(town, world.ben) == asked[1:]
    town.clock.now = start + HOUR
    assert await _todos(town, world.ben) == []
    town.clock.now = start
    await Match.filter(id=world.match.id).update(state=MatchState.ENDED)
    assert await _todos(town, world.ben) == []


async def test_a_match_with_somebody_who_left(town: Town, world: World):
    """It asks for nothing, because nothing can be booked for it."""
    await Member.filter(id=world.ben.id).update(active=False)
    assert await _todos(town, world.ada) == [(TodoKind.BOOK_NEXT_SESSION, world.other_match.uid)]


async def test_a_lost_calendar(town: Town, world: World):
    """It comes first, with the reason in words and since when; reconnecting clears it."""
    integration = await town.connect(world.dev)
    lost_at = town.clock()
    with pytest.raises(AuthorizationExpired):
        async with trouble.noted(integration, clock=town.clock):
            raise AuthorizationExpired
    town.clock.forward(DAY)
    first, second = await Todos(town.registry, town.clock).of(Viewer.of(world.dev))
    assert (first.kind, first.since) == (TodoKind.RECONNECT_CALENDAR, lost_at)
    assert first.integration is not None
    assert (first.integration.uid, first.integration.account_email) == (
        integration.uid,
        world.dev.email,
    )
    assert first.reason is not None
    assert first.reason.startswith("Access to the calendar has ended")
    assert second.kind is TodoKind.BOOK_NEXT_SESSION
    await town.connects(world.dev)
    assert [kind for kind, _ in await _todos(town, world.dev)] == [TodoKind.BOOK_NEXT_SESSION]


async def test_a_calendar_that_cannot_be_reconnected(town: Town, world: World):
    """Nobody is asked to reconnect with a service that is not installed, or is another package."""
    await town.connect(world.hana)
    await Integration.all().update(state=IntegrationState.NEEDS_RECONNECT)
    provider = town.registry.calendars["memory"]
    assert [kind for kind, _ in await _todos(town, world.hana)] == [TodoKind.RECONNECT_CALENDAR]
    for registry in (
        Registry({}, {}, distributions={}),
        Registry({"memory": provider}, {}, distributions={"memory": "another-memory"}),
    ):
        town.registry = registry
        assert await _todos(town, world.hana) == []


async def test_disconnecting_clears_it_too(town: Town, world: World):
    """Without a connection there is nothing to repair."""
    integration = await town.connect(world.hana)
    with pytest.raises(AuthorizationExpired):
        async with trouble.noted(integration, clock=town.clock):
            raise AuthorizationExpired
    assert [kind for kind, _ in await _todos(town, world.hana)] == [TodoKind.RECONNECT_CALENDAR]
    await town.connecting.disconnect(Viewer.of(world.hana))
    assert await _todos(town, world.hana) == []


async def test_a_passing_fault_asks_for_nothing(town: Town, world: World):
    """A service that is slow, throttled or down is nobody's To-Do."""
    integration = await town.connect(world.hana)
    with pytest.raises(RateLimited):
        async with trouble.noted(integration, clock=town.clock):
            raise RateLimited
    assert await _todos(town, world.hana) == []


async def test_the_list_is_of_whoever_asks(town: Town, world: World):
    """A lost calendar is told to its owner, and to nobody they are matched with."""
    integration = await town.connect(world.ben)
    with pytest.raises(AuthorizationExpired):
        async with trouble.noted(integration, clock=town.clock):
            raise AuthorizationExpired
    assert TodoKind.RECONNECT_CALENDAR not in {k for k, _ in await _todos(town, world.ada)}


async def test_as_many_statements_however_many_matches(
    town: Town, world: World, statements: list[str]
):
    """The list of somebody with two matches costs what that of somebody with one does."""
    counts = []
    for member in (world.ada, world.ben):
        statements.clear()
        await Todos(town.registry, town.clock).of(Viewer.of(member))
        counts.append(len(statements))
    assert counts == [6, 6]
