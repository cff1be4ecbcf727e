"""A disputed session as a frontend has it: marked, and a To-Do for whom it concerns."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import Api
from tests.world import DAY, HOUR, NOW, session
from together.store.models import Booking, BookingState, Seat

TEN = NOW + DAY + 2 * HOUR
SCREEN = """{ viewer { todos { kind message since booking { id state } overlaps { id state } }
    matches(first: 5) { nodes { id bookings(first: 5) { nodes { id state } }
        disputed: bookings(first: 5, state: CONFLICT) { nodes { id joinUrlState } } } } } }"""


async def _clash(api: Api) -> tuple[str, str]:
    """Ada's session with Ben was moved onto hers with Dev; give the ids of both."""
    world = api.world
    other = await session(world.other_match, world.ada, world.dev, starts=TEN)
    disputed = await session(world.match, world.ada, world.ben, starts=TEN - 4 * HOUR)
    await Seat.all().update(answer="ACCEPTED")
    await Seat.filter(booking_id=disputed.id).update(live=False, starts=TEN, ends=TEN + HOUR)
    await Booking.filter(id=disputed.id).update(
        starts=TEN, ends=TEN + HOUR, state=BookingState.CONFLICT, disputed_at=NOW
    )
    return f"bkg_{disputed.uid}", f"bkg_{other.uid}"


async def _seen(api: Api, who: str) -> tuple[list[Any], list[Any], list[Any]]:
    told = (await api.ask(SCREEN, who=who))["viewer"]
    matches = told["matches"]["nodes"]
    todos = [each for each in told["todos"] if each["kind"] == "RESOLVE_CONFLICT"]
    sessions = [each for match in matches for each in match["bookings"]["nodes"]]
    return todos, sessions, [each for match in matches for each in match["disputed"]["nodes"]]


async def test_who_is_told_what(api: Api):
    """Ada reads which of her sessions meet; Ben that his is disputed; and Dev nothing of it."""
    disputed, other = await _clash(api)
    todos, _, marked = await _seen(api, "ada")
    assert todos == [
        {
            "kind": "RESOLVE_CONFLICT",
            "message": "Two of your sessions overlap: move or cancel one of them.",
            "since": "2026-11-30T08:00:00Z",
            "booking": {"id": disputed, "state": "CONFLICT"},
            "overlaps": [{"id": other, "state": "CONFIRMED"}],
        }
    ]
    assert marked == [{"id": disputed, "joinUrlState": "NONE"}]
    assert await _seen(api, "ben") == ([], [{"id": disputed, "state": "CONFLICT"}], marked)
    assert await _seen(api, "dev") == ([], [{"id": other, "state": "CONFIRMED"}], [])
