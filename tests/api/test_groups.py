"""In a group, slots count those whom the viewer may see, and nobody else."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import Api
from tests.world import DAY, HOUR, NOW, match
from together.domain.spans import Span
from together.store.models import Match, Member

NINE = NOW + DAY + HOUR
SLOTS = """query S($id: ID!, $only: SlotFilter! = ALL) { node(id: $id) { ... on Match {
    availability(start: "2026-12-01T00:00:00Z", end: "2026-12-02T00:00:00Z", timeZone: "UTC",
        duration: 60, only: $only) { ... on Availability {
            slots { start free busy unknown states } days { slots free } } } } } }"""
BOOK = """mutation B($i: BookSessionInput!) { bookSession(input: $i) { __typename } }"""


async def _group(api: Api) -> Match:
    """Ada mentors Ben, Elin and Leo, all of them on one clock; only Leo has no calendar."""
    world = api.world
    await Member.all().update(zone="UTC")
    for who in (world.ada, world.ben, world.elin):
        await api.town.connect(who)
    api.town.sandbox.add_busy(world.ben.email, Span.of(NINE, NINE + HOUR))
    api.town.sandbox.add_busy(world.elin.email, Span.of(NINE, NINE + 2 * HOUR))
    return await match(world.ada, world.ben, world.elin, world.leo, now=NOW - DAY)


async def _slots(api: Api, group: Match, who: str, **more: Any) -> dict[str, Any]:
    answer = await api.ask(SLOTS, who=who, id=f"mat_{group.uid}", **more)
    times: dict[str, Any] = answer["node"]["availability"]
    return times


def _counted(times: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    return {
        each["start"][11:16]: (each["free"], each["busy"], each["unknown"])
        for each in times["slots"]
        if each["start"].endswith("00:00Z")
    }


async def test_who_is_known_to_be_free(api: Api):
    """Counted are the viewer and those who are integrated; whoever is not is in no count.

    To who is not integrated, nobody is.
    """
    group = await _group(api)
    told = _counted(await _slots(api, group, "ada"))
    assert {at: told[at] for at in ("09:00", "10:00", "11:00")} == {
        "09:00": (1, 2, 0), "10:00": (2, 1, 0), "11:00": (3, 0, 0),
    }  # fmt: skip
    assert _counted(await _slots(api, group, "ben")) == told
    assert set(_counted(await _slots(api, group, "leo")).values()) == {(0, 0, 0)}


async def test_a_calendar_that_cannot_be_read(api: Api):
    """Whose calendar cannot be read now is counted as unknown, and never as free."""
    group = await _group(api)
    api.town.sandbox.down = True
    assert set(_counted(await _slots(api, group, "ada")).values()) == {(0, 0, 3)}


async def test_only_where_all_who_are_seen_are_free(api: Api):
    """The filter, the days and the counts of slots agree."""
    group = await _group(api)
    every, free = [await _slots(api, group, "ada", only=which) for which in ("ALL", "FREE")]
    full = [each for each in every["slots"] if each["free"] == 3]
    assert (free["slots"], every["days"][0]["free"]) == (full, len(full))
    assert 0 < len(full) < len(every["slots"])


async def test_over_busy_time_only_when_said(api: Api):
    """A session of the group over the busy time of one who is seen is booked only by saying so."""
    group = await _group(api)
    given = {
        "matchId": f"mat_{group.uid}", "start": "2026-12-01T10:00:00Z", "duration": 60,
        "timeZone": "UTC", "clientKey": "k",
    }  # fmt: skip
    for more, outcome in (({}, "OverBusyTime"), ({"overBusy": True}, "BookSessionPayload")):
        done = await api.ask(BOOK, i=given | more)
        assert done["bookSession"]["__typename"] == outcome
