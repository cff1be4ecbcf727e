"""Every secret and every private fact is followed through the whole job, and looked for."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from together_google.sandbox.world import StoredEvent
from together_google.testing import Discovery

from tests.app.marks import Marks, every_byte, every_row, found_in
from tests.app.serving import serving
from tests.app.site import BASE_URL, BOOK, COMPLETE, START, Site
from tests.app.test_main_job import AVAILABILITY
from tests.cli.conftest import _own_log
from tests.smtp import Mailboxes, mailboxes
from together.api.ids import Kind, to_id
from together.cli.logs import AccessLog, configure
from together.services.operations.standings import standings
from together.services.people.todos import Todos
from together.store.models import Booking, BusyReading, Job, Member

__all__ = ["_own_log"]

TITLE = "canary: an appointment at the clinic"
ACCOUNT = "canary.account@home.example.net"
PLACE = "canary: the café behind the station"
REASON = "canary: a family matter\nthat concerns nobody else"
AGENDA = "canary: what only the two of them\nwant to speak about"
LITERAL = "canary: written into a document"
SCREEN = """query Screen($match: ID!) {
  node(id: $match) { ... on Match { id program { name }
    participants { calendar member { name email } }
    bookings { nodes {
      id start state delivery joinUrl place cancelReason agenda history { what by { name } }
      participants { answer member { name } } } } } }
  viewer { name email todos { kind reason account message }
    calendarIntegration { id account state reason calendars { name } busyTimesSeenBy { name } } }
}"""
SET_AGENDA = """mutation A($input: SetAgendaInput!) { setAgenda(input: $input) {
  ... on SetAgendaPayload { booking { agenda } } } }"""
CANCEL = """mutation C($input: CancelBookingInput!) { cancelBooking(input: $input) {
  __typename ... on CancelBookingPayload { booking { id state cancelReason } }
  ... on Problem { code message } } }"""
DISCONNECT = """mutation D($id: ID!) { disconnectCalendar(input: { calendarIntegrationId: $id }) {
  __typename ... on Problem { code message } } }"""


@pytest.fixture
async def boxes() -> AsyncIterator[Mailboxes]:
    async with mailboxes() as boxes:
        yield boxes


@pytest.fixture
async def site(
    boxes: Mailboxes, database_url: str, tmp_path: Path, discovery: Discovery
) -> AsyncIterator[Site]:
    """Saltmarsh, served with a mail server: what is sent is no log."""
    async with serving(database_url, tmp_path, discovery, mail=boxes.server()) as site:
        yield site


async def test_nothing_marked_is_where_it_does_not_belong(
    site: Site,
    boxes: Mailboxes,
    database_url: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the whole job, refusals and outages included, at DEBUG, no mark is out of its place.

    No secret is in a log, a metric, a `repr`, an answer, a row or a byte of the database, and no
    private fact in a log, a metric, or an answer to somebody whom it does not concern.
    """
    configure("DEBUG")
    site.web = httpx.AsyncClient(
        transport=httpx.ASGITransport(AccessLog(site.app.asgi)), base_url=BASE_URL
    )
    marks = Marks(site)
    job = _Job(site, monkeypatch)
    async with site.web:
        await job.consents()
        await job.connected()
        await job.times()
        await job.sessions()
        await job.strangers()
        links = {str(link) for link in await _links() if link}
        rows, stored = await every_row(), every_byte(database_url)
        await job.ends()
        await job.answers(boxes, marks)
        rows += await every_row()
        stored += every_byte(database_url)

    assert marks.secrets.keys() == {
        "access_token", "answer_link", "bearer", "client_secret", "code", "code_verifier", "handle",
        "master_key", "refresh_token", "signature", "state", "token",
    }  # fmt: skip
    assert links
    assert {"Grant", "Secret", "App", "Settings", "Integration", "OAuth"} <= marks.kinds

    facts = {TITLE, ACCOUNT, PLACE, REASON, AGENDA, LITERAL, marks.said, *links}
    facts |= {each.email for each in site.world.people.values()}
    facts |= {each.name for each in site.world.people.values()}
    logs = caplog.text + "".join(capsys.readouterr())
    assert logs.count("together.access") > 40
    assert "AuthorizationExpired" in logs
    assert found_in(logs, marks.all() | facts) == set()
    assert marks.shown == set()
    numbers = site.app.measures.text(await standings()).decode()
    assert "together_token_requests_total{" in numbers
    assert found_in(numbers, marks.all() | facts) == set()

    nowhere = marks.all() | {TITLE, LITERAL, marks.said}
    assert found_in(rows, nowhere) == set()
    assert {mark for mark in nowhere if mark.encode() in stored} == set()
    # What is kept is kept: the search finds what is there.
    assert found_in(rows, {ACCOUNT, PLACE}) == {ACCOUNT, PLACE}
    assert not stored or ACCOUNT.encode() in stored

    pair = {site.world.ada.email, site.world.ben.email}
    allowed = {ACCOUNT: {site.world.ada.email}} | dict.fromkeys(
        (PLACE, REASON, AGENDA, *links), pair
    )
    wrong = []
    for who, asked, answer in marks.answers:
        own = {"state"} if "startCalendarConnection" in asked else set()
        forbidden = marks.all(but=own) | {TITLE, marks.said}
        forbidden |= {fact for fact, people in allowed.items() if who not in people}
        wrong += [(who, asked, mark) for mark in found_in(answer, forbidden)]
    assert wrong == []
    told = {who for who, _, answer in marks.answers if found_in(answer, links)}
    assert told == pair


