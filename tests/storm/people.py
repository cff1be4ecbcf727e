"""What everybody does while the storm lasts, in Together and in their calendars."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from together_google.sandbox.refusals import ApiError as GoogleRefusal
from together_outlook.sandbox import events as outlook_events
from together_outlook.sandbox.refusals import ApiError as OutlookRefusal

from tests.app.site import BOOK, COMPLETE, START
from tests.storm.port import HOME, Port
from together.api.ids import Kind, to_id
from together.app import epoch
from together.domain.spans import Span

MOVE = """mutation Move($input: RescheduleBookingInput!) { rescheduleBooking(input: $input) {
  __typename ... on RescheduleBookingPayload { booking { id } } ... on Problem { code message }
} }"""
CANCEL = """mutation Cancel($input: CancelBookingInput!) { cancelBooking(input: $input) {
  __typename ... on CancelBookingPayload { booking { id } } ... on Problem { code message }
} }"""
ANSWER = """mutation Answer($input: RespondToSessionInput!) { respondToSession(input: $input) {
  __typename ... on Problem { code message }
} }"""
MINE = "query { viewer { calendarIntegration { id source state } } }"
DISCONNECT = """mutation Part($id: ID!) {
  disconnectCalendar(input: { calendarIntegrationId: $id }) {
    __typename ... on Problem { code message }
  }
}"""

WORDS = {
    "google": ("accepted", "declined", "tentative"),
    "outlook": ("accepted", "declined", "tentativelyAccepted"),
}
HERE = ("ACCEPTED", "DECLINED", "TENTATIVE")
PAUSE = 0.2
"""Seconds between two things that one person does, on average."""


@dataclass(slots=True)
class People:
    """All of them, and what they know."""

    port: Port
    chance: random.Random
    keys: Any = field(default_factory=itertools.count)
    done: Counter[str] = field(default_factory=Counter)
    """What was done, and with which outcome."""
    wrong: list[str] = field(default_factory=list)
    """Answers that nobody should have had."""
    deleted: set[tuple[str, str]] = field(default_factory=set)
    """Account and key, of events that their owner has deleted in their own calendar."""

    async def act(self, ends: float) -> None:
        """Let everybody do one thing after another until then."""
        async with asyncio.TaskGroup() as group:
            for name in HOME:
                own = random.Random(self.chance.random())  # noqa: S311  (no secret)
                group.create_task(self._live(name, own, ends))

    async def _live(self, name: str, chance: random.Random, ends: float) -> None:
        loop = asyncio.get_running_loop()
        home = HOME[name]
        deeds = [
            (self._book, 5), (self._move, 4), (self._cancel, 2), (self._answer, 3),
            *([
                (self._move_there, 4), (self._delete_there, 1), (self._answer_there, 4),
                (self._part_or_join, 1.5),
            ] if home else []),
        ]  # fmt: skip
        while loop.time() < ends:
            [(deed, _)] = chance.choices(deeds, [weight for _, weight in deeds])
            self.done[f"{deed.__name__[1:]}: {await deed(name, chance)}"] += 1
            await asyncio.sleep(chance.uniform(0, 2 * PAUSE))

    # In Together

    async def _book(self, name: str, chance: random.Random) -> str:
        ids = {self.port.member(name).id}
        seated: Any = await self.port.rows(
            "SELECT match_id FROM participant WHERE member_id = ANY($1)", list(ids)
        )
        mine = {row["match_id"] for row in seated}
        match = chance.choice([each for each in self.port.matches if each.id in mine])
        return await self._once(
            name,
            chance,
            BOOK,
            matchId=to_id(Kind.MATCH, match.uid),
            start=_said(_time(chance)),
            duration=chance.choice([30, 45]),
            timeZone="UTC",
            outsideHours=True,
            overBusy=True,
        )

    async def _move(self, name: str, chance: random.Random) -> str:
        session = await self._some_session(name, chance)
        if session is None:
            return "nothing"
        return await self._once(
            name,
            chance,
            MOVE,
            bookingId=to_id(Kind.BOOKING, session["uid"]),
            start=_said(_time(chance)),
            timeZone="UTC",
            outsideHours=True,
            overBusy=True,
        )

    async def _cancel(self, name: str, chance: random.Random) -> str:
        session = await self._some_session(name, chance)
        if session is None:
            return "nothing"
        booking = to_id(Kind.BOOKING, session["uid"])
        return await self._once(name, chance, CANCEL, bookingId=booking)

    async def _answer(self, name: str, chance: random.Random) -> str:
        session = await self._some_session(name, chance)
        if session is None:
            return "nothing"
        wanted = {
            "bookingId": to_id(Kind.BOOKING, session["uid"]),
            "answer": chance.choice(HERE),
        }
        return _outcome(await self._ask(name, ANSWER, input=wanted))

    async def _once(self, name: str, chance: random.Random, query: str, **wanted: Any) -> str:
        """Ask for something with a key, and now and then lose the answer, or click twice."""
        wanted["clientKey"] = f"{name}-{next(self.keys)}"
        how = chance.choices(["once", "lost", "twice"], [6, 2, 2])[0]
        if how == "lost":
            try:
                async with asyncio.timeout(chance.uniform(0.005, 0.1)):
                    await self._ask(name, query, input=wanted)
            except TimeoutError:
                pass
        asked = [self._ask(name, query, input=wanted) for _ in range(2 if how == "twice" else 1)]
        told = await asyncio.gather(*asked)
        made = {each["booking"]["id"] for each in told if "booking" in each}
        if len(made) > 1:
            self.wrong.append(f"one key, two sessions: {wanted} {told}")
        return _outcome(told[0])

    async def _ask(self, name: str, query: str, /, **variables: Any) -> dict[str, Any]:
        token = self.port.issuer.token(
            self.port.member(name).email, organization="saltmarsh", now=epoch()
        )
        reply = await self.port.web.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {token}"},
        )
        body = reply.json()
        if "errors" in body:
            self.wrong.append(f"{query[:40]} {variables} {body['errors']}")
            return {"__typename": "errors"}
        [payload] = body["data"].values()
        return payload or {"__typename": "null"}

    async def _some_session(self, name: str, chance: random.Random) -> Any:
        found = await self.port.rows(
            "SELECT b.uid FROM booking b JOIN seat s ON s.booking_id = b.id "
            "WHERE s.member_id = $1 AND b.state <> 'CANCELLED' ORDER BY b.id",
            self.port.member(name).id,
        )
        return chance.choice(found) if found else None

    # Connecting

    async def _part_or_join(self, name: str, chance: random.Random) -> str:
        viewer = await self._ask(name, MINE)
        if viewer["calendarIntegration"]["state"] is None:
            return f"join {await self.join(name)}"
        if chance.random() < 0.5:
            return "stayed"
        part = viewer["calendarIntegration"]["id"]
        return f"part {_outcome(await self._ask(name, DISCONNECT, id=part))}"

    async def join(self, name: str) -> str:
        """Connect somebody's calendar, as far as the weather lets them."""
        home, member = HOME[name], self.port.member(name)
        given = {"provider": home, "returnTo": f"{self.port.installation.base_url}/connected"}
        started = await self._ask(name, START, input=given)
        if "authorizationUrl" not in started:
            return _outcome(started)
        vendor, web = self.port.vendors[home], self.port.web
        back = await web.get(
            await vendor.walk(web, started["authorizationUrl"], account=member.email)
        )
        handle = dict(parse_qsl(urlsplit(back.headers["location"]).query)).get("handle", "")
        return _outcome(await self._ask(name, COMPLETE, handle=handle))

    # In the calendars

    async def _move_there(self, name: str, chance: random.Random) -> str:
        starts = _time(chance)
        span = Span(starts, starts + timedelta(minutes=chance.choice([30, 45, 60])))
        vendor, member = self.port.vendors[HOME[name]], self.port.member(name)
        event = self._some_event(name, chance, organized=True)
        if event is None:
            return "nothing"
        if HOME[name] == "google":
            vendor.sandbox.move(member.email, event, span)
        else:
            book = vendor.sandbox.world.default_book(member.email)
            times = {
                edge: {"dateTime": f"{when:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}
                for edge, when in (("start", span.start), ("end", span.end))
            }
            desk = vendor.sandbox._desk
            outlook_events.patch(desk.world, desk.switches, book, event, times, now=epoch())
            desk.tell()
        return "moved"

    async def _delete_there(self, name: str, chance: random.Random) -> str:
        vendor, member = self.port.vendors[HOME[name]], self.port.member(name)
        event = self._some_event(name, chance)
        if event is None:
            return "nothing"
        [body] = [each for each in vendor.sandbox.events(member.email) if each["id"] == event]
        self.deleted.add((member.email, body.get("transactionId") or event))
        if HOME[name] == "google":
            vendor.sandbox.delete(member.email, event)
        else:
            desk = vendor.sandbox._desk
            book = desk.world.default_book(member.email)
            outlook_events.delete(desk.world, book, event, now=epoch())
            desk.tell()
        return "deleted"

    async def _answer_there(self, name: str, chance: random.Random) -> str:
        vendor, member = self.port.vendors[HOME[name]], self.port.member(name)
        event = self._some_event(name, chance, organized=False)
        if event is None:
            return "nothing"
        try:
            vendor.sandbox.answer(member.email, event, chance.choice(WORDS[HOME[name]]))
        except (KeyError, GoogleRefusal, OutlookRefusal):
            return "gone"
        return "answered"

    def _some_event(
        self, name: str, chance: random.Random, *, organized: bool | None = None
    ) -> str | None:
        member = self.port.member(name)
        events = [
            each["id"]
            for each in self.port.vendors[HOME[name]].sandbox.events(member.email)
            if each.get("status") != "cancelled" and not each.get("isCancelled")
            if organized in (None, organizes(each))
        ]
        return chance.choice(events) if events else None


def organizes(event: dict[str, Any]) -> bool:
    """Whether an event is the own one of the calendar that it is seen in."""
    if "isOrganizer" in event:
        return bool(event["isOrganizer"])
    return bool(event["organizer"].get("self"))


def _time(chance: random.Random) -> datetime:
    """Choose a quarter of an hour in the week after next."""
    today = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0)
    monday = today + timedelta(days=14 - today.weekday())
    return monday + timedelta(days=chance.randrange(5), minutes=15 * chance.randrange(36))


def _said(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _outcome(told: dict[str, Any]) -> str:
    return str(told["__typename"])
