"""What is asked of a series, and what is said of each of its sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from together.domain.recurrence import Recurrence, Repeats
from together.services.availability.values import Cell
from together.services.sessions.booking_values import AUTOMATIC, Time, Video
from together.store.models import Booking, Member, Series

Said = dict[str, str | int | bool | list[str] | None]


@dataclass(frozen=True, slots=True)
class SeriesQuestion:
    """Which series is meant."""

    match_uid: str
    start: int
    """Of its first session, in epoch seconds."""
    duration: int
    """Minutes."""
    zone: str
    """IANA; the series keeps to the clock of this zone, and starts on its grid."""
    repeats: Repeats
    count: int
    """With those that are left out."""
    skip: frozenset[int] = frozenset()
    """Numbers of sessions, from 1 on, that are not to be booked."""
    instead: Mapping[int, int] = field(default_factory=dict)
    """Numbers of sessions that begin at another time than the rule says, in epoch seconds."""


@dataclass(frozen=True, slots=True)
class SeriesRequest:
    """What a member asks for."""

    question: SeriesQuestion
    client_key: str
    video: Video = AUTOMATIC
    place: str | None = None
    """With a place and `AUTOMATIC`, the place stands instead of links."""
    outside_hours: bool = False
    over_busy: bool = False

    @property
    def zone(self) -> str:
        return self.question.zone

    def said(self) -> Said:
        """Everything but the key, to tell one request from another."""
        asked = self.question
        return {
            "match": asked.match_uid,
            "start": asked.start,
            "duration": asked.duration,
            "zone": asked.zone,
            "repeats": asked.repeats,
            "count": asked.count,
            "skip": [str(number) for number in sorted(asked.skip)],
            "instead": [f"{number} {start}" for number, start in sorted(asked.instead.items())],
            "automatic": self.video.automatic,
            "video": self.video.provider,
            "place": self.place,
            "outside_hours": self.outside_hours,
            "over_busy": self.over_busy,
        }


class OccurrenceState(StrEnum):
    """What booking one session of a series would be told."""

    BOOKABLE = "BOOKABLE"
    LEFT_OUT = "LEFT_OUT"
    TOO_SOON = "TOO_SOON"
    TOO_FAR_AHEAD = "TOO_FAR_AHEAD"
    """Of the first one only: it is the one that the horizon binds."""
    OUTSIDE_HOURS = "OUTSIDE_HOURS"
    UNAVAILABLE = "UNAVAILABLE"
    """One word for another session, its buffer and somebody's cap: never whose, never which."""
    BUSY = "BUSY"
    """A calendar that the viewer sees is busy then."""


FINE = frozenset({OccurrenceState.BOOKABLE, OccurrenceState.LEFT_OUT})


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What is to be said of one session of a series."""

    number: int
    time: Time
    state: OccurrenceState
    cells: Mapping[int, Cell]
    """Member's row id → what is known of them then, for every person of the match."""
    alternatives: tuple[int, ...] = ()
    """Starts nearby that can be had instead, in epoch seconds; of those that cannot be booked."""


@dataclass(frozen=True, slots=True)
class SeriesReport:
    """What booking a series would be told."""

    recurrence: Recurrence
    people: Sequence[Member]
    """Everybody in the match, the viewer first."""
    occurrences: Sequence[Occurrence]
    as_of: int | None
    """The oldest reading of those that the viewer sees; None when there is none."""

    @property
    def conflicts(self) -> bool:
        return any(each.state not in FINE for each in self.occurrences)


@dataclass(frozen=True, slots=True)
class BookedSeries:
    """A series that stands."""

    series: Series
    bookings: Sequence[Booking]
    """By start."""
    unchecked: Sequence[Member] = ()
    """Whose calendar should have been read for these times and could not be, viewer first."""
