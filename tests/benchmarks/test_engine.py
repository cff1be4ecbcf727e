"""The engine keeps up with a bare loop, and grows no faster than what it is given."""

from __future__ import annotations

from collections.abc import Callable

from tests.benchmarks.engine import bare, cost, engine, people, window

ATTEMPTS = 4


def within(limit: float, ratio: Callable[[], float]) -> list[float]:
    """Take a ratio until it is within the limit, a few times at most: noise makes it only worse."""
    found: list[float] = []
    while len(found) < ATTEMPTS and (not found or found[-1] > limit):
        found.append(ratio())
    return found


def test_the_engine_finds_what_a_bare_loop_finds() -> None:
    """On a day of 24 hours without rules the engine and the loop find the same starts."""
    for days, blocks in ((1, 4), (30, 100), (60, 300)):
        both, whole = people(2, days=days, blocks=blocks), window(days)
        assert engine(both, whole) == bare(both, whole)


def test_a_month_of_two_people_costs_about_as_much_as_a_bare_loop() -> None:
    """For 30 days with 100 busy blocks each, the engine costs no more than five bare loops."""
    both, whole = people(2, days=30, blocks=100), window(30)

    def ratio() -> float:
        return cost(lambda: engine(both, whole)) / cost(lambda: bare(both, whole))

    ratios = within(5, ratio)
    assert ratios[-1] <= 5, ratios


def test_four_times_the_days_and_blocks_cost_four_times_as_much() -> None:
    """The cost grows with days and blocks, not with their square: 16 would be that."""
    few, many = people(2, days=30, blocks=100), people(2, days=120, blocks=400)

    def ratio() -> float:
        month, season = window(30), window(120)
        return cost(lambda: engine(many, season)) / cost(lambda: engine(few, month))

    ratios = within(8, ratio)
    assert ratios[-1] <= 8, ratios
