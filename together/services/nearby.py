"""Other times for a session that cannot have the time it was asked for."""

from __future__ import annotations

from together.domain.hours import zone_named
from together.domain.slots import starts, touched
from together.domain.spans import Span, Spans
from together.services.booking_values import BookRequest
from together.services.busy import Busy
from together.services.circle import Circle
from together.services.ground import ground

MOST = 5
_BEFORE, _AFTER = 86_400, 3 * 86_400


async def nearby(people: Circle, request: BookRequest, *, busy: Busy, now: int) -> tuple[int, ...]:
    """Give the nearest starts that are offered, at which everybody whom the viewer sees is free."""
    window = Span.of(request.start - _BEFORE, request.start + _AFTER)
    land = await ground(people, window)
    known = await busy.stored(people.visible, window)
    blocked = Spans()
    for each in known.values():
        blocked = blocked | each.busy | each.unknown
    found = starts(
        land.free,
        duration=request.duration,
        step=people.policy.step,
        zone=zone_named(request.zone),
        window=window,
        not_before=people.policy.earliest(now),
        not_after=people.policy.latest(now),
        closed=land.capped,
    )
    taken = touched(found, blocked, duration=request.duration)
    free = [start for start, no in zip(found, taken, strict=True) if not no]
    return tuple(sorted(sorted(free, key=lambda start: abs(start - request.start))[:MOST]))
