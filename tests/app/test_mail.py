"""A reminder, from the settings to the mailbox and back by its link."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.services.diary import REGISTRY, connect, viewer
from tests.smtp import mailboxes
from tests.world import DAY, HOUR, NOW, World, saltmarsh
from together.app import App
from together.services.sessions.booking import BookRequest
from together.settings import Settings
from together.store.keys import make_key_file
from together.store.models import IntegrationState, Job, JobState, Seat

PAGE = "https://app.example.org/profile/calendar"
LINK = "https://together.example.org/calendar-integrations"

Serve = Callable[..., AbstractAsyncContextManager[tuple[App, World]]]


@pytest.fixture
def served(database_url: str, tmp_path: Path) -> Serve:
    """Serve Saltmarsh with more settings; Ada's calendar was lost a day ago."""
    keys = tmp_path / "keys" / "keys.txt"
    make_key_file(keys)

    @asynccontextmanager
    async def serve(**others: str) -> AsyncIterator[tuple[App, World]]:
        environ = {
            "TOGETHER_PUBLIC_URL": "https://together.example.org",
            "TOGETHER_DATABASE": database_url,
            "TOGETHER_KEYS": str(keys),
        } | {f"TOGETHER_{name}": value for name, value in others.items()}
        app = App.build(Settings.read(environ), registry=REGISTRY, clock=lambda: NOW)
        async with app.running():
            world = await saltmarsh()
            lost = {"state": IntegrationState.NEEDS_RECONNECT, "reason": "AuthorizationExpired"}
            await connect(world.ada, **lost, since=NOW - DAY)
            yield app, world

    return serve


async def deliver(app: App) -> None:
    await app.worker.tidy()
    while await app.worker._delivery.run_once():
        pass


async def test_the_link_leads_to_the_frontend(served: Serve):
    """The link of a mail is at our public address, and sends on to the page that was set."""
    async with mailboxes() as boxes:
        mail = {"SMTP": f"smtp://127.0.0.1:{boxes.port}", "MAIL_FROM": "post@example.org"}
        async with served(**mail, APP_URL=PAGE) as (app, _):
            await deliver(app)
            transport = httpx.ASGITransport(app.asgi)
            async with httpx.AsyncClient(transport=transport) as web:
                told = await web.get(f"{LINK}?to=https://evil.example/")
                elsewhere = await web.get(LINK, headers={"host": "evil.example"})
    [arrived] = boxes.arrived
    assert (arrived.sender, arrived.receivers) == (
        "post@example.org",
        ["ada@saltmarsh.example.org"],
    )
    for kind in ("plain", "html"):
        assert arrived.part(kind).count("https://") == arrived.part(kind).count(LINK) == 1
    assert (told.status_code, told.headers["location"]) == (303, PAGE)
    assert told.headers["cache-control"] == "no-store"
    assert told.headers["referrer-policy"] == "no-referrer"
    assert elsewhere.status_code == 400


async def test_without_a_page_there_is_no_link(served: Serve):
    """Where nobody has said where the frontend is, a mail says in words where to go."""
    async with mailboxes() as boxes:
        mail = {"SMTP": f"smtp://127.0.0.1:{boxes.port}", "MAIL_FROM": "post@example.org"}
        async with served(**mail) as (app, _):
            await deliver(app)
            transport = httpx.ASGITransport(app.asgi)
            async with httpx.AsyncClient(transport=transport) as web:
                assert (await web.get(LINK)).status_code == 404
    [arrived] = boxes.arrived
    for kind, arrow in (("plain", ">"), ("html", "&gt;")):
        text = " ".join(arrived.part(kind).split())
        assert "http" not in text
        assert f"go to Profile {arrow} My Calendar {arrow} Calendar Integrations" in text


async def test_printed_where_no_server_is_set(served: Serve, capsys: pytest.CaptureFixture[str]):
    """Without a mail server the mail stands on the console, and is sent as far as anybody knows."""
    async with served() as (app, _):
        await deliver(app)
        assert await Job.all().values_list("state", flat=True) == [JobState.DONE]
    printed = capsys.readouterr().out
    assert "To: Ada Lindqvist <ada@saltmarsh.example.org>\n" in printed
    assert "Subject: Please reconnect your Memory Calendar\n\nHello Ada Lindqvist,\n" in printed


async def test_an_invitation_is_answered_by_its_link(served: Serve):
    """Booked without a calendar, a session reaches a mailbox, and its link brings the answer."""
    async with mailboxes() as boxes:
        mail = {"SMTP": f"smtp://127.0.0.1:{boxes.port}", "MAIL_FROM": "post@example.org"}
        async with served(**mail) as (app, world):
            asked = BookRequest(
                match_uid=world.match.uid,
                start=NOW + DAY + HOUR,
                duration=45,
                zone=world.ada.zone,
                client_key="k",
            )
            booked = await app.services.bookings.book(viewer(world.ada), asked)
            await deliver(app)
            [invited] = [each for each in boxes.arrived if each.receivers == [world.ben.email]]
            [link] = re.findall(
                r"https://together\.example\.org/answers/\S+", invited.part("plain")
            )
            transport = httpx.ASGITransport(app.asgi)
            async with httpx.AsyncClient(transport=transport) as web:
                assert (await web.get(link)).status_code == 200
                answered = await web.post(link, data={"answer": "ACCEPTED"}, follow_redirects=True)
            seat = await Seat.get(booking_id=booked.booking.id, member_id=world.ben.id)
    assert ("You have said that you come." in answered.text, seat.answer) == (True, "ACCEPTED")
    assert str(answered.url) == link


async def test_no_link_to_answer_is_printed(served: Serve, capsys: pytest.CaptureFixture[str]):
    """Where mails are printed in production, an invitation is without its link: it may be a log."""
    asked = {"start": NOW + DAY + HOUR, "duration": 45, "zone": "UTC", "client_key": "k"}
    async with served() as (app, world):
        await app.services.bookings.book(
            viewer(world.ada), BookRequest(match_uid=world.match.uid, **asked)
        )
        await deliver(app)
    printed = capsys.readouterr().out
    assert printed.count("Subject: Invitation: Mentoring session") == 2
    assert "/answers/" not in printed
