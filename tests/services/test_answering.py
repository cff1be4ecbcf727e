"""An answer by the link of an invitation, or by who is signed in: until the session begins."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from starlette.applications import Starlette

from tests.services.desk import NINE
from tests.services.diary import viewer
from tests.services.secretary import LINKS, Secretary
from tests.smtp import mailboxes
from tests.store.schema import contents
from tests.world import HOUR, World
from together.api.answers import LONGEST, answers_route
from together.providers.values import Answer
from together.services.outbox import invitations
from together.services.outbox.answer_links import AnswerLinks, Invited
from together.services.refusals import AnswersClosed, InvalidInput, NotFound, Refusal
from together.services.sessions.answering import Answering
from together.store.clock import database_now
from together.store.database import Database
from together.store.models import Booking, Match, MatchState, Member, Seat
from together.store.transaction import transaction


class Reader(Secretary):
    """Who reads their mail in a browser."""

    def __init__(self, world: World, boxes, web: httpx.AsyncClient) -> None:
        super().__init__(world, boxes)
        self.web = web
        self.answering = Answering(LINKS, self.clock)
        app = Starlette(routes=[answers_route(self.answering)])
        web._transport = httpx.ASGITransport(app)

    async def invited(self) -> tuple[Booking, str]:
        """Book a session; give it with the link in Ben's mail."""
        booking = await self.book()
        await self.run()
        return booking, self.link(self.world.ben)

    def link(self, who: Member) -> str:
        plain = self.received(who)[-1].arrived.part("plain")
        [found] = re.findall(r"https://together\.example\.org(/answers/\S+)", plain)
        return found

    async def press(self, link: str, answer: str) -> httpx.Response:
        return await self.web.post(link, data={"answer": answer}, follow_redirects=True)


@pytest.fixture
async def reader(world: World) -> AsyncIterator[Reader]:
    base = "https://together.example.org"
    async with mailboxes() as boxes, httpx.AsyncClient(base_url=base) as web:
        yield Reader(world, boxes, web)


async def answers(booking: Booking) -> dict[str, str]:
    seats = await Seat.filter(booking_id=booking.id).select_related("member")
    return {seat.member.name.split()[0]: seat.answer for seat in seats}


async def test_a_link_opens_a_page_that_changes_nothing(reader: Reader):
    """Whoever fetches a link, as mail scanners do, answers nothing; the page says what is asked."""
    booking, link = await reader.invited()
    for method in ("GET", "HEAD", "GET"):
        page = await reader.web.request(method, link)
        assert page.status_code == 200
    assert await answers(booking) == {"Ada": "ACCEPTED", "Ben": "NEEDS_ACTION"}
    words = " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page.text, flags=re.S).split())
    assert words == (
        "Together Mentoring session Ben Okafor, do you come to this session with Ada Lindqvist? "
        "Tuesday 1 December 2026, 10:00 (Africa/Lagos), for Saltmarsh Institute. "
        "You have not said yet whether you come. I come Perhaps I do not come"
    )
    assert {name: page.headers[name] for name in ("cache-control", "referrer-policy")} == {
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
    }
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert "http" not in page.text


async def test_a_button_answers(reader: Reader):
    """A button keeps the answer, the last one counts, and the page says which it is."""
    booking, link = await reader.invited()
    for answer, said in (
        ("ACCEPTED", "You have said that you come."),
        ("TENTATIVE", "You have said that you may come."),
        ("DECLINED", "You have said that you do not come."),
    ):
        page = await reader.press(link, answer)
        assert (page.status_code, [each.status_code for each in page.history]) == (200, [303])
        assert said in page.text
        assert await answers(booking) == {"Ada": "ACCEPTED", "Ben": answer}
    mine = reader.link(reader.world.ada)
    await reader.press(mine, "TENTATIVE")
    assert await answers(booking) == {"Ada": "TENTATIVE", "Ben": "DECLINED"}


@pytest.mark.parametrize(
    "body",
    [b"", b"answer=NEEDS_ACTION", b"answer=accepted", b"answer=ACCEPTED&answer=DECLINED",
     b"answer=ACCEPTED&member=x", b"\xff\xfe", b"x"],
)  # fmt: skip
async def test_what_is_no_answer(reader: Reader, body: bytes):
    """Whatever else is posted changes nothing."""
    booking, link = await reader.invited()
    assert (await reader.web.post(link, content=body)).status_code == 400
    assert (await reader.web.post(link, content=b"a" * (LONGEST + 1))).status_code == 413
    assert (await reader.web.put(link)).status_code == 405
    assert await answers(booking) == {"Ada": "ACCEPTED", "Ben": "NEEDS_ACTION"}


async def _begun(reader: Reader, _: Booking) -> None:
    reader.clock.now = NINE


async def _cancelled(reader: Reader, booking: Booking) -> None:
    await reader.cancel(booking)


async def _changed(_: Reader, booking: Booking) -> None:
    async def change() -> None:
        there = await Booking.filter(id=booking.id).select_for_update().get()
        await invitations.tell_of_change(there, at=await database_now())

    await transaction(change)


async def _ended(reader: Reader, _: Booking) -> None:
    await Match.filter(id=reader.world.match.id).update(state=MatchState.ENDED)


async def _left(reader: Reader, _: Booking) -> None:
    await Member.filter(id=reader.world.ben.id).update(active=False)


