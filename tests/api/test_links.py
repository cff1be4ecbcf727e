"""How far a session's link has come, and when it is shown."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import Api
from tests.world import HOUR, NOW, session
from together.store.models import Booking, MatchState, Member


async def test_links_close(api: Api):
    """A link is shown while the session is ahead in a match that goes on, and never again."""
    world, link = api.world, "https://meet.memory.example/abc"
    ahead = await session(
        world.match, world.ada, world.ben, starts=NOW + HOUR, video="memory_meet", join_url=link
    )
    query = "query B($id: ID!) { node(id: $id) { ... on Booking { joinUrl joinUrlState } } }"

    async def shown() -> Any:
        return (await api.ask(query, id=f"bkg_{ahead.uid}"))["node"]

    there, closed = (
        {"joinUrl": link, "joinUrlState": "READY"},
        {"joinUrl": None, "joinUrlState": "CLOSED"},
    )
    assert await shown() == there
    await Member.filter(id=world.ben.id).update(active=False)
    assert await shown() == closed
    await Member.filter(id=world.ben.id).update(active=True)
    api.town.clock.now = ahead.ends - 1
    assert await shown() == there
    api.town.clock.now = ahead.ends
    assert await shown() == closed
    api.town.clock.now = NOW
    await Booking.filter(id=ahead.id).update(state="CANCELLED")
    assert await shown() == closed
    await Booking.filter(id=ahead.id).update(state="CONFIRMED")
    assert await shown() == there
    world.match.state = MatchState.ENDED
    await world.match.save()
    assert await shown() == closed


async def test_how_far_a_link_has_come(api: Api):
    """To be none, on its way, or given up: each is said, and a link is none of them."""
    world = api.world
    query = "query B($id: ID!) { node(id: $id) { ... on Booking { joinUrl joinUrlState } } }"
    told = []
    for at, fields in enumerate(
        ({}, {"video": "memory_meet"}, {"video": "memory_meet", "link_given_up": True})
    ):
        starts = NOW + (at + 1) * HOUR
        booked = await session(world.match, world.ada, world.ben, starts=starts, **fields)
        told.append((await api.ask(query, who="ben", id=f"bkg_{booked.uid}"))["node"])
    assert told == [
        {"joinUrl": None, "joinUrlState": state} for state in ("NONE", "PENDING", "FAILED")
    ]
