"""What hours, sessions and rules leave of a window, and which questions are refused."""

from __future__ import annotations

import pytest

from tests.services.diary import Diaries, connect, viewer
from tests.services.looking import TUESDAY, ask, at
from tests.world import DAY, HOUR, MINUTE, NOW, World, session
from together.services.availability.free_times import Availabilities, Cell, Empty, Verdict
from together.services.refusals import (
    DurationNotOffered,
    InvalidWindow,
    MatchHasEnded,
    NotFound,
    UnknownZone,
)
from together.store.models import Holiday, HoursException, Member, Organization


async def test_sessions_and_days_away(world: World, available: Availabilities):
    """Sessions, days away and holidays shape the slots of everybody, without a reason."""
    await session(world.other_match, world.ada, world.dev, starts=at(9), ends=at(10))
    await HoursException.create(
        organization_id=world.ben.organization_id,
        member_id=world.ben.id,
        date="2026-12-02",
        windows=[],
    )
    await Holiday.create(
        organization_id=world.ben.organization_id, date="2026-12-03", name="Founders' day"
    )
    answer = await ask(available, world.ben, world, end=TUESDAY + 3 * DAY, duration=60)
    assert list(answer.slots.starts) == [
        at(8),
        *(at(10) + quarter * 15 * MINUTE for quarter in range(21)),
    ]
    alone = await ask(available, world.ben, world, start=at(0) + DAY, end=at(0) + 2 * DAY)
    assert (len(alone.slots), alone.empty_because) == (0, Empty.TAKEN)


async def test_caps(world: World, available: Availabilities):
    """A day on which somebody has as many sessions as they may offers nothing more."""
    await Organization.filter(id=world.saltmarsh.id).update(policy={"per_day": 1})
    await session(world.other_match, world.ada, world.dev, starts=at(9), ends=at(10))
    answer = await ask(available, world.ben, world, end=TUESDAY + 2 * DAY)
    assert [(day.date.day, day.slots) for day in answer.days] == [(1, 0), (2, 30), (3, 0)]


async def test_buffers(world: World, available: Availabilities):
    """Between two sessions lies the longer buffer, once."""
    policy = {"buffer_before": 15, "buffer_after": 30}
    await Organization.filter(id=world.saltmarsh.id).update(policy=policy)
    await session(world.other_match, world.ada, world.dev, starts=at(10), ends=at(11.5))
    answer = await ask(available, world.ben, world, end=at(13), duration=60)
    assert list(answer.slots.starts) == [at(8), at(8.25), at(8.5), at(11.5), at(11.75), at(12)]


async def test_no_common_hours(world: World, available: Availabilities):
    """A match without common hours is offered the viewer's own, marked."""
    await Member.filter(id=world.ben.id).update(weekly_hours={"1": [["20:00", "22:00"]]})
    answer = await ask(available, world.ada, world)
    assert (answer.own_hours_only, answer.slots.starts[0], len(answer.slots)) == (True, at(8), 30)
    checks = await available.check(
        viewer(world.ada), world.match.uid, starts=[at(8)], zone="Europe/Stockholm", duration=45
    )
    assert checks.slots[0].verdict is Verdict.OUTSIDE_HOURS


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        (at(0) + 4 * DAY, at(0) + 5 * DAY, Empty.OUTSIDE_HOURS),
        (NOW, NOW + 2 * HOUR, Empty.TOO_SOON),
        (NOW + 90 * DAY, NOW + 91 * DAY, Empty.TOO_FAR_AHEAD),
    ],
)
async def test_empty_says_why(world: World, available: Availabilities, start, end, why):
    """An empty answer says why, from what the match may know."""
    answer = await ask(available, world.ada, world, start=start, end=end)
    assert (list(answer.slots.starts), answer.empty_because) == ([], why)


@pytest.mark.parametrize(
    ("change", "refusal", "field"),
    [
        ({"end": TUESDAY}, InvalidWindow, "window"),
        ({"end": TUESDAY - DAY}, InvalidWindow, "window"),
        ({"end": TUESDAY + 63 * DAY}, InvalidWindow, "window"),
        ({"start": NOW - 2 * DAY, "end": NOW - DAY}, InvalidWindow, "window"),
        ({"start": -1}, InvalidWindow, "window"),
        ({"zone": "Europe/Atlantis"}, UnknownZone, "zone"),
        ({"duration": 50}, DurationNotOffered, "duration"),
    ],
)
async def test_bad_questions(world: World, available: Availabilities, change, refusal, field):
    """A question that cannot be meant is refused by the name of the field."""
    with pytest.raises(refusal) as refused:
        await ask(available, world.ada, world, **change)
    assert (type(refused.value), refused.value.field) == (refusal, field)


async def test_others_matches(world: World, available: Availabilities, statements):
    """A foreign match, another's match and no match are one answer, by the same statements."""
    seen = []
    for uid in (world.foreign_match.uid, world.other_match.uid, "nothing", "no\x00thing"):
        statements.clear()
        with pytest.raises(NotFound) as refused:
            await available.of(
                viewer(world.ben), uid, start=TUESDAY, end=TUESDAY + DAY, zone="UTC", duration=45
            )
        seen.append((refused.value.message, list(statements)))
    assert seen[1:] == [seen[0]] * 3


async def test_ended_matches(world: World, available: Availabilities):
    """An ended match, or one whose participant has left, is closed."""
    with pytest.raises(MatchHasEnded):
        await available.of(
            viewer(world.elin), world.ended_match.uid, start=TUESDAY, end=TUESDAY + DAY,
            zone="UTC", duration=45,
        )  # fmt: skip
    await Member.filter(id=world.ben.id).update(active=False)
    with pytest.raises(MatchHasEnded):
        await ask(available, world.ada, world)


async def test_check(world: World, diaries: Diaries, available: Availabilities):
    """Each start that is asked about gets the word a booking would get, in the order asked."""
    await connect(world.ada)
    diaries.of(world.ada).busy = [(at(9), at(10))]
    await session(world.other_match, world.ada, world.dev, starts=at(12), ends=at(13))
    starts = [at(12), at(9), at(20), at(9) + 60, NOW + HOUR, NOW + 61 * DAY]
    checks = await available.check(
        viewer(world.ada), world.match.uid, starts=starts, zone="Europe/Stockholm", duration=45
    )
    assert [(each.start, each.verdict, each.cells[world.ada.id]) for each in checks.slots] == [
        (at(12), Verdict.UNAVAILABLE, Cell.FREE),
        (at(9), Verdict.OFFERED, Cell.BUSY),
        (at(20), Verdict.OUTSIDE_HOURS, Cell.FREE),
        (at(9) + 60, Verdict.OFF_GRID, Cell.BUSY),
        (NOW + HOUR, Verdict.TOO_SOON, Cell.FREE),
        (NOW + 61 * DAY, Verdict.TOO_FAR_AHEAD, Cell.FREE),
    ]
