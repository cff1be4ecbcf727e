"""Other times for a session that cannot have the time it was asked for."""

from __future__ import annotations

from together.domain.hours import zone_named
from together.domain.policy import Policy
from together.domain.slots import starts, touched
from together.domain.spans import Span, Spans
from together.services.availability.busy import Busy
from together.services.availability.circle import Circle
from together.services.availability.ground import Ground, ground
from together.services.sessions.booking_values import BookRequest

MOST = 5
BEFORE, AFTER = 86_400, 3 * 86_400
"""Seconds before and after the start that was asked for."""


async def nearby(people: Circle, request: BookRequest, *, busy: Busy, now: int) -> tuple[int, ...]:
    """Give the nearest starts that are offered, at which everybody whom the viewer sees is free."""
    window = Span.of(request.start - BEFORE, request.start + AFTER)
    land = await ground(people, window)
    known = await busy.stored(people.visible, window)
    return nearest(
        land,
        people.policy,
        start=request.start,
        duration=request.duration,
        zone=request.zone,
        blocked=Spans.any(each.busy | each.unknown for each in known.values()),
        not_before=people.policy.earliest(now),
        not_after=people.policy.latest(now),
    )


def nearest(
    land: Ground,
    policy: Policy,
    *,
    start: int,
    duration: int,
    zone: str,
    blocked: Spans,
    not_before: int,
    not_after: int | None,
    closed: Spans | None = None,
) -> tuple[int, ...]:
    """Give the nearest starts that `land` offers, with nothing of `blocked` in their time.

    None of them is in `closed`.
    """
    found = starts(
        land.free,
        duration=duration,
        step=policy.step,
        zone=zone_named(zone),
        window=Span.of(start - BEFORE, start + AFTER),
        not_before=not_before,
        not_after=not_after,
        closed=land.capped if closed is None else land.capped | closed,
    )
    taken = touched(found, blocked, duration=duration)
    free = [each for each, no in zip(found, taken, strict=True) if not no]
    return tuple(sorted(sorted(free, key=lambda each: abs(each - start))[:MOST]))
