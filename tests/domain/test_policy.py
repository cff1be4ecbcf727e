"""An organization's rules are read once, and what no rule can be is refused by name."""

from __future__ import annotations

import pytest

from together.domain.policy import BadPolicy, Policy


def test_nothing_said_means_the_product_rules() -> None:
    """Without overrides the defaults of the product hold."""
    assert Policy.of(None) == Policy.of({}) == Policy()
    assert Policy() == Policy(
        durations=(30, 45, 60),
        step=15,
        buffer_before=0,
        buffer_after=0,
        notice=240,
        horizon_days=60,
        per_day=None,
        per_week=None,
    )


def test_an_organization_says_what_differs() -> None:
    """What is overridden counts, durations in rising order and once each."""
    said = {"durations": [60, 20, 60], "step": 20, "buffer_after": 10, "per_day": 2}
    assert Policy.of({**said, "per_week": None}) == Policy(
        durations=(20, 60), step=20, buffer_after=10, per_day=2
    )


def test_notice_and_horizon_bound_a_start() -> None:
    """A start lies between the notice and the horizon from now, and sessions a margin apart."""
    policy = Policy(notice=60, horizon_days=2, buffer_before=10, buffer_after=15)
    assert (policy.earliest(1000), policy.latest(1000)) == (4600, 173_800)
    assert policy.margin == 900


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("durations", [], "This is a list of at least one duration."),
        ("durations", "45", "This is a list of at least one duration."),
        ("durations", [5] * 13, "At most 12 durations are offered."),
        ("durations", [47], "A duration is 5 to 480 minutes, in steps of five."),
        ("durations", [True], "A duration is 5 to 480 minutes, in steps of five."),
        ("durations", [485], "A duration is 5 to 480 minutes, in steps of five."),
        ("step", 25, "A step is one of 5, 10, 15, 20, 30, 60 minutes."),
        ("step", [], "A step is one of 5, 10, 15, 20, 30, 60 minutes."),
        ("notice", -1, "This is a whole number from 0 to 43200."),
        ("notice", True, "This is a whole number from 0 to 43200."),
        ("buffer_before", 241, "This is a whole number from 0 to 240."),
        ("buffer_after", None, "This is a whole number from 0 to 240."),
        ("horizon_days", 1.5, "This is a whole number from 1 to 366."),
        ("per_day", 0, "This is a whole number from 1 to 50."),
        ("per_week", "3", "This is a whole number from 1 to 350."),
        ("margin", 3, "There is no such rule."),
    ],
)
def test_what_no_rule_can_be_is_refused(field: str, value: object, why: str) -> None:
    """A bad override is told with the name of the rule and what it can be."""
    with pytest.raises(BadPolicy) as refused:
        Policy.of({field: value})
    assert (refused.value.field, refused.value.why) == (field, why)
