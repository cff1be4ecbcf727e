"""Whether the times of several sessions are there to be taken, one after another."""

from __future__ import annotations

from collections.abc import Sequence

from together.domain.hours import zone_named
from together.domain.slots import capped
from together.domain.spans import Spans
from together.services.availability.circle import Circle
from together.services.availability.ground import Ground
from together.services.sessions.booking_values import Time


def open_in_turn(land: Ground, people: Circle, times: Sequence[Time]) -> list[bool]:
    """Say of each whether everybody's time is there, once those before it have been taken.

    Two sessions of a series that lie a week apart on one clock can lie in one week on another,
    when the clocks change: so its own sessions count for the caps of its people, too.
    """
    taken: list[Time] = []
    found = []
    for time in times:
        found.append(
            land.open_to_all(time.starts, time.ends)
            and not _met(time, taken, margin=people.policy.margin)
            and time.starts not in full(land, people, taken)
        )
        if found[-1]:
            taken.append(time)
    return found


def full(land: Ground, people: Circle, others: Sequence[Time]) -> Spans:
    """Show the days and weeks in which somebody may start no more sessions beside these."""
    policy = people.policy
    if not others or (policy.per_day is None and policy.per_week is None):
        return Spans()
    starts = [other.starts for other in others]
    return Spans.any(
        capped([*land.people[seen.member.id].begun, *starts], policy, zone_named(seen.member.zone))
        for seen in people.people
    )


def _met(time: Time, others: Sequence[Time], *, margin: int) -> bool:
    return any(
        time.starts < other.ends + margin and other.starts < time.ends + margin for other in others
    )
