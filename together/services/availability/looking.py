"""Finds who sees whom in a match, with calendars that nobody had asked for a day read again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from together.domain.spans import Span
from together.services.availability.busy import Busy, Known
from together.services.availability.circle import Circle, circle
from together.services.signing_in.viewer import Viewer
from together.store.models import Member

_MINUTE = 60


async def looked(viewer: Viewer, match_uid: str, *, busy: Busy, clock: Callable[[], int]) -> Circle:
    """Find the match, and whom of it the viewer sees.

    A calendar that nobody read for a day does not count, and only reading it makes it count
    again: the viewer's own first, because nobody else's is loaded while it does not.
    """
    now = clock()
    people = await circle(viewer, match_uid, now=now)
    for _ in range(2):
        if not people.stale:
            break
        read = await busy.known(
            people.stale, Span.of(now, now + _MINUTE), until=people.policy.latest(now)
        )
        # By whoever read it, and whenever: the clock has gone on meanwhile.
        before = {each.id: each.read_at for each in people.stale}
        if not any(_newer(known.as_of, than=before[key]) for key, known in read.items()):
            break
        people = await circle(viewer, match_uid, now=now)
    return people


def unchecked(people: Circle, known: Mapping[int, Known]) -> list[Member]:
    """Name those whose calendar the viewer sees and nobody could read for the whole time."""
    return [
        seen.member
        for seen in people.people
        if seen.integration is not None and known[seen.integration.id].unknown
    ]


def _newer(as_of: int | None, *, than: int | None) -> bool:
    return as_of is not None and (than is None or as_of > than)
