"""The memory calendar service as a sandbox: what tests and the demo can do to it."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from together.domain.spans import Span
from together.providers.contract import Sandbox, SandboxPerson
from together.providers.values import Answer
from together.testing.memory_service import Json, MemoryService


class MemorySandbox(MemoryService, Sandbox):
    """Set an attribute of `MemoryService`, and from the next request it behaves so."""

    slug = "memory"

    def populate(self, people: Sequence[SandboxPerson]) -> None:
        for person in people:
            if person.email in self.state["accounts"]:
                continue
            self.add_account(person.email, name=person.name, zone=person.zone)
            self.add_busy(person.email, *_believable(person, self._now()))

    def add_account(
        self,
        email: str,
        *,
        name: str = "",
        zone: str = "UTC",
        calendars: Iterable[str] = ("home",),
    ) -> None:
        """Open an account; its first calendar is the primary one, and it may have none."""
        self.state["accounts"][email] = {
            "id": hashlib.sha256(email.encode()).hexdigest()[:20],
            "name": name,
            "zone": zone,
            "calendars": {calendar: [] for calendar in calendars},
        }

    def add_calendar(self, email: str, calendar: str) -> None:
        """Let an account have one more calendar, or have it again."""
        self.state["accounts"][email]["calendars"].setdefault(calendar, [])

    def take_calendar(self, email: str, calendar: str) -> None:
        """Let a calendar vanish: it was deleted, or is not shared with this person any more."""
        del self.state["accounts"][email]["calendars"][calendar]

    def add_busy(self, email: str, *spans: Span, calendar: str = "home") -> None:
        """Make a person busy with something of their own."""
        blocks = self.state["accounts"][email]["calendars"][calendar]
        for span in spans:
            blocks.append([int(span.start.timestamp()), int(span.end.timestamp())])
            self.changed(email, calendar, f"own{len(blocks)}")

    def events(self, email: str) -> list[Json]:
        """Give the events standing in this person's calendars, as the service keeps them."""
        return [e for e in self.state["events"].values() if e["owner"] == email and e["live"]]

    def answer(self, key: str, guest: str, answer: Answer) -> None:
        """Let a guest answer the invitation with this key."""
        self.state["events"][key]["answers"][guest] = answer.value
        self.changed_for_all(self.state["events"][key])

    def move(self, key: str, span: Span) -> None:
        """Let the owner move the event in the calendar itself."""
        self.state["events"][key] |= _times(span)
        self.changed_for_all(self.state["events"][key])

    def delete(self, key: str) -> None:
        """Let the owner delete the event in the calendar itself."""
        self.state["events"][key]["live"] = False
        self.changed_for_all(self.state["events"][key])

    def revoke(self, email: str) -> None:
        """Let the person take every consent back, in the service's own settings."""
        grants = self.state["grants"]
        self.state["grants"] = {
            k: g for k, g in grants.items() if g["email"] != email or {"key", "tenant"} & g.keys()
        }

    def expire(self) -> None:
        """Let every access token be over; refresh tokens still work."""
        for grant in self.state["grants"].values():
            grant["expires"] = 0

    def settings(self, base_url: str) -> Mapping[str, str]:
        return {"BASE_URL": base_url}

    async def allow(self, http: httpx.AsyncClient, url: str, email: str) -> str:
        reply = await http.get(url, params={**httpx.URL(url).params, "login_hint": email})
        return str(reply.headers["location"])

    def dump(self) -> Mapping[str, Any]:
        return copy.deepcopy(self.state)

    def load(self, state: Mapping[str, Any]) -> None:
        self.state = copy.deepcopy({**state})


def _believable(person: SandboxPerson, now: float) -> Iterator[Span]:
    """Make two weeks of working days: a lunch, and a meeting that differs from person to person."""
    zone, dice = ZoneInfo(person.zone), hashlib.sha256(person.email.encode()).digest()
    today: date = datetime.fromtimestamp(now, zone).date()
    for ahead in range(14):
        day = today + timedelta(days=ahead)
        if day.isoweekday() > 5:
            continue
        for hour in (12, 13 + dice[ahead] % 4):
            start = datetime.combine(day, time(hour), zone)
            yield Span(start, start + timedelta(hours=1))


def _times(span: Span) -> Json:
    return {"start": span.start.isoformat(), "end": span.end.isoformat()}
