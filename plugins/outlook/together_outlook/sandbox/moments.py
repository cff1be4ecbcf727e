"""Times in the sandbox: what Graph accepts, and how it shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from together_outlook.sandbox import graph_refusals as refusals
from together_outlook.zones import WINDOWS, known_zone

FIRST_YEAR, LAST_YEAR = 1601, 4500
"""Those that Exchange keeps times of."""
NEVER = "0001-01-01T00:00:00Z"
CUSTOM = "tzone://Microsoft/Custom"
"""The zone of an event where Windows has no name for it."""
NAMES = {iana: name for name, iana in WINDOWS.items()} | {
    "UTC": "UTC",
    "Africa/Accra": "Greenwich Standard Time",
    "America/Toronto": "Eastern Standard Time",
    "Asia/Kuala_Lumpur": "Singapore Standard Time",
    "Europe/Amsterdam": "W. Europe Standard Time",
    "Europe/Copenhagen": "Romance Standard Time",
    "Europe/Dublin": "GMT Standard Time",
    "Europe/Helsinki": "FLE Standard Time",
    "Europe/Lisbon": "GMT Standard Time",
    "Europe/Madrid": "Romance Standard Time",
    "Europe/Oslo": "W. Europe Standard Time",
    "Europe/Prague": "Central Europe Standard Time",
    "Europe/Rome": "W. Europe Standard Time",
    "Europe/Stockholm": "W. Europe Standard Time",
    "Europe/Vienna": "W. Europe Standard Time",
    "Europe/Zurich": "W. Europe Standard Time",
    "Asia/Kolkata": "India Standard Time",
}
"""IANA name → Windows' name, of zones that a person of a demo may live in."""

_PREFERENCE = re.compile(r'outlook\.timezone\s*=\s*"([^"]*)"', re.IGNORECASE)
_FRACTION = re.compile(r"(:\d\d)\.\d{1,7}")


@dataclass(frozen=True, slots=True)
class Shown:
    """A zone that times are shown in, by the name it was asked for with."""

    name: str
    zone: ZoneInfo


IN_UTC = Shown("UTC", ZoneInfo("UTC"))


def stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")


def shown(seconds: int, where: Shown) -> dict[str, str]:
    """Show an instant on the wall of a zone, with no offset beside it."""
    wall = datetime.fromtimestamp(seconds, where.zone).strftime("%Y-%m-%dT%H:%M:%S.0000000")
    return {"dateTime": wall, "timeZone": where.name}


def windows_name(zone: str) -> str:
    return NAMES.get(zone, CUSTOM)


def zone_named(name: Any) -> ZoneInfo:
    """Find a zone by its Windows or its IANA name."""
    found = known_zone(name) if isinstance(name, str) and name else None
    if found is None:
        raise refusals.unknown_zone(name if isinstance(name, str) else "")
    return found


def preferred(header: str) -> Shown:
    """Read which zone a request prefers its answer in; without a wish it is UTC."""
    asked = _PREFERENCE.search(header)
    return IN_UTC if asked is None else Shown(asked[1], zone_named(asked[1]))


def parameter(text: str | None, name: str) -> int:
    """Read a time of a query; without an offset it is meant in UTC."""
    if not text:
        raise refusals.no_window()
    moment = _parsed(text)
    if moment is None:
        raise refusals.bad_parameter(f"The value '{text}' of parameter '{name}' is invalid.")
    return _seconds(moment, ZoneInfo("UTC"))


def wall_time(when: Any) -> tuple[datetime, str]:
    """Read a dateTimeTimeZone as the wall time of its zone, and that zone's IANA name."""
    if not isinstance(when, Mapping) or not isinstance(when.get("dateTime"), str):
        raise refusals.failed_validation()
    zone = zone_named(when.get("timeZone"))
    moment = _parsed(when["dateTime"])
    if moment is None:
        raise refusals.failed_validation()
    if moment.utcoffset() is not None:
        moment = moment.astimezone(zone)
    return moment.replace(tzinfo=None), zone.key


def instant(when: Any) -> int:
    wall, zone = wall_time(when)
    return _seconds(wall, ZoneInfo(zone))


def edges(body: Mapping[str, Any], zone: ZoneInfo) -> tuple[int, int]:
    """Say when an event is; an all-day one lies between midnights of the zone it was made in."""
    named = body["originalStartTimeZone"]
    own = (known_zone(named) or zone) if body["isAllDay"] else ZoneInfo("UTC")
    walls = (datetime.fromisoformat(body[edge]["dateTime"][:19]) for edge in ("start", "end"))
    start, end = (_seconds(wall, own) for wall in walls)
    return start, end


def is_midnight(wall: datetime) -> bool:
    return wall == wall.replace(hour=0, minute=0, second=0, microsecond=0)


def midnights(start: datetime, end: datetime) -> dict[str, dict[str, str]]:
    """Write the days of an all-day event, which float: they are midnights wherever one looks."""
    walls = {"start": start, "end": end}
    return {
        edge: {"dateTime": wall.strftime("%Y-%m-%dT00:00:00.0000000"), "timeZone": "UTC"}
        for edge, wall in walls.items()
    }


def in_utc(wall: datetime, zone: str) -> dict[str, str]:
    return shown(_seconds(wall, ZoneInfo(zone)), IN_UTC)


def _parsed(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
    except ValueError:
        return None
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def _seconds(moment: datetime, zone: ZoneInfo) -> int:
    aware = moment if moment.utcoffset() is not None else moment.replace(tzinfo=zone)
    return int(aware.timestamp())
