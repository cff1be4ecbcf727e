"""Spans behave as the sets of minutes they stand for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together.domain.spans import Span, Spans, epoch, moment

DAY = int(datetime(2031, 3, 3, tzinfo=UTC).timestamp())


def minutes(start: int, end: int) -> tuple[int, int]:
    return DAY + start * 60, DAY + end * 60


def shown(spans: Spans) -> set[int]:
    return {m for s, e in spans.pairs() for m in range((s - DAY) // 60, (e - DAY) // 60)}


pairs = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 10)).map(lambda t: minutes(t[0], t[0] + t[1])),
    max_size=12,
)
sets = pairs.map(Spans.of)


def normal(spans: Spans) -> bool:
    return all(a < b for a, b in zip(spans.edges, spans.edges[1:], strict=False))


@given(sets, sets)
def test_operators_are_those_of_sets(a: Spans, b: Spans) -> None:
    """Union, intersection and difference hold minute for minute, and what they give is normal."""
    for mine, theirs in (
        (a | b, shown(a) | shown(b)),
        (a & b, shown(a) & shown(b)),
        (a - b, shown(a) - shown(b)),
    ):
        assert shown(mine) == theirs
        assert normal(mine)


@given(st.lists(sets, min_size=1, max_size=4), st.lists(sets, max_size=4))
def test_many_at_once_is_one_after_the_other(held: list[Spans], but: list[Spans]) -> None:
    """What lies in all of some sets and in none of others is what the operators give in turn."""
    expected = shown(held[0])
    for spans in held[1:]:
        expected &= shown(spans)
    for spans in but:
        expected -= shown(spans)
    found = Spans.all(held, but=but)
    assert shown(found) == expected
    assert normal(found)
    assert shown(Spans.any(but)) == set().union(*map(shown, but))


@given(pairs)
def test_a_set_is_made_of_spans_in_any_order(given_pairs: list[tuple[int, int]]) -> None:
    """Order, overlap and repetition of what a set is made of do not matter."""
    expected = {m for s, e in given_pairs for m in range((s - DAY) // 60, (e - DAY) // 60)}
    made = Spans.of(given_pairs)
    assert shown(made) == expected
    assert normal(made)
    assert made == Spans.of(reversed(given_pairs)) == Spans(Span.of(s, e) for s, e in given_pairs)
    assert Spans.of_edges(made.edges) == made == Spans(made)
    assert hash(made) == hash(Spans.of(reversed(given_pairs)))
    assert len(made) == len(list(made))
    assert bool(made) == bool(expected)
    assert made.total == 60 * len(expected)


@given(sets, sets)
def test_equal_means_the_same_instants(a: Spans, b: Spans) -> None:
    """Two sets are equal exactly when they hold the same minutes."""
    assert (a == b) == (shown(a) == shown(b))


@given(sets, st.integers(-2, 75), st.integers(-2, 12))
def test_questions_are_answered_minute_by_minute(spans: Spans, start: int, length: int) -> None:
    """Covering, overlapping, containing and cutting agree with the minutes of the set."""
    begins, ends = minutes(start, start + length)
    asked = set(range(start, start + length))
    assert (start in shown(spans)) == (begins in spans) == (moment(begins) in spans)
    assert spans.overlaps(begins, ends) == bool(asked & shown(spans))
    if length > 0:
        assert spans.covers(begins, ends) == (asked <= shown(spans))
    assert shown(spans.within(begins, ends)) == asked & shown(spans)
    assert normal(spans.within(begins, ends))


@given(sets, st.integers(0, 5), st.integers(0, 5))
def test_growing_adds_minutes_on_each_side(spans: Spans, before: int, after: int) -> None:
    """Every span begins earlier and ends later by what is asked, and neighbours join."""
    expected = {m + d for m in shown(spans) for d in range(-before, after + 1)}
    assert shown(spans.grown(before * 60, after * 60)) == expected
    assert normal(spans.grown(before * 60, after * 60))


def test_a_span_does_not_shrink() -> None:
    """A set cannot be grown by less than nothing."""
    with pytest.raises(ValueError, match="grows"):
        Spans().grown(-60, 0)


def test_spans_that_touch_are_one() -> None:
    """Nine to ten and ten to eleven hold what nine to eleven holds."""
    assert Spans.of([minutes(60, 120), minutes(0, 60)]) == Spans.of([minutes(0, 120)])
    assert not Spans.of([minutes(0, 60)]).overlaps(*minutes(60, 120))


def test_an_instant_is_aware_and_utc() -> None:
    """A span is shown in UTC whatever zone it was given in, and equals the one given in UTC."""
    east = timezone(timedelta(hours=5, minutes=45))
    span = Span(datetime(2031, 3, 3, 9, tzinfo=east), datetime(2031, 3, 3, 10, tzinfo=east))
    assert (span.start, span.end) == (
        datetime(2031, 3, 3, 3, 15, tzinfo=UTC),
        datetime(2031, 3, 3, 4, 15, tzinfo=UTC),
    )
    assert span.start.tzinfo is UTC
    assert span == Span.of(span.starts, span.ends)
    assert (span.starts, span.ends) == minutes(195, 255)
    assert span.duration == timedelta(hours=1)
    assert (span.starts in span, span.end in span) == (True, False)


def test_naive_datetimes_are_no_spans() -> None:
    """A span without a zone is refused where it is made, and an instant without one where asked."""
    with pytest.raises(ValueError, match="aware"):
        Span(datetime(2031, 3, 3, 9), datetime(2031, 3, 3, 10))
    with pytest.raises(ValueError, match="aware"):
        epoch(datetime(2031, 3, 3, 9))


@pytest.mark.parametrize(("starts", "ends"), [minutes(10, 10), minutes(20, 10)])
def test_a_span_ends_after_it_starts(starts: int, ends: int) -> None:
    """Nothing and less than nothing are no spans, however they are given."""
    with pytest.raises(ValueError, match="ends after it starts"):
        Span.of(starts, ends)
    with pytest.raises(ValueError, match="ends after it starts"):
        Spans.of([(starts, ends)])


def test_parts_of_a_second_never_shorten_a_span() -> None:
    """A span in parts of seconds holds every second that it touches."""
    span = Span(datetime(2031, 3, 3, 0, 0, 1, 999_999, UTC), datetime(2031, 3, 3, 0, 0, 2, 1, UTC))
    assert (span.starts - DAY, span.ends - DAY) == (1, 3)
    assert span.start == datetime(2031, 3, 3, 0, 0, 1, tzinfo=UTC)


def test_years_end_at_9999() -> None:
    """An instant that no calendar page shows is refused with a sentence."""
    with pytest.raises(ValueError, match="years 1 to 9999"):
        moment(10**12)


def test_strangers_are_no_sets() -> None:
    """A set is not compared or combined with what is none."""
    assert Spans() != ()
    for operator in ("__or__", "__and__", "__sub__"):
        assert getattr(Spans(), operator)(()) is NotImplemented
    with pytest.raises(ValueError, match="no bounds"):
        Spans.all([])


def test_a_set_shows_its_spans() -> None:
    """The representation names every span, so that a failed comparison can be read."""
    span = Span.of(*minutes(0, 60))
    assert repr(Spans([span])) == f"Spans([{span!r}])"
