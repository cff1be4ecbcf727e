"""Times in the sandbox: what Google accepts, and when an event is for whoever looks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from together_google.sandbox import refusals


def stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def zone_named(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        raise refusals.invalid("Invalid time zone definition.") from None


def parameter(text: Any, name: str) -> int:
    """Read a time that a request gives, which needs an offset."""
    if not isinstance(text, str) or not text:
        raise refusals.required(f"Required parameter: {name}")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refusals.invalid(f"Invalid value for: {name}") from None
    if moment.utcoffset() is None:
        raise refusals.invalid(f"Invalid value for: {name}")
    return int(moment.timestamp())


def normal(when: Mapping[str, Any], zone: ZoneInfo, *, edge: str) -> dict[str, str]:
    """Write an event's start or end as Google gives it back: a date, or a time with an offset."""
    if day := when.get("date"):
        try:
            return {"date": date.fromisoformat(day).isoformat()}
        except (TypeError, ValueError):
            raise refusals.invalid(f"Invalid value for: {edge}.date") from None
    text = when.get("dateTime")
    if not isinstance(text, str):
        raise refusals.required(f"Missing {edge} time.")
    named = when.get("timeZone")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refusals.invalid(f"Invalid value for: {edge}.dateTime") from None
    if moment.utcoffset() is None:
        if not named:
            raise refusals.required(f"Missing time zone definition for {edge} time.")
        moment = moment.replace(tzinfo=zone_named(named))
    shown = moment.astimezone(zone).replace(microsecond=0)
    return {"dateTime": shown.isoformat(), "timeZone": named or zone.key}


def edges(body: Mapping[str, Any], zone: ZoneInfo) -> tuple[int, int]:
    """Say when an event is; an all-day one lies between midnights of the calendar looked at."""
    return _seconds(body["start"], zone), _seconds(body["end"], zone)


def _seconds(when: Mapping[str, Any], zone: ZoneInfo) -> int:
    if "date" in when:
        return int(datetime.combine(date.fromisoformat(when["date"]), time(), zone).timestamp())
    return int(datetime.fromisoformat(when["dateTime"]).timestamp())
