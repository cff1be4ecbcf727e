"""Who counts as integrated: a standing consent that reads, and a read in the last day."""

from __future__ import annotations

from dataclasses import replace

import pytest

from together.domain.integration import (
    READ_WITHIN,
    IntegrationFacts,
    Standing,
    State,
    integrated,
    readable,
    standing,
)

NOW = 1_830_000_000
DAY = 86400
WELL = IntegrationFacts(
    state="ACTIVE",
    can_read=True,
    counting=True,
    since=NOW - 30 * DAY,
    read_at=NOW - 60,
    unreadable_since=None,
    now=NOW,
)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, Standing.INTEGRATED),
        ({"can_read": False}, Standing.NOT_INTEGRATED),
        ({"counting": False}, Standing.NOT_INTEGRATED),
        ({"unreadable_since": NOW - 30}, Standing.UNREADABLE_NOW),
        (
            {"read_at": NOW - DAY + 1, "unreadable_since": NOW - DAY + 2},
            Standing.UNREADABLE_NOW,
        ),
        ({"read_at": NOW - DAY, "unreadable_since": NOW - DAY + 2}, Standing.NOT_INTEGRATED),
        ({"read_at": NOW - DAY}, Standing.NOT_INTEGRATED),
        ({"read_at": NOW - DAY + 1}, Standing.INTEGRATED),
        ({"read_at": None}, Standing.NOT_INTEGRATED),
        ({"read_at": None, "since": NOW - DAY + 1}, Standing.INTEGRATED),
        ({"read_at": None, "since": NOW - 9, "unreadable_since": NOW - 8}, Standing.UNREADABLE_NOW),
        ({"read_at": NOW - 2 * DAY, "since": NOW - 9}, Standing.INTEGRATED),
    ],
)
def test_a_day_without_a_read_ends_it(changed: dict[str, int], expected: Standing) -> None:
    """An outage changes nothing for a day after the last read, and a new consent has a day."""
    facts = replace(WELL, **changed)
    assert standing(facts) is expected
    assert integrated(facts) == (expected is not Standing.NOT_INTEGRATED)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("unreadable_since", [None, NOW - 30])
def test_only_a_standing_consent_counts(state: State, unreadable_since: int | None) -> None:
    """A connection in any other state than active is lost at once, however fresh its reading."""
    facts = replace(WELL, state=state.value, unreadable_since=unreadable_since)
    assert integrated(facts) == readable(facts) == (state is State.ACTIVE)


def test_nothing_connected_is_not_integrated() -> None:
    """Without a connection there is nothing to judge and nothing to read."""
    assert (standing(None), integrated(None), readable(None)) == (
        Standing.NOT_INTEGRATED,
        False,
        False,
    )


def test_what_is_stale_is_still_to_be_read() -> None:
    """A connection that nobody read for a day can be read, and so become integrated again."""
    stale = replace(WELL, read_at=NOW - READ_WITHIN)
    assert (integrated(stale), readable(stale)) == (False, True)
    assert integrated(replace(stale, read_at=NOW))
