"""What is said about when the people of a match are free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum

from together.domain.integration import Standing
from together.domain.spans import Spans
from together.store.models import Member


class Cell(IntEnum):
    """What is known of one person in one slot; small numbers, because there are thousands."""

    FREE = 0
    BUSY = 1
    UNKNOWN = 2


class Empty(StrEnum):
    """Why nothing is offered, as far as whoever asks may know."""

    OUTSIDE_HOURS = "OUTSIDE_HOURS"
    """The weekly hours of the match leave nothing in this window."""
    TOO_SOON = "TOO_SOON"
    """All of the window lies within the least notice."""
    TOO_FAR_AHEAD = "TOO_FAR_AHEAD"
    """All of the window lies past the horizon."""
    TAKEN = "TAKEN"
    """There are hours, and nothing is left of them.  One word, whatever took them."""
    NOBODY_FREE = "NOBODY_FREE"
    """There are slots, and in each of them somebody whom the viewer sees is not known free."""


class Verdict(StrEnum):
    """What a booking of one start would be told."""

    OFFERED = "OFFERED"
    OFF_GRID = "OFF_GRID"
    TOO_SOON = "TOO_SOON"
    TOO_FAR_AHEAD = "TOO_FAR_AHEAD"
    OUTSIDE_HOURS = "OUTSIDE_HOURS"
    UNAVAILABLE = "UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class Person:
    """One participant, as the viewer may see them."""

    member: Member
    role: str
    """``MENTOR`` or ``MENTEE``."""
    standing: Standing | None
    """None: the viewer is told nothing of this person's calendar."""
    free: Spans | None
    busy: Spans | None
    unknown: Spans | None
    """Of the window.  All three are None where the table hides them."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Times a session may start at, and what is known of each person in each of them."""

    starts: Sequence[int]
    """Epoch seconds, rising."""
    cells: Mapping[int, bytes]
    """Member's row id → one `Cell` for each start, for every person of the match."""

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True, slots=True)
class Day:
    """How many slots begin on one local day of the zone asked for."""

    date: date
    slots: int
    free: int | None
    """Of them, those in which everybody whom the viewer may see is free; None: they see nobody."""


@dataclass(frozen=True, slots=True)
class Availability:
    """The answer for one match and one window."""

    match_uid: str
    zone: str
    start: int
    end: int
    duration: int
    """Minutes."""
    slots: Slots
    people: Sequence[Person]
    """Everybody in the match; the viewer first, the others by row id."""
    days: Sequence[Day]
    """Every local day that the window touches, with nothing on it too."""
    as_of: int | None
    """The oldest reading of those that the viewer sees; None when there is none."""
    empty_because: Empty | None
    own_hours_only: bool
    """The match has no weekly hours in common, so these are the viewer's own."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is to be said of one start."""

    start: int
    end: int
    verdict: Verdict
    cells: Mapping[int, Cell]
    """Member's row id → what is known of them then, for every person of the match."""


@dataclass(frozen=True, slots=True)
class Checks:
    """The answer to `check`; `cells` of each start is keyed by the members in `people`."""

    match_uid: str
    zone: str
    duration: int
    people: Sequence[Person]
    """`free`, `busy` and `unknown` are None here: the starts say what was asked."""
    slots: Sequence[Checked]
    as_of: int | None
