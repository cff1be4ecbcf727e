"""How the sandbox serves an endpoint of Graph, whatever the endpoint: who asks, and trouble."""

from __future__ import annotations

import re

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from together_outlook.sandbox.served import ODD, Answer, Desk, json_body
from together_outlook.sandbox.switches import Switches
from together_outlook.sandbox.world import Token, World

ADA = "ada@saltmarsh.example.org"
BEN = "ben@saltmarsh.example.org"
NOW = 1_795_500_000
URL = "http://127.0.0.1/v1.0/probe"


@pytest.fixture
def desk():
    """Give a desk with two accounts, of which one has no mailbox, and a token of each."""
    desk = Desk(World(), Switches(), lambda: NOW)
    desk.world.add_person(ADA, "Ada", "UTC")
    desk.world.add_person(BEN, "Ben", "UTC", has_mailbox=False)
    for email in (ADA, BEN):
        desk.world.access[email] = Token(email, ["Calendars.Read"], NOW + 60)
    return desk


@pytest.fixture
def done():
    """Note what the writes of the probe were told."""
    return []


@pytest.fixture
async def ask(desk, done):
    """Call a probe that reads and writes, and give status, body and headers."""

    def read(request, caller):
        return {"who": caller.email, "scopes": sorted(caller.scopes)}

    async def write(request, caller):
        done.append(await json_body(request))
        return Answer(201, done[-1])

    def drop(request, caller):
        return None

    calendars = desk.api("Calendars.Read", "Calendars.ReadWrite")
    path = httpx.URL(URL).path
    app = Starlette(
        routes=[
            Route(path, calendars(read), methods=["GET"]),
            Route(path, calendars(write), methods=["POST"]),
            Route(path, calendars(drop), methods=["DELETE"]),
            Route(path + "/more", desk.api("Calendars.ReadWrite")(read), methods=["GET"]),
            Route(path + "/me", desk.api("Calendars.Read", mailbox=False)(read), methods=["GET"]),
        ]
    )

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as web:

        async def ask(method="GET", path="", *, who=ADA, **more):
            headers = {"authorization": f"Bearer {who}"} if who else {}
            reply = await web.request(method, URL + path, headers=headers, **more)
            return reply.status_code, reply.content and reply.json(), reply.headers

        yield ask


async def code(asked):
    """Say how an answer refuses: its status, Graph's code, and how long to wait."""
    status, body, headers = await asked
    return status, body["error"]["code"], headers.get("retry-after")


async def test_an_answer_has_a_status_and_an_id(ask, done):
    """A reading is 200, a making 201, a taking away 204 with nothing, and each is numbered."""
    answers = [await ask(), await ask("POST", json={"a": 1}), await ask("DELETE")]
    assert [answer[:2] for answer in answers] == [
        (200, {"who": ADA, "scopes": ["Calendars.Read"]}),
        (201, {"a": 1}),
        (204, b""),
    ]
    assert len({answer[2]["request-id"] for answer in answers}) == 3
    assert done == [{"a": 1}]


async def test_a_refusal_has_every_field(ask):
    """The body of an error is as Graph prints it, and names the request as its header does."""
    status, body, headers = await ask(path="/more")
    request_id = headers["request-id"]
    assert re.fullmatch("[0-9a-f-]{36}", request_id)
    assert (status, body) == (
        403,
        {
            "error": {
                "code": "ErrorAccessDenied",
                "message": "Access is denied. Check credentials and try again.",
                "innerError": {
                    "date": "2026-11-24T06:00:00",
                    "request-id": request_id,
                    "client-request-id": request_id,
                },
            }
        },
    )


async def test_who_asks_needs_a_living_token_and_a_mailbox(ask, desk):
    """No token, an unknown or an old one is 401; an account without mailbox has no calendar."""
    refused = (401, "InvalidAuthenticationToken", None)
    assert await code(ask(who=None)) == refused
    assert await code(ask(who="guessed")) == refused
    assert await code(ask(who=BEN)) == (404, "MailboxNotEnabledForRESTAPI", None)
    assert (await ask(path="/me", who=BEN))[0] == 200
    desk.world.access[ADA].expires_at = NOW
    assert await code(ask()) == refused


@pytest.mark.parametrize("content", ["[1]", "{", "[" * 100_000, "\xff".encode("latin-1")])
async def test_what_is_no_object_is_not_read(ask, done, content):
    """A body that is not a JSON object is 400, and nothing is written."""
    assert await code(ask("POST", content=content)) == (400, "BadRequest", None)
    assert done == []


async def test_a_body_has_a_limit(ask):
    """More than a mebibyte is not taken."""
    content = b'"' + b"x" * 1024 * 1024
    assert await code(ask("POST", content=content)) == (413, "RequestBodyTooLarge", None)


@pytest.mark.parametrize(
    "name", ["ApplicationThrottled", "TooManyRequests", "activityLimitReached"]
)
async def test_a_throttled_answer_says_how_long(ask, desk, name):
    """Each code comes with 429 and, unless switched off, with seconds to wait."""
    desk.switches.set({"throttled": name})
    assert await code(ask()) == (429, name, "10")
    desk.switches.set({"retry_after": ""})
    assert await code(ask()) == (429, name, None)


async def test_calls_of_a_minute_are_counted(ask, desk):
    """Beyond so many calls of one mailbox in a minute the next are refused, until it has passed."""
    now = NOW
    desk.clock = lambda: now
    desk.switches.set({"per_minute": 2})
    assert [(await ask())[0] for _ in range(3)] == [200, 200, 429]
    assert (await ask(path="/me", who=BEN))[0] == 200
    desk.world.access[ADA].expires_at += 60
    now += 60
    assert (await ask())[0] == 200


async def test_only_four_calls_of_a_mailbox_run_at_once(ask, desk):
    """The fifth call at the same time is refused at once, and later ones are welcome again."""
    desk.switches.set({"slow_seconds": 0.05})
    found = []

    async def one(who):
        status, body, _ = await ask(path="/me", who=who)
        found.append((who, status, body.get("error", {}).get("code")))

    async with anyio.create_task_group() as group:
        for who in [ADA] * 6 + [BEN]:
            group.start_soon(one, who)
    assert sorted(found, key=str) == [
        *[(ADA, 200, None)] * 4,
        *[(ADA, 429, "ApplicationThrottled")] * 2,
        (BEN, 200, None),
    ]
    assert (await ask())[0] == 200


async def test_an_outage_refuses_everything(ask, desk, done):
    """While it is down every call is 503, and nothing is done."""
    desk.switches.set({"down": True, "retry_after": "7"})
    assert await code(ask()) == (503, "serviceNotAvailable", "7")
    assert await code(ask("POST", json={})) == (503, "serviceNotAvailable", "7")
    assert done == []


async def test_a_lost_reply_was_done_all_the_same(ask, desk, done):
    """A write whose reply is lost stands; readings are not lost, and the next write is answered."""
    desk.switches.set({"lost_replies": 1})
    assert (await ask())[0] == 200
    assert await code(ask("POST", json={"a": 1})) == (503, "serviceNotAvailable", "10")
    assert (await ask("POST", json={"b": 2}))[0] == 201
    assert done == [{"a": 1}, {"b": 2}]


async def test_answers_can_be_of_another_shape(ask, desk):
    """Odd answers are JSON that says something else; refusals stay as they are."""
    desk.switches.set({"odd_answers": True})
    assert (await ask())[:2] == (200, ODD)
    assert await code(ask(path="/more")) == (403, "ErrorAccessDenied", None)
    assert (await ask("DELETE"))[:2] == (204, b"")
