"""Saltmarsh Institute in a database of the first step: what it may hold when a newer program comes.

Written as statements, since the models have moved on.  Rows are numbered as they come, from 1.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tortoise.connection import get_connection

from tests.world import DAY, HOUR, NOW
from together.store import migrate as module
from together.store.database import Database
from together.store.migrate import migrate, steps
from together.store.transaction import transaction

Row = dict[str, Any]

ADA, BEN, DEV, HANA, MIRA = 1, 2, 3, 4, 5
PEOPLE = ("ada", "ben", "dev", "hana", "mira")
LOST_LONG_AGO, LOST_LATELY = BEN, DEV

READY, REFUSED, POLLED, UNWRITTEN, WAITS_FOR_BOOKER, NO_LINK, GUEST_ONLY, LEFT = range(1, 9)
"""The sessions, by what has become of their links."""
GIVEN_UP = [REFUSED, GUEST_ONLY, LEFT]


async def make(url: str) -> None:
    """Take an empty database through the first step, and put the world into its tables."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "steps", lambda: steps()[:1])
        await migrate(url)
    database = Database(url)
    await database.connect()
    async with database.entered():
        await transaction(_fill)
    await database.close()


async def _fill() -> None:
    client = get_connection(Database.current().dialect)
    for table, row in (*_people(), *_calendars(), *_sessions(), *_beside()):
        names = ", ".join(f'"{name}"' for name in row)
        values = ", ".join(_literal(value) for value in row.values())
        await client.execute_query(
            f'INSERT INTO "{table}" ({names}) VALUES ({values})'  # noqa: S608
        )


def _literal(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "NULL", True: "TRUE", False: "FALSE"}[value]
    return str(value) if isinstance(value, int) else f"'{value}'"


def _of(member: int) -> int:
    return 2 if member == MIRA else 1


def _people() -> Iterator[tuple[str, Row]]:
    for slug, name in (("saltmarsh", "Saltmarsh Institute"), ("northlight", "Northlight Guild")):
        yield "organization", {
            "uid": slug, "slug": slug, "name": name, "policy": "{}", "event_title": "Session",
        }  # fmt: skip
    for member, first in enumerate(PEOPLE, 1):
        domain = "northlight.example.com" if member == MIRA else "saltmarsh.example.org"
        email = f"{first}@{domain}"
        yield "member", {
            "uid": first, "organization_id": _of(member), "email": email, "email_key": email,
            "name": first.title(), "zone": "UTC", "role": "PARTICIPANT", "active": True,
            "generation": 0,
        }  # fmt: skip
    yield "hours_exception", {
        "organization_id": 1, "member_id": ADA, "date": "2026-12-24", "windows": "[]",
    }  # fmt: skip
    yield "holiday", {"organization_id": 1, "date": "2026-12-25", "name": "Holiday"}
    for number, mentee in ((1, BEN), (2, DEV)):
        yield "match", {
            "uid": f"match{number}", "organization_id": 1, "program": "Mentoring",
            "state": "ACTIVE", "created_at": NOW - 30 * DAY,
        }  # fmt: skip
        for member, role in ((ADA, "MENTOR"), (mentee, "MENTEE")):
            yield "participant", {
                "organization_id": 1, "match_id": number, "member_id": member, "role": role,
                "joined_at": NOW - 30 * DAY,
            }  # fmt: skip


def _calendars() -> Iterator[tuple[str, Row]]:
    lost = {LOST_LONG_AGO: NOW - 20 * DAY, LOST_LATELY: NOW - 2 * DAY}
    for member, first in enumerate(PEOPLE, 1):
        yield "integration", {
            "uid": f"of-{first}", "organization_id": _of(member), "member_id": member,
            "provider": "memory", "distribution": "together", "account_id": first,
            "account_email": f"{first}@elsewhere.example.net", "capabilities": 3,
            "state": "NEEDS_RECONNECT" if member in lost else "ACTIVE",
            "reason": "AuthorizationExpired" if member in lost else None,
            "since": lost.get(member, NOW - 30 * DAY),
            "unreadable_since": NOW - HOUR if member == MIRA else None,
            "read_at": None if member == MIRA else NOW - 7 * HOUR,
            "generation": 2, "access_token": f"sealed access of {first}",
            "refresh_token": f"sealed refresh of {first}", "token_expires_at": NOW, "scopes": "a b",
        }  # fmt: skip
        for name, first_one in (("own", True), ("holidays", False)):
            yield "calendar", {
                "uid": f"{name}-{first}", "organization_id": _of(member), "integration_id": member,
                "external_id": name, "name": name.title(), "primary": first_one,
                "writable": first_one, "counts": first_one, "receives": first_one,
                "carries_meetings": first_one, "zone": None,
            }  # fmt: skip
    span = {"starts": NOW, "ends": NOW + HOUR}
    mine = {"organization_id": 1, "integration_id": ADA}
    yield "busy_reading", {**mine, **span, "read_at": NOW - 7 * HOUR, "complete": True}
    yield "busy_block", {**mine, **span}
    yield "attempt", {
        "organization_id": 1, "member_id": BEN, "provider": "memory", "state": "STARTED",
        "state_hash": "a", "verifier": "sealed", "redirect_uri": "https://a.example.org",
        "token_url": "https://b.example.org", "return_to": "https://c.example.org",
        "generation": 0, "expires_at": NOW + 600,
    }  # fmt: skip


