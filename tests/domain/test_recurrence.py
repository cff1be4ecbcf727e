"""A series keeps to the clock of its zone, and to its days as RFC 5545 counts them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil import rrule
from hypothesis import example, given
from hypothesis import strategies as st

from tests.domain.clocks import CHANGING
from together.domain.recurrence import Recurrence, Repeats, Rule, a_year_later

DAY = 86_400
WEEKLY, BIWEEKLY, MONTHLY = Repeats.WEEKLY, Repeats.EVERY_TWO_WEEKS, Repeats.MONTHLY
BEGIN = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())
firsts = st.integers(0, 3 * 366 * 96).map(lambda n: BEGIN + n * 900)
zones = st.one_of(st.sampled_from(CHANGING), st.sampled_from(sorted(available_timezones())))


def _clock(at: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None, fold=0)


def _when(shown: datetime, zone: ZoneInfo) -> int:
    """The first instant at which the clock shows this; in a gap, as if it had not jumped yet.

    Found by trying every offset that the zone has in the days around, and looking at the clock.
    """
    plain = int(shown.replace(tzinfo=UTC).timestamp())
    around = range(plain - 2 * DAY, plain + 2 * DAY, DAY // 4)
    offsets = [
        int((_clock(at, zone) - _clock(at, ZoneInfo("UTC"))).total_seconds()) for at in around
    ]
    tried = sorted({plain - ahead for ahead in offsets})
    found = [at for at in tried if _clock(at, zone) == shown]
    return found[0] if found else plain - offsets[0]


def _expected(repeats: Repeats, first: int, zone: ZoneInfo, count: int) -> list[int]:
    begins = _clock(first, zone)
    weekday = rrule.weekdays[begins.weekday()]
    if repeats is MONTHLY:
        nth = (begins.day - 1) // 7 + 1
        days = rrule.rrule(
            rrule.MONTHLY, dtstart=begins, count=count, byweekday=weekday(-1 if nth == 5 else nth)
        )
    else:
        every = 1 if repeats is WEEKLY else 2
        days = rrule.rrule(
            rrule.WEEKLY, dtstart=begins, count=count, interval=every, byweekday=weekday
        )
    return [first, *(_when(day, zone) for day in list(days)[1:])]


@given(first=firsts, name=zones, repeats=st.sampled_from(Repeats), few=st.integers(1, 52))
@example(first=BEGIN + 30 * DAY, name="Australia/Lord_Howe", repeats=WEEKLY, few=52)
@example(first=BEGIN + 29 * DAY, name="America/Santiago", repeats=MONTHLY, few=12)
def test_days_and_clocks(first: int, name: str, repeats: Repeats, few: int) -> None:
    """In every zone the sessions begin where an independent reading of the rule puts them."""
    zone = ZoneInfo(name)
    rule = Rule.of(repeats, _clock(first, zone).date())
    count = min(few, Recurrence.most(rule, first, zone))
    found = Recurrence(rule, first, zone, count).starts()
    assert list(found) == _expected(repeats, first, zone, count)


@given(first=firsts, name=zones, repeats=st.sampled_from(Repeats))
def test_no_more_than_a_year(first: int, name: str, repeats: Repeats) -> None:
    """The longest series has 52 sessions, or ends within twelve months: one more would not."""
    zone = ZoneInfo(name)
    begins = _clock(first, zone)
    rule = Rule.of(repeats, begins.date())
    most = Recurrence.most(rule, first, zone)
    starts = Recurrence(rule, first, zone, most).starts()
    day = a_year_later(begins.date())
    assert datetime.fromtimestamp(starts[-1], zone).date() <= day + timedelta(days=1)
    assert most == 52 or _clock(_expected(repeats, first, zone, most + 1)[-1], zone).date() > day
    for wrong in (0, most + 1):
        with pytest.raises(ValueError, match="too short, or longer"):
            Recurrence(rule, first, zone, wrong)


def _shown(name: str, first: str, repeats: Repeats, count: int) -> list[str]:
    zone = ZoneInfo(name)
    at = int(datetime.fromisoformat(first).replace(tzinfo=zone).timestamp())
    series = Recurrence.of(repeats, at, zone=zone, count=count)
    return [datetime.fromtimestamp(each, zone).isoformat() for each in series.starts()]


@pytest.mark.parametrize(
    ("zone", "first", "expected"),
    [
        (
            "Europe/Stockholm", "2027-03-21T02:30",
            ["2027-03-21T02:30:00+01:00", "2027-03-28T03:30:00+02:00", "2027-04-04T02:30:00+02:00"],
        ),
        (
            "Europe/Stockholm", "2027-10-24T02:30",
            ["2027-10-24T02:30:00+02:00", "2027-10-31T02:30:00+02:00", "2027-11-07T02:30:00+01:00"],
        ),
        (
            "Australia/Lord_Howe", "2026-09-27T02:15",
            ["2026-09-27T02:15:00+10:30", "2026-10-04T02:45:00+11:00", "2026-10-11T02:15:00+11:00"],
        ),
        (
            "America/Santiago", "2026-08-30T00:15",
            ["2026-08-30T00:15:00-04:00", "2026-09-06T01:15:00-03:00", "2026-09-13T00:15:00-03:00"],
        ),
        (
            "Asia/Beirut", "2027-03-21T00:00",
            ["2027-03-21T00:00:00+02:00", "2027-03-28T01:00:00+03:00", "2027-04-04T00:00:00+03:00"],
        ),
    ],
)  # fmt: skip
def test_on_the_days_when_clocks_change(zone: str, first: str, expected: list[str]) -> None:
    """A time that is jumped over moves forward by the jump that once; of two the first is meant."""
    assert _shown(zone, first, WEEKLY, 3) == expected


def test_a_first_session_in_the_hour_that_comes_twice() -> None:
    """The first session is at the instant asked for, though the clock showed its time before."""
    zone = ZoneInfo("Europe/Stockholm")
    second = int(datetime(2027, 10, 31, 1, 30, tzinfo=UTC).timestamp())
    assert Recurrence.of(WEEKLY, second, zone=zone, count=2).starts() == (second, second + 7 * DAY)


@pytest.mark.parametrize(
    ("first", "rule", "days"),
    [
        ("2026-12-31", "FREQ=MONTHLY;INTERVAL=1;BYDAY=-1TH", "12-31 01-28 02-25 03-25 04-29"),
        ("2026-12-24", "FREQ=MONTHLY;INTERVAL=1;BYDAY=4TH", "12-24 01-28 02-25 03-25 04-22"),
        ("2026-12-01", "FREQ=MONTHLY;INTERVAL=1;BYDAY=1TU", "12-01 01-05 02-02 03-02 04-06"),
        ("2026-12-07", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "12-07 12-21 01-04 01-18 02-01"),
        ("2026-12-06", "FREQ=WEEKLY;INTERVAL=1;BYDAY=SU", "12-06 12-13 12-20 12-27 01-03"),
    ],
)
def test_rules(first: str, rule: str, days: str) -> None:
    """A fifth weekday becomes the last of its month, and a fourth stays the fourth."""
    begins = date.fromisoformat(first)
    repeats = MONTHLY if "MONTHLY" in rule else BIWEEKLY if "=2;" in rule else WEEKLY
    made = Rule.of(repeats, begins)
    found = list(made.days(begins))[:5]
    assert (str(made), " ".join(f"{day:%m-%d}" for day in found)) == (rule, days)


@given(day=st.dates(date(2025, 1, 1), date(2030, 1, 1)), repeats=st.sampled_from(Repeats))
def test_a_rule_is_read_as_it_was_written(day: date, repeats: Repeats) -> None:
    """What a rule writes gives the same rule, and a day that is none of its days is refused."""
    rule = Rule.of(repeats, day)
    assert Rule.parse(str(rule)) == rule
    with pytest.raises(ValueError, match="is no day of"):
        rule.days(day + timedelta(days=1))


@pytest.mark.parametrize(
    "text",
    [
        "", "FREQ=DAILY;INTERVAL=1;BYDAY=MO", "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO",
        "FREQ=WEEKLY;INTERVAL=1;BYDAY=1MO", "FREQ=MONTHLY;INTERVAL=1;BYDAY=5MO",
        "FREQ=MONTHLY;INTERVAL=1;BYDAY=MO", "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO\n",
    ],
)  # fmt: skip
def test_other_rules(text: str) -> None:
    """What is no rule of ours is not read."""
    with pytest.raises(ValueError, match="not a rule of ours"):
        Rule.parse(text)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule(WEEKLY, 0), "every week on Monday"),
        (Rule(BIWEEKLY, 6), "every two weeks on Sunday"),
        (Rule(MONTHLY, 4, -1), "every month on the last Friday"),
        (Rule(MONTHLY, 1, 2), "every month on the second Tuesday"),
    ],
)
def test_words(rule: Rule, words: str) -> None:
    """A rule is said as people say it."""
    assert rule.words == words


@pytest.mark.parametrize(("repeats", "weekday", "nth"), [
    (WEEKLY, 7, None), (WEEKLY, 0, 1), (MONTHLY, 0, None), (MONTHLY, 0, 5),
])  # fmt: skip
def test_impossible_rules(repeats: Repeats, weekday: int, nth: int | None) -> None:
    """A rule that means nothing cannot be made."""
    with pytest.raises(ValueError, match=r"weekday is|does not go with"):
        Rule(repeats, weekday, nth)


def test_leap_day() -> None:
    """A year after 29 February is 28 February."""
    assert a_year_later(date(2028, 2, 29)) == date(2029, 2, 28)
