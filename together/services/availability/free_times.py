"""When the people of a match are free, as far as the one who asks may know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from together.domain import slots as engine
from together.domain.policy import Policy
from together.domain.spans import Span, Spans
from together.services.availability.busy import Busy, Known
from together.services.availability.circle import Circle
from together.services.availability.ground import Ground, ground
from together.services.availability.looking import looked
from together.services.availability.values import (
    Availability,
    Cell,
    Checked,
    Checks,
    Day,
    Empty,
    Person,
    Slots,
    Verdict,
)
from together.services.sessions.asked import known_zone, offered, window_around, window_of
from together.services.signing_in.viewer import Viewer

__all__ = [
    "Availabilities", "Availability", "Cell", "Checked", "Checks", "Day", "Empty", "Person",
    "Slots", "Verdict",
]  # fmt: skip


class Availabilities:
    """Answers when a match can meet."""

    def __init__(self, busy: Busy, clock: Callable[[], int]) -> None:
        self._busy, self._clock = busy, clock

    async def of(
        self,
        viewer: Viewer,
        match_uid: str,
        *,
        start: int,
        end: int,
        zone: str,
        duration: int,
        only_free: bool = False,
    ) -> Availability:
        """Give every slot of the window that the rules allow, with who is free in it."""
        now = self._clock()
        window, where = window_of(start, end, now=now), known_zone(zone)
        people, known = await self._looked(viewer, match_uid, window, duration=duration)
        land = await ground(people, window)
        every = _starts(land.free, land, people.policy, window, where, duration, now)
        free = _free(every, known.values(), duration)
        starts = [start for start, yes in zip(every, free, strict=True) if yes or not known]
        shown = starts if only_free else every
        return Availability(
            match_uid=people.match.uid,
            zone=zone,
            start=start,
            end=end,
            duration=duration,
            slots=Slots(shown, _cells(people, known, shown, duration)),
            people=_people(people, known, land),
            days=_days(every, starts if known else None, window, where, only_free=only_free),
            as_of=_as_of(known),
            empty_because=None
            if shown
            else Empty.NOBODY_FREE
            if every
            else _why(land, people.policy, window, where, duration, now),
            own_hours_only=land.own_hours_only,
        )

    async def check(
        self, viewer: Viewer, match_uid: str, *, starts: Sequence[int], zone: str, duration: int
    ) -> Checks:
        """Say of each start whether it can be booked; at most a hundred starts."""
        now, where = self._clock(), known_zone(zone)
        window = window_around(starts, duration=duration)
        people, known = await self._looked(viewer, match_uid, window, duration=duration)
        land = await ground(people, window)
        cells = _cells(people, known, sorted(starts), duration)
        order = {start: at for at, start in enumerate(sorted(starts))}
        return Checks(
            match_uid=people.match.uid,
            zone=zone,
            duration=duration,
            people=_people(people, {}, land),
            slots=[
                Checked(
                    start=start,
                    end=start + duration * 60,
                    verdict=verdict(
                        start, land, policy=people.policy, zone=where, duration=duration, now=now
                    ),
                    cells={who: Cell(row[order[start]]) for who, row in cells.items()},
                )
                for start in starts
            ],
            as_of=_as_of(known),
        )

    async def _looked(
        self, viewer: Viewer, match_uid: str, window: Span, *, duration: int
    ) -> tuple[Circle, Mapping[int, Known]]:
        """Find who is seen and what is known of them, by member's row id.

        Reading a calendar can show that its consent is gone, and then who sees whom is found
        again; two rounds more are enough, because each takes somebody out.
        """
        for _ in range(3):
            people = await looked(viewer, match_uid, busy=self._busy, clock=self._clock)
            offered(duration, people.policy)
            known = await self._busy.known(
                people.visible, window, until=people.policy.latest(self._clock())
            )
            if not any(each.lost for each in known.values()):
                break
        return people, {each.member_id: known[each.id] for each in people.visible}


# What is answered


def verdict(
    start: int, land: Ground, *, policy: Policy, zone: ZoneInfo, duration: int, now: int
) -> Verdict:
    """Say what the rules make of a start; calendars have no part in it."""
    end = start + duration * 60
    if not engine.on_grid(start, step=policy.step, zone=zone):
        return Verdict.OFF_GRID
    if start < policy.earliest(now):
        return Verdict.TOO_SOON
    if start > policy.latest(now):
        return Verdict.TOO_FAR_AHEAD
    if not land.allowed.covers(start, end):
        return Verdict.OUTSIDE_HOURS
    return Verdict.OFFERED if land.open_to_all(start, end) else Verdict.UNAVAILABLE


def _starts(
    free: Spans,
    land: Ground,
    policy: Policy,
    window: Span,
    zone: ZoneInfo,
    duration: int,
    now: int,
) -> list[int]:
    return engine.starts(
        free,
        duration=duration,
        step=policy.step,
        zone=zone,
        window=window,
        not_before=policy.earliest(now),
        not_after=policy.latest(now),
        closed=land.capped,
    )


def _free(starts: Sequence[int], known: Iterable[Known], duration: int) -> list[bool]:
    """Say of each start whether everybody who is seen is free."""
    blocked = Spans()
    for each in known:
        blocked = blocked | each.busy | each.unknown
    return [not each for each in engine.touched(starts, blocked, duration=duration)]


def _cells(
    people: Circle, known: Mapping[int, Known], starts: Sequence[int], duration: int
) -> dict[int, bytes]:
    hidden = bytes([Cell.UNKNOWN]) * len(starts)
    found = {}
    for seen in people.people:
        what = known.get(seen.member.id)
        if what is None:
            found[seen.member.id] = hidden
            continue
        busy = engine.touched(starts, what.busy, duration=duration)
        unknown = engine.touched(starts, what.unknown, duration=duration)
        found[seen.member.id] = bytes(
            Cell.BUSY if taken else Cell.UNKNOWN if dark else Cell.FREE
            for taken, dark in zip(busy, unknown, strict=True)
        )
    return found


def _people(people: Circle, known: Mapping[int, Known], land: Ground) -> list[Person]:
    found = []
    for seen in people.people:
        what = known.get(seen.member.id)
        found.append(
            Person(
                member=seen.member,
                role=seen.role,
                standing=seen.standing,
                free=None
                if what is None
                else land.people[seen.member.id].free - what.busy - what.unknown,
                busy=None if what is None else what.busy,
                unknown=None if what is None else what.unknown,
            )
        )
    return found


def _days(
    every: Sequence[int],
    free: Sequence[int] | None,
    window: Span,
    zone: ZoneInfo,
    *,
    only_free: bool,
) -> list[Day]:
    shown = free if only_free and free is not None else every
    counts = engine.count_days(shown, window=window, zone=zone)
    if free is None:
        return [Day(day.day, day.count, None) for day in counts]
    frees = engine.count_days(free, window=window, zone=zone)
    return [
        Day(day.day, day.count, of_them.count) for day, of_them in zip(counts, frees, strict=True)
    ]


def _as_of(known: Mapping[int, Known]) -> int | None:
    """Say as of when the answer stands: the oldest reading that it shows."""
    return min((each.as_of for each in known.values() if each.as_of is not None), default=None)


def _why(
    land: Ground, policy: Policy, window: Span, zone: ZoneInfo, duration: int, now: int
) -> Empty:
    """Say why there is no slot, from what the whole match may know."""
    if window.starts > policy.latest(now):
        return Empty.TOO_FAR_AHEAD
    if window.ends - duration * 60 < policy.earliest(now):
        return Empty.TOO_SOON
    plain = engine.starts(
        land.weekly,
        duration=duration,
        step=policy.step,
        zone=zone,
        window=window,
        not_before=policy.earliest(now),
        not_after=policy.latest(now),
    )
    return Empty.TAKEN if plain else Empty.OUTSIDE_HOURS
