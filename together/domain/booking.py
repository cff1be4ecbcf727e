"""Sessions: the states one goes through, and the time it takes of each person."""

from __future__ import annotations

from enum import StrEnum

from together.domain.policy import Policy
from together.domain.texts import BadText, clean_text

__all__ = ["MOVES", "BadMove", "BadText", "State", "clean_text", "moves", "seat"]


class State(StrEnum):
    """Where a session stands."""

    CONFIRMED = "CONFIRMED"
    CONFLICT = "CONFLICT"
    """It stands, at a time that another session of one of its people takes."""
    CANCELLED = "CANCELLED"


MOVES: dict[str, frozenset[str]] = {
    State.CONFIRMED: frozenset({State.CONFLICT, State.CANCELLED}),
    State.CONFLICT: frozenset({State.CONFIRMED, State.CANCELLED}),
    State.CANCELLED: frozenset(),
}
"""From a state to those it can become."""


class BadMove(ValueError):  # noqa: N818
    """A session in one state cannot become the other."""

    def __init__(self, state: str, to: str) -> None:
        super().__init__(f"a session that is {state} does not become {to}")
        self.state = state
        self.to = to


def moves(state: str, *, to: str) -> bool:
    """Say whether anything is to be done: a session that is `to` already stays as it is."""
    if state == to:
        return False
    if to not in MOVES.get(state, frozenset()):
        raise BadMove(state, to)
    return True


def seat(starts: int, ends: int, policy: Policy) -> tuple[int, int]:
    """Show the span that a session takes of each person's time; two seats of one never overlap.

    All of the distance lies behind the session: between two of them the longer buffer is enough,
    and a seat that reached out on both sides would keep them apart by the sum of both.
    """
    if ends <= starts:
        raise ValueError(f"a session ends after it starts: {starts} – {ends}")
    return starts, ends + policy.margin
