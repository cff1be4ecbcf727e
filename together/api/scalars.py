"""The scalars of the schema: each is checked where it comes in and printed in one way."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NewType
from zoneinfo import available_timezones

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from together.domain.secret import Secret

Instant = NewType("Instant", int)
"""Epoch seconds inside, ISO 8601 outside."""
Zone = NewType("Zone", str)
Wall = NewType("Wall", str)
Day = NewType("Day", str)
AuditFacts = NewType("AuditFacts", dict[str, Any])

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 253_402_300_799  # the last second of the year 9999
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})\Z", re.ASCII
)
_WALL = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d\Z|24:00\Z", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)


def refused(words: str) -> GraphQLError:
    """Make the error for a value that its scalar does not hold."""
    return GraphQLError(words, extensions={"code": "BAD_USER_INPUT"})


def shown(value: object) -> str:
    """Quote what was sent, short enough to be read."""
    text = str(value)
    return f"“{text[:40]}…”" if len(text) > 41 else f"“{text}”"


@lru_cache(maxsize=4096)
def _day(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).date().isoformat()


def print_instant(value: int) -> str:
    """Print epoch seconds in UTC.  Thousands of slots pass here, so no datetime is made."""
    days, rest = divmod(value, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{_day(days)}T{hours:02}:{minutes:02}:{seconds:02}Z"


def parse_instant(value: Any) -> Instant:
    """Read an instant; a text without an offset is nobody's time and is refused."""
    if not isinstance(value, str) or not _ISO.match(value):
        raise refused(
            f"{shown(value)} is not a DateTime. Write it as 2026-03-02T09:00:00Z, with its offset."
        )
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:
        raise refused(f"{shown(value)} is not a DateTime: no such date or time exists.") from None
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    if not 0 <= seconds <= _LATEST:
        raise refused(f"{shown(value)} is not a DateTime that can be used here.")
    return Instant(seconds)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def parse_zone(value: Any) -> Zone:
    if not isinstance(value, str) or value not in _zones():
        raise refused(f"{shown(value)} is not an IANA time zone. Use a name such as Europe/Paris.")
    return Zone(value)


def parse_wall(value: Any) -> Wall:
    if not isinstance(value, str) or not _WALL.match(value):
        raise refused(f"{shown(value)} is not a WallTime. Write it as 09:00; 24:00 ends a day.")
    return Wall(value)


def parse_day(value: Any) -> Day:
    if not isinstance(value, str) or not _DAY.match(value):
        raise refused(f"{shown(value)} is not a Date. Write it as 2026-03-02.")
    try:
        date.fromisoformat(value)
    except ValueError:
        raise refused(f"{shown(value)} is not a Date: no such day exists.") from None
    return Day(value)


def parse_secret(value: Any) -> Secret:
    """Take whatever is sent, as it is; a key file may be sent as the object it holds."""
    return Secret(value if isinstance(value, str) else json.dumps(value))


def refuse_facts(value: Any) -> AuditFacts:
    """Refuse to read what is only ever told."""
    raise refused("AuditFacts are answered, and not asked for.")


def refuse_literal(node: Any, variables: Any = None) -> Secret:
    """Refuse a secret that stands in the document, where it would be kept with it."""
    raise refused("A Secret is sent in a variable, and never written into the document.")


SCALARS: dict[object, ScalarDefinition] = {
    Instant: strawberry.scalar(
        name="DateTime",
        description="A moment in ISO 8601. Sent with any offset, which is required; answered in "
        "UTC, to the second.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=print_instant,
        parse_value=parse_instant,
    ),
    Zone: strawberry.scalar(
        name="TimeZone",
        description="A name of the IANA time zone database, such as Europe/Stockholm.",
        serialize=str,
        parse_value=parse_zone,
    ),
    Wall: strawberry.scalar(
        name="WallTime",
        description="A time of day as a clock on the wall shows it, HH:MM. 24:00 is an end only.",
        serialize=str,
        parse_value=parse_wall,
    ),
    Secret: strawberry.scalar(
        name="Secret",
        description="Something that nobody is to see, such as a key file. It is sent in a variable "
        "only, and is never answered.",
        serialize=lambda value: "•••",
        parse_value=parse_secret,
        parse_literal=refuse_literal,
    ),
    AuditFacts: strawberry.scalar(
        name="AuditFacts",
        description="Facts by name, as an object of JSON: states, numbers, slugs and ids, or lists "
        "of them. No secret, and nobody's name or address.",
        serialize=dict,
        parse_value=refuse_facts,
    ),
    Day: strawberry.scalar(
        name="Date",
        description="A day of the calendar, YYYY-MM-DD, without a zone.",
        specified_by_url="https://scalars.graphql.org/andimarek/local-date",
        serialize=str,
        parse_value=parse_day,
    ),
}