def _sessions() -> Iterator[tuple[str, Row]]:
    """Ada books all of them, a day apart."""
    for session in range(READY, LEFT + 1):
        span = {"starts": NOW + session * DAY, "ends": NOW + session * DAY + HOUR}
        yield "booking", {
            "uid": f"session{session}", "organization_id": 1, "match_id": 1, "booked_by_id": ADA,
            "state": "CONFIRMED", **span, "zone": "UTC", "place": None,
            "video": None if session == NO_LINK else "memory_meet", "event_key": f"key{session}",
            "created_at": NOW,
            "join_url": "https://meet.example.net/abc" if session == READY else None,
        }  # fmt: skip
        for member in (ADA, BEN):
            yield "seat", {
                "organization_id": 1, "booking_id": session, "member_id": member, **span,
                "live": True, "answer": "NEEDS_ACTION",
            }  # fmt: skip
        yield "history", {
            "organization_id": 1, "booking_id": session, "at": NOW, "member_id": ADA,
            "what": "BOOKED",
        }  # fmt: skip
    for session, event in ((READY, "event"), (UNWRITTEN, None)):
        yield "calendar_event", {
            "organization_id": 1, "booking_id": session, "integration_id": ADA,
            "account_hash": "ada", "calendar_id": "own", "event_id": event,
            "meeting_pending": False,
        }  # fmt: skip
    yield from _jobs()


def _jobs() -> Iterator[tuple[str, Row]]:
    for number, (session, kind, state, integration, reason) in enumerate(
        (
            (READY, "WRITE_EVENT", "DONE", ADA, None),
            (REFUSED, "WRITE_EVENT", "DONE", ADA, None),
            (REFUSED, "POLL_MEETING", "PARKED", ADA, "MeetRefused"),
            (POLLED, "POLL_MEETING", "WAITING", ADA, "NotYet"),
            (UNWRITTEN, "WRITE_EVENT", "WAITING", ADA, None),
            (UNWRITTEN, "WRITE_EVENT", "WAITING", None, None),
            (WAITS_FOR_BOOKER, "WRITE_EVENT", "PARKED", ADA, "AuthorizationExpired"),
            (NO_LINK, "WRITE_EVENT", "DONE", ADA, None),
            (GUEST_ONLY, "WRITE_EVENT", "PARKED", ADA, "Refused"),
            (GUEST_ONLY, "WRITE_EVENT", "WAITING", None, None),
            (GUEST_ONLY, "WRITE_EVENT", "WAITING", BEN, "RateLimited"),
            (LEFT, "POLL_MEETING", "PARKED", 99, "Disconnected"),
            (None, "REVOKE_GRANT", "WAITING", 99, "ProviderUnavailable"),
        ),
        1,
    ):
        yield "job", {
            "uid": f"job{number}", "organization_id": 1, "kind": kind, "state": state,
            "booking_id": session, "integration_id": integration, "provider": "memory",
            "sealed": "sealed" if session is None else None, "due_at": NOW, "attempts": 1,
            "reason": reason, "created_at": NOW,
        }  # fmt: skip


def _beside() -> Iterator[tuple[str, Row]]:
    yield "client_key", {
        "organization_id": 1, "member_id": ADA, "mutation": "bookSession", "key": "one",
        "input_hash": "a", "made_id": READY, "created_at": NOW,
    }  # fmt: skip
    yield "data_key", {"organization_id": 1, "purpose": "grants", "sealed": "sealed"}
    before = "0" * 64
    for at, member in enumerate((ADA, BEN, DEV), NOW):
        told = (before, 1, at, member, "calendar.connected", f"member:{member}")
        now = hashlib.sha256(json.dumps(told).encode()).hexdigest()
        yield (
            "audit_entry",
            dict(
                zip(
                    ("hash_before", "organization_id", "at", "actor_id", "action", "subject"),
                    told,
                    strict=True,
                ),
                hash=now,
            ),
        )
        before = now