async def _other_left(reader: Reader, _: Booking) -> None:
    await Member.filter(id=reader.world.ada.id).update(active=False)


@pytest.mark.parametrize(
    "happened", [_begun, _cancelled, _changed, _ended, _left, _other_left],
    ids=lambda each: each.__name__,
)  # fmt: skip
async def test_a_link_stops(reader: Reader, happened: Callable[[Reader, Booking], Awaitable[None]]):
    """A link stops with its session, each change of it, its match and its member, in one word."""
    booking, link = await reader.invited()
    before = await answers(booking)
    await happened(reader, booking)
    pages = [await reader.web.get(link), await reader.press(link, "ACCEPTED")]
    never = await reader.web.get("/answers/never-made")
    assert [(page.status_code, page.text) for page in pages] == [(404, never.text)] * 2
    assert await answers(booking) == before


async def test_whose_link_it_is(reader: Reader):
    """No letter of a link can be changed, and none made without the key."""
    booking, link = await reader.invited()
    token = link.removeprefix("/answers/")
    uid, ben, ada = booking.uid, reader.world.ben.uid, reader.world.ada.uid
    forged = AnswerLinks([b"x" * 32], public_url="").address(Invited(uid, ben, 0))
    for other in (
        token.replace(ben, ada),
        token.replace(".0.", ".1."),
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token + "A",
        token.replace(uid, "A" * 22),
        forged.removeprefix("/answers/"),
    ):
        assert (await reader.press(f"/answers/{other}", "DECLINED")).status_code == 404
    assert await answers(booking) == {"Ada": "ACCEPTED", "Ben": "NEEDS_ACTION"}
    # Of somebody who is not in the session, also a link that is signed counts for nothing.
    for member in (reader.world.dev.uid, reader.world.mira.uid):
        with pytest.raises(AnswersClosed):
            await reader.answering.answer(
                LINKS.address(Invited(uid, member, 0)).rpartition("/")[2], Answer.ACCEPTED
            )


def test_a_link_survives_another_key():
    """What an older key has signed is read as long as that key is kept, and not afterwards."""
    invited = Invited("b" * 22, "m" * 22, 3)
    old, new = b"o" * 32, b"n" * 32
    token = AnswerLinks([old], public_url="https://x").address(invited).rpartition("/")[2]
    assert AnswerLinks([new, old], public_url="https://x").read(token) == invited
    assert AnswerLinks([new], public_url="https://x").read(token) is None


async def test_an_answer_and_a_cancellation_at_once(reader: Reader):
    """Answered while it is cancelled, a session is answered before that or not at all."""
    booking, link = await reader.invited()
    answered, _ = await asyncio.gather(
        reader.press(link, "ACCEPTED"), reader.cancel(booking), return_exceptions=True
    )
    assert answered.status_code in (200, 404)
    assert (await Booking.get(id=booking.id)).state == "CANCELLED"
    assert (await reader.press(link, "DECLINED")).status_code == 404
    assert (await answers(booking))["Ben"] in ("ACCEPTED", "NEEDS_ACTION")


async def test_signed_in(reader: Reader):
    """Whoever is in a session says without a link whether they come, and nobody else does."""
    world, booking = reader.world, await reader.book()
    for answer in (Answer.TENTATIVE, Answer.DECLINED):
        done = await reader.answering.respond(viewer(world.ben), booking.uid, answer)
        assert done.id == booking.id
        assert await answers(booking) == {"Ada": "ACCEPTED", "Ben": answer.value}
    refused: list[tuple[Member, str, Answer, type[Refusal]]] = [
        (world.dev, booking.uid, Answer.ACCEPTED, NotFound),
        (world.mira, booking.uid, Answer.ACCEPTED, NotFound),
        (world.ben, "x" * 22, Answer.ACCEPTED, NotFound),
        (world.ben, booking.uid, Answer.NEEDS_ACTION, InvalidInput),
    ]
    for who, uid, answer, kind in refused:
        with pytest.raises(kind):
            await reader.answering.respond(viewer(who), uid, answer)
    reader.clock.now = NINE + HOUR
    with pytest.raises(AnswersClosed):
        await reader.answering.respond(viewer(world.ben), booking.uid, Answer.ACCEPTED)
    assert await answers(booking) == {"Ada": "ACCEPTED", "Ben": "DECLINED"}


async def test_what_was_answered_is_told_with_the_next_mail(reader: Reader):
    """An update says to everybody what each has answered, and asks only who has not."""
    booking, link = await reader.invited()
    await reader.press(link, "DECLINED")
    await _changed(reader, booking)
    await reader.run()
    event = reader.received(reader.world.ben)[-1].event
    assert [(each.common_name, each.status, each.rsvp) for each in event.attendees] == [
        ("Ada Lindqvist", "ACCEPTED", False),
        ("Ben Okafor", "DECLINED", False),
    ]


async def test_a_link_is_stored_nowhere(reader: Reader):
    """Neither a link nor what signs it is in the database, before it is used or after."""
    _, link = await reader.invited()
    await reader.press(link, "ACCEPTED")
    mark = link.rpartition(".")[2]
    assert len(mark) == 43
    rows = str(await contents(Database.current()))
    assert "Lindqvist" in rows
    assert mark not in rows
