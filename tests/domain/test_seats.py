"""What one session leaves of a person's time for others: buffers around it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from together.domain.booking import seat
from together.domain.policy import Policy
from together.domain.slots import blocked, starts
from together.domain.spans import Span, Spans

policies = st.builds(
    Policy, buffer_before=st.sampled_from([0, 5, 10, 30]), buffer_after=st.sampled_from([0, 5, 15])
)
sessions = st.tuples(st.integers(0, 240), st.integers(1, 60)).map(lambda t: (t[0], t[0] + t[1]))


@given(sessions, sessions, policies)
def test_two_sessions_keep_the_longer_buffer(
    one: tuple[int, int], two: tuple[int, int], policy: Policy
) -> None:
    """Seats overlap exactly when less than the longer of both buffers lies between sessions."""
    first, second = sorted((one, two))
    apart = second[0] - first[1]
    refused = apart < max(policy.buffer_before, policy.buffer_after)
    seats = [seat(s * 60, e * 60, policy) for s, e in (one, two)]
    assert (seats[0][0] < seats[1][1] and seats[1][0] < seats[0][1]) == refused
    assert blocked(Spans.of(seats[:1]), policy).overlaps(two[0] * 60, two[1] * 60) == refused


@given(st.lists(sessions, max_size=4), st.integers(1, 60), policies)
def test_what_is_offered_is_what_the_seats_take(
    held: list[tuple[int, int]], duration: int, policy: Policy
) -> None:
    """A start is offered exactly when its seat would overlap none that is taken."""
    window = Span.of(0, 400 * 60)
    seats = [seat(s * 60, e * 60, policy) for s, e in held]
    found = starts(
        Spans([window]) - blocked(Spans.of(seats), policy),
        duration=duration,
        step=5,
        zone=ZoneInfo("UTC"),
        window=window,
    )
    expected = []
    for at in range(0, window.ends - duration * 60 + 1, 300):
        begins, ends = seat(at, at + duration * 60, policy)
        if not any(begins < e and s < ends for s, e in seats):
            expected.append(at)
    assert found == expected
