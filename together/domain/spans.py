"""Spans of time, and sets of them.

A span is half-open: it holds its start and not its end, so 9–10 and 10–11 touch and do not
overlap.  Inside there are epoch seconds in flat sequences; datetimes, aware and UTC, are the edge.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import compress
from operator import lt

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The instants from `start` up to, not including, `end`, in whole seconds.

    A part of a second counts as the whole one, so that rounding never shortens a busy time.
    """

    start: datetime
    end: datetime
    starts: int = field(init=False, repr=False, compare=False)
    ends: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.start.utcoffset() is None or self.end.utcoffset() is None:
            raise ValueError(f"a span needs aware datetimes: {self.start} – {self.end}")
        starts = (self.start - _EPOCH) // _SECOND
        ends = -((_EPOCH - self.end) // _SECOND)
        if self.end <= self.start:
            raise ValueError(f"a span ends after it starts: {self.start} – {self.end}")
        object.__setattr__(self, "starts", starts)
        object.__setattr__(self, "ends", ends)
        object.__setattr__(self, "start", moment(starts))
        object.__setattr__(self, "end", moment(ends))

    @classmethod
    def of(cls, starts: int, ends: int) -> Span:
        """Make the span from `starts` to `ends`, both epoch seconds."""
        return cls(moment(starts), moment(ends))

    @property
    def duration(self) -> timedelta:
        return timedelta(seconds=self.ends - self.starts)

    def __contains__(self, instant: datetime | int) -> bool:
        return self.starts <= epoch(instant) < self.ends


class Spans:
    """A set of instants, kept as sorted spans that neither overlap nor touch.

    Two sets are equal exactly when they hold the same instants, because whoever makes one joins
    what meets.
    """

    __slots__ = ("_edges",)
    _edges: tuple[int, ...]

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        spans = list(spans)
        self._edges = _any([span.starts for span in spans], [span.ends for span in spans])

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> Spans:
        """Make a set of pairs (starts, ends) of epoch seconds, in any order."""
        pairs = list(pairs)
        for starts, ends in pairs:
            if ends <= starts:
                raise ValueError(f"a span ends after it starts: {starts} – {ends}")
        return cls.of_edges(_any([starts for starts, _ in pairs], [ends for _, ends in pairs]))

    @classmethod
    def of_edges(cls, edges: Iterable[int]) -> Spans:
        """Make a set of edges that are in normal form already; nothing is checked.

        For what this floor has just computed; everything else goes through `of`.
        """
        made = object.__new__(cls)
        made._edges = tuple(edges)
        return made

    @property
    def edges(self) -> tuple[int, ...]:
        """Start and end of each span in turn, as epoch seconds, strictly rising."""
        return self._edges

    @property
    def total(self) -> int:
        """How many seconds the spans hold together."""
        return sum(self._edges[1::2]) - sum(self._edges[::2])

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Go through the spans as pairs of epoch seconds."""
        return zip(self._edges[::2], self._edges[1::2], strict=True)

    def covers(self, starts: int, ends: int) -> bool:
        """Say whether every instant from `starts` to `ends` is in the set."""
        at = bisect_right(self._edges, starts)
        return at % 2 == 1 and ends <= self._edges[at]

    def overlaps(self, starts: int, ends: int) -> bool:
        """Say whether any instant from `starts` to `ends` is in the set."""
        at = bisect_right(self._edges, starts)
        if starts >= ends:
            return False
        return at % 2 == 1 or (at < len(self._edges) and self._edges[at] < ends)

    def within(self, starts: int, ends: int) -> Spans:
        """Leave what lies between `starts` and `ends`."""
        if starts >= ends:
            return Spans()
        edges = self._edges
        first, last = bisect_right(edges, starts), bisect_left(edges, ends)
        cut = edges[first:last]
        if first % 2:
            cut = (starts, *cut)
        if last % 2:
            cut = (*cut, ends)
        return Spans.of_edges(cut)

    def grown(self, before: int, after: int) -> Spans:
        """Let every span begin `before` seconds earlier and end `after` seconds later."""
        if before < 0 or after < 0:
            raise ValueError(f"a span grows by no less than nothing: {before}, {after}")
        starts = [starts - before for starts in self._edges[::2]]
        return Spans.of_edges(_any(starts, [ends + after for ends in self._edges[1::2]]))

    def __iter__(self) -> Iterator[Span]:
        return (Span.of(starts, ends) for starts, ends in self.pairs())

    def __len__(self) -> int:
        return len(self._edges) // 2

    def __contains__(self, instant: datetime | int) -> bool:
        return bisect_right(self._edges, epoch(instant)) % 2 == 1

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Spans):
            return NotImplemented
        return self._edges == other._edges

    def __hash__(self) -> int:
        return hash(self._edges)

    def __repr__(self) -> str:
        return f"Spans({list(self)!r})"

    def __or__(self, other: Spans) -> Spans:
        if not isinstance(other, Spans):
            return NotImplemented
        return Spans.any((self, other))

    def __and__(self, other: Spans) -> Spans:
        if not isinstance(other, Spans):
            return NotImplemented
        return Spans.all((self, other))

    def __sub__(self, other: Spans) -> Spans:
        if not isinstance(other, Spans):
            return NotImplemented
        return Spans.all((self,), but=(other,))

    @classmethod
    def any(cls, sets: Iterable[Spans]) -> Spans:
        """Hold what lies in any of the sets; as one step, cheaper than `|` between each two."""
        starts: list[int] = []
        ends: list[int] = []
        for spans in sets:
            starts += spans._edges[::2]
            ends += spans._edges[1::2]
        return cls.of_edges(_any(starts, ends))

    @classmethod
    def all(cls, sets: Iterable[Spans], *, but: Iterable[Spans] = ()) -> Spans:
        """Hold what lies in every one of the sets, at least one, and in none of `but`.

        One step for all of them: the common free time of people is what is in everybody's hours
        and in nobody's busy times.
        """
        starts: list[int] = []
        ends: list[int] = []
        count = 0
        for spans in sets:
            starts += spans._edges[::2]
            ends += spans._edges[1::2]
            count += 1
        if not count:
            raise ValueError("what lies in every one of no sets has no bounds")
        if not starts:
            return cls()
        # What is not in a set lies between its spans, before the first and behind the last.
        low, high = min(starts), max(ends)
        for spans in but:
            edges = spans.within(low, high)._edges
            starts += (low - 1, *edges[1::2])
            ends += (*edges[::2], high + 1)
            count += 1
        return cls.of_edges(_all(starts, ends, count))


def moment(instant: int) -> datetime:
    """Show epoch seconds as an aware UTC datetime."""
    try:
        return _EPOCH + timedelta(seconds=instant)
    except OverflowError:
        raise ValueError(f"an instant lies in the years 1 to 9999: {instant}") from None


def epoch(instant: datetime | int) -> int:
    """Show an instant as epoch seconds; a part of a second is dropped."""
    if isinstance(instant, int):
        return instant
    if instant.utcoffset() is None:
        raise ValueError(f"an instant is an aware datetime: {instant}")
    return (instant - _EPOCH) // _SECOND


# The algebra.  Count how many of some spans are open as time goes on: each start opens one and each
# end closes one, whichever they belong to.  So starts and ends are sorted apart, which takes one
# pass where they are runs of sorted ones, and everything happens inside functions written in C.


def _any(starts: list[int], ends: list[int]) -> tuple[int, ...]:
    """Join spans, given as their starts and their ends: gaps are where all that opened have closed.

    That is between the i-th end and the start after the i-th, if there is anything between them.
    """
    if not starts:
        return ()
    starts.sort()
    ends.sort()
    gaps = list(map(lt, ends, starts[1:]))
    return _flat(
        [starts[0], *compress(starts[1:], gaps)],
        [*compress(ends, gaps), ends[-1]],
    )


def _all(starts: list[int], ends: list[int], sets: int) -> tuple[int, ...]:
    """Keep what lies in every one of so many sets, given as the starts and the ends of all of them.

    It begins where that many are open, and lasts until the next of them closes; no two of what
    comes out touch, because no set has two that do.
    """
    starts.sort()
    ends.sort()
    starts = starts[sets - 1 :]
    held = list(map(lt, starts, ends))
    return _flat(list(compress(starts, held)), list(compress(ends, held)))


def _flat(starts: list[int], ends: list[int]) -> tuple[int, ...]:
    edges = starts + ends
    edges[::2] = starts
    edges[1::2] = ends
    return tuple(edges)