async def _links() -> list[Any]:
    return await Booking.all().values_list("join_url", flat=True)


class _Job:
    """The main job, with everything that can be refused on the way."""

    def __init__(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        self.site, self.monkeypatch = site, monkeypatch
        self.ada, self.ben = site.world.ada, site.world.ben
        self.match = to_id(Kind.MATCH, site.world.match.uid)

    async def consents(self) -> None:
        """Every way a consent can go wrong."""
        site, said = self.site, Marks.said
        assert (await site.connect(self.ada, decision="cancel"))["code"] == "CONSENT_DECLINED"
        for answer, code in (
            ({"error": "access_denied", "error_description": said}, "CONSENT_DECLINED"),
            ({"error": said, "error_description": said}, "NOT_AVAILABLE_HERE"),
            ({"code": "canary-code-that-nobody-gave"}, "CONSENT_NOT_FOUND"),
        ):
            handle = await self._answered(self.ada, **answer)
            outcome = (await site.ask(self.ada, COMPLETE, handle=handle))[
                "completeCalendarConnection"
            ]
            assert outcome["code"] == code
        handle = await site.handle(self.ada, account=ACCOUNT)
        with self._switched(down=True):
            assert await self._completed(handle) == "PROVIDER_DOWN"
        with self._switched(nonsense=True):
            assert await self._completed(handle) == "NOT_AVAILABLE_HERE"

    async def connected(self) -> None:
        """Ada with an account of another address, Ben with his own."""
        site = self.site
        assert (await site.connect(self.ada, account=ACCOUNT))["__typename"].endswith("Payload")
        assert (await site.connect(self.ben))["__typename"].endswith("Payload")
        for email in (ACCOUNT, self.ben.email):
            at = {"dateTime": site.monday(15), "timeZone": "UTC"}
            until = {"dateTime": site.monday(16), "timeZone": "UTC"}
            body = {"id": "c" * 20, "status": "confirmed", "summary": TITLE, "description": TITLE,
                    "location": TITLE, "start": at, "end": until}  # fmt: skip
            site.sandbox.world.books[email].events["c" * 20] = StoredEvent(body)

    async def times(self) -> None:
        """Availability, with every fault of a calendar that is read."""
        for switched in (
            {"down": True},
            {"throttled": "rateLimitExceeded"},
            {"throttled": "tooManyRequests"},
            {"nonsense": True},
            {"odd_answers": True},
            {"unreadable": {ACCOUNT: Marks.said, self.ben.email: "notFound"}},
            {},
        ):
            self.site.app._busy._resting.clear()
            await BusyReading.all().delete()
            with self._switched(**switched):
                for member in (self.ada, self.ben):
                    await self.site.ask(
                        member,
                        AVAILABILITY,
                        match=self.match,
                        start=self.site.monday(0),
                        end=self.site.monday(23),
                    )

    async def sessions(self) -> None:
        """Book, be refused, lose a reply, be late, and cancel."""
        site = self.site
        with self._switched(down=True):
            assert await self._book(10) == "BookSessionPayload"
            await site.deliver()
        site.sandbox.expire_access(ACCOUNT)
        site.sandbox.switches.lost_replies = 1
        await self._due()
        await self._due()
        assert await self._book(10) == "SlotUnavailable"
        assert await self._book(15) == "OverBusyTime"
        assert await self._book(3) == "OutsideHours"
        assert await self._book(12, place=PLACE) == "BookSessionPayload"
        assert await self._book(13, place=PLACE + "\u202e") == "InvalidInput"
        with self._switched(throttled="quotaExceeded"):
            await site.deliver()
        await self._due()
        for member in (self.ada, self.ben):
            shown = await site.ask(member, SCREEN, match=self.match)
            assert len(shown["node"]["bookings"]["nodes"]) == 2
        first = shown["node"]["bookings"]["nodes"][1]["id"]
        given = {"bookingId": first, "agenda": AGENDA}
        await site.ask(self.ben, SET_AGENDA, input=given)
        given = {"bookingId": first, "reason": REASON, "clientKey": "cancel"}
        assert (await site.ask(self.ben, CANCEL, input=given))["cancelBooking"]["__typename"] == (
            "CancelBookingPayload"
        )
        await site.deliver()
        self.booking = shown["node"]["bookings"]["nodes"][0]["id"]

    async def strangers(self) -> None:
        """What other people ask, what cannot be understood, and what nobody expected."""
        site, world = self.site, self.site.world
        for member in (world.dev, world.chiara, world.mira, world.leo):
            for wanted in (self.match, self.booking):
                shown = await site.ask(member, SCREEN, match=wanted)
                assert not (shown["node"] or {}).get("bookings")
        literal = f'{{ nothing(text: "{LITERAL}") }}'
        for document in (literal, literal[:-3], f'{{ node(id: "{LITERAL}") {{ id }} }}'):
            await site.post(self.ada, document)
        await site.post(self.ada, BOOK, input={"matchId": LITERAL, "start": LITERAL})
        await site.web.post(
            "/graphql",
            content=LITERAL.encode(),
            headers={"authorization": f"Bearer {site.token(self.ada)}x"},
        )
        await site.web.get(f"/graphql?access_token={site.token(self.ada)}")
        token = next(iter(site.sandbox.world.access))

        async def broken(self: Todos, viewer: Any) -> Any:
            raise RuntimeError(f"{token} {TITLE}") from ValueError(token)

        with self.monkeypatch.context() as patch:
            patch.setattr(Todos, "of", broken)
            failed = (await site.post(self.ada, "{ viewer { todos { kind } } }")).json()
        assert failed["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"

    async def ends(self) -> None:
        """Ada's consent is taken back at Google; Ben disconnects."""
        site = self.site
        site.sandbox.revoke(ACCOUNT)
        site.app._busy._resting.clear()
        assert await self._book(9) == "BookSessionPayload"
        await self._due()
        shown = await site.ask(self.ada, SCREEN, match=self.match)
        assert shown["viewer"]["calendarIntegration"]["state"] == "NEEDS_RECONNECT"
        own = (await site.ask(self.ben, SCREEN, match=self.match))["viewer"]["calendarIntegration"]
        gone = await site.ask(self.ben, DISCONNECT, id=own["id"])
        assert gone["disconnectCalendar"]["__typename"] == "DisconnectCalendarPayload"
        await self._due()
        await self._due()  # the grant is given back once the events are taken away

    async def answers(self, boxes: Mailboxes, marks: Marks) -> None:
        """Ada, whose calendar cannot invite anybody, answers by the link of her own invitation."""
        invitations = [each for each in boxes.arrived if "Invitation" in each.message["Subject"]]
        mine = [each for each in invitations if each.receivers == [self.ada.email]][-1]
        [link] = re.findall(rf"{BASE_URL}/answers/\S+", mine.part("plain"))
        marks.learn("answer_link", link.rpartition(".")[2])
        for page in (
            await self.site.web.get(link),
            await self.site.web.post(link, data={"answer": "TENTATIVE"}),
        ):
            assert page.status_code in (200, 303)

    # Steps

    async def _completed(self, handle: str) -> str:
        found = await self.site.ask(self.ada, COMPLETE, handle=handle)
        return found["completeCalendarConnection"]["code"]

    async def _answered(self, member: Member, **answer: str) -> str:
        """Start, and write the service's answer oneself."""
        given = {"provider": "google", "returnTo": f"{BASE_URL}/connected"}
        started = (await self.site.ask(member, START, input=given))["startCalendarConnection"]
        state = parse_qs(urlsplit(started["authorizationUrl"]).query)["state"][0]
        back = await self.site.web.get(f"/callback/google?{urlencode({'state': state} | answer)}")
        return parse_qs(urlsplit(back.headers["location"]).query)["handle"][0]

    async def _book(self, hour: int, **more: Any) -> str:
        given = {
            "matchId": self.match,
            "start": self.site.monday(hour),
            "duration": 45,
            "timeZone": "Europe/Stockholm",
            "clientKey": f"{hour} {datetime.now(UTC).timestamp()}",
        }
        booked = await self.site.ask(self.ada, BOOK, input=given | more)
        return booked["bookSession"]["__typename"]

    async def _due(self) -> None:
        """Let whatever waits be due."""
        await Job.filter(state="WAITING").update(due_at=0, leased_until=None)
        await self.site.deliver()

    @contextmanager
    def _switched(self, **switches: Any) -> Iterator[None]:
        before = {name: getattr(self.site.sandbox.switches, name) for name in switches}
        self.site.sandbox.switches.set(switches)
        yield
        self.site.sandbox.switches.set(before)
        if {"nonsense", "odd_answers"} & switches.keys():
            self.site.checker.answer_faults.clear()  # this is what the switch is for
