"""The table of who sees what, whole."""

from __future__ import annotations

import pytest

from together.domain.visibility import Sight, sight

NOTHING = Sight(
    own_availability=False,
    others_free=False,
    others_busy=False,
    automatic_video=False,
    told_of_other=False,
)


@pytest.mark.parametrize(
    ("viewer", "other", "expected"),
    [
        (True, True, Sight(True, True, True, True, True)),
        (True, False, Sight(True, False, False, True, True)),
        (False, True, NOTHING),
        (False, False, NOTHING),
    ],
)
def test_the_table_holds_row_by_row(viewer: bool, other: bool, expected: Sight) -> None:
    """Each row of the product's table is what the function gives."""
    assert sight(viewer_integrated=viewer, other_integrated=other) == expected


@pytest.mark.parametrize("one", [True, False])
@pytest.mark.parametrize("two", [True, False])
def test_sight_is_reciprocal(one: bool, two: bool) -> None:
    """One sees the other's times exactly when the other sees theirs."""
    there = sight(viewer_integrated=one, other_integrated=two)
    back = sight(viewer_integrated=two, other_integrated=one)
    assert (there.others_busy, there.others_free) == (back.others_busy, back.others_free)
    assert there.others_busy == there.others_free == (one and two)
