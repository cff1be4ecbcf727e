"""What a request says of an event, held to the names and kinds of values that Graph knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from together_outlook.sandbox import graph_refusals as refusals
from together_outlook.sandbox import moments, texts
from together_outlook.sandbox.world import World
from together_outlook.zones import known_zone

PLAIN: Mapping[str, type] = {
    "subject": str,
    "isAllDay": bool,
    "isReminderOn": bool,
    "reminderMinutesBeforeStart": int,
    "responseRequested": bool,
    "allowNewTimeProposals": bool,
    "hideAttendees": bool,
    "isOnlineMeeting": bool,
    "onlineMeetingProvider": str,
    "transactionId": str,
    "categories": list,
    "attendees": list,
    "singleValueExtendedProperties": list,
    "start": dict,
    "end": dict,
    "body": dict,
    "location": dict,
    "recurrence": dict,
}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "importance": ("low", "normal", "high"),
    "sensitivity": ("normal", "personal", "private", "confidential"),
    "showAs": ("free", "tentative", "busy", "oof", "workingElsewhere", "unknown"),
}
COPIED = (
    *("subject", "isReminderOn", "reminderMinutesBeforeStart", "responseRequested"),
    *("allowNewTimeProposals", "hideAttendees", "categories", *CHOICES),
)
READ_ONLY = frozenset(
    {
        *("id", "createdDateTime", "lastModifiedDateTime", "changeKey", "bodyPreview", "calendar"),
        *("hasAttachments", "iCalUId", "isCancelled", "isDraft", "isOrganizer", "locations"),
        *("onlineMeeting", "onlineMeetingUrl", "organizer", "originalEndTimeZone"),
        *("originalStartTimeZone", "responseStatus", "seriesMasterId", "type", "webLink"),
        *("originalStart", "attachments", "extensions", "instances"),
        *("multiValueExtendedProperties", "cancelledOccurrences", "exceptionOccurrences"),
    }
)
EVENT = frozenset({*PLAIN, *CHOICES, *READ_ONLY})
"""The properties of an event in v1.0."""
LOCATION = frozenset(
    {
        *("address", "coordinates", "displayName", "locationEmailAddress", "locationType"),
        *("locationUri", "uniqueId", "uniqueIdType"),
    }
)
MOST_GUESTS = 500
NOWHERE = {
    "displayName": "",
    "locationType": "default",
    "uniqueIdType": "unknown",
    "address": {},
    "coordinates": {},
}
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\Z")
_EXTENDED = re.compile(
    r"(?:String|Integer|Boolean|Double|SystemTime|Binary|CLSID)\s+"
    r"(?:\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}\s+(?:Name\s+\S.*|Id\s+0x[0-9a-f]+)"
    r"|0x[0-9a-f]+)\Z",
    re.IGNORECASE,
)


def check(asked: Mapping[str, Any]) -> None:
    """Refuse a name that an event does not have, and a value of another kind."""
    _names(asked, EVENT, "event")
    for name, value in asked.items():
        if value is None:
            continue
        kind = PLAIN.get(name, str if name in CHOICES else None)
        wrong = kind is not None and not isinstance(value, kind)
        if wrong or (kind is int and isinstance(value, bool)):
            raise refusals.no_conversion(value, name)
        if name in CHOICES and value not in CHOICES[name]:
            raise refusals.bad_payload(f"Requested value '{value}' was not found.")
    if asked.get("recurrence"):
        raise refusals.bad_payload("Recurring events are not part of this sandbox.")


def apply(world: World, body: dict[str, Any], asked: Mapping[str, Any], *, zone: ZoneInfo) -> None:
    """Write what was asked for into an event; what was not named stays."""
    for name in COPIED:
        if asked.get(name) is not None:
            body[name] = asked[name]
    if asked.get("body") is not None:
        texts.write(body, _text(asked["body"]))
    if "location" in asked:
        _place(body, asked["location"] or {})
    if "attendees" in asked:
        told = asked["attendees"] or []
        if len(told) > MOST_GUESTS:
            raise refusals.bad_recipient()
        before = {mail_of(guest): guest["status"] for guest in body["attendees"]}
        guests = [_guest(world, one, before) for one in told]
        body["attendees"] = [*{mail_of(guest): guest for guest in guests}.values()]
    if asked.get("singleValueExtendedProperties"):
        new = [_extended(one) for one in asked["singleValueExtendedProperties"]]
        named = {one["id"].casefold(): one for one in new}
        old = body["singleValueExtendedProperties"]
        kept = [one for one in old if one["id"].casefold() not in named]
        body["singleValueExtendedProperties"] = [*kept, *named.values()]
    if "start" not in body or {"start", "end", "isAllDay"} & asked.keys():
        _times(body, asked, zone)


def mail_of(guest: Mapping[str, Any]) -> str:
    return str(guest["emailAddress"]["address"])


def _times(body: dict[str, Any], asked: Mapping[str, Any], zone: ZoneInfo) -> None:
    (start, start_zone), (end, end_zone) = (
        moments.wall_time(asked[edge]) if asked.get(edge) else _standing(body, edge, zone)
        for edge in ("start", "end")
    )
    if asked.get("isAllDay", body["isAllDay"]):
        for edge, wall in (("start", start), ("end", end)):
            if not moments.is_midnight(wall):
                raise refusals.not_midnight(edge)
        if start_zone != end_zone:
            raise refusals.failed_validation()
        if end <= start:
            raise refusals.short_day()
        body |= {"isAllDay": True, **moments.midnights(start, end)}
    else:
        times = {
            "start": moments.in_utc(start, start_zone),
            "end": moments.in_utc(end, end_zone),
        }
        if times["end"]["dateTime"] < times["start"]["dateTime"]:
            raise refusals.failed_validation()
        body |= {"isAllDay": False, **times}
    body["originalStartTimeZone"] = moments.windows_name(start_zone)
    body["originalEndTimeZone"] = moments.windows_name(end_zone)


def _standing(body: Mapping[str, Any], edge: str, zone: ZoneInfo) -> Any:
    """Give an edge that the request does not change, as a wall time and its zone."""
    if edge not in body:
        raise refusals.failed_validation()
    own = known_zone(body[f"original{edge.title()}TimeZone"]) or zone
    if body["isAllDay"]:
        return moments.wall_time({**body[edge], "timeZone": own.key})
    aware = {"dateTime": body[edge]["dateTime"][:19] + "Z", "timeZone": own.key}
    return moments.wall_time(aware)


def _text(asked: Mapping[str, Any]) -> str:
    _names(asked, {"content", "contentType"}, "itemBody")
    content, kind = asked.get("content") or "", str(asked.get("contentType", "text")).casefold()
    if not isinstance(content, str) or kind not in ("text", "html"):
        raise refusals.no_conversion(content, "body")
    return texts.as_html(content, kind)


def _place(body: dict[str, Any], asked: Mapping[str, Any]) -> None:
    _names(asked, LOCATION, "location")
    name = asked.get("displayName") or ""
    if not isinstance(name, str):
        raise refusals.no_conversion(name, "displayName")
    body["location"] = {**NOWHERE, "displayName": name}
    body["locations"] = [body["location"]] if name else []


def _guest(world: World, asked: Any, before: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(asked, dict) or not isinstance(asked.get("emailAddress"), dict):
        raise refusals.no_conversion(asked, "attendees")
    _names(asked, {"emailAddress", "type", "status", "proposedNewTime"}, "attendee")
    _names(asked["emailAddress"], {"address", "name"}, "emailAddress")
    kind, address = asked.get("type", "required"), asked["emailAddress"].get("address")
    if kind not in ("required", "optional", "resource"):
        raise refusals.bad_payload(f"Requested value '{kind}' was not found.")
    if not isinstance(address, str) or not _ADDRESS.match(address):
        raise refusals.bad_recipient()
    email = address.casefold()
    known = world.people.get(email)
    name = asked["emailAddress"].get("name") or (known.name if known else email)
    return {
        "type": kind,
        "status": before.get(email, {"response": "none", "time": moments.NEVER}),
        "emailAddress": {"name": str(name), "address": email},
    }


def _extended(asked: Any) -> dict[str, str]:
    """Read an extended property, whose id says what kind it is and whose."""
    if not isinstance(asked, dict) or not isinstance(asked.get("value"), str):
        raise refusals.no_conversion(asked, "singleValueExtendedProperties")
    _names(asked, {"id", "value"}, "singleValueLegacyExtendedProperty")
    if not isinstance(asked.get("id"), str) or not _EXTENDED.match(asked["id"]):
        raise refusals.failed_validation()
    return {"id": asked["id"], "value": asked["value"]}


def _names(asked: Mapping[str, Any], known: frozenset[str] | set[str], kind: str) -> None:
    for name in asked:
        if name not in known and "@odata." not in name:
            raise refusals.unknown_property(name, kind)
