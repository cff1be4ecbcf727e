"""The sandbox's channels: who is told of what, with which headers, until when."""

from __future__ import annotations

import asyncio
import json
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest
from together_google import GoogleSandbox

ADA, BEN = "ada@saltmarsh.example.org", "ben@saltmarsh.example.org"
EVENTS = "calendars/primary/events"
WATCH = f"{EVENTS}/watch"
TIMES = {
    "start": {"dateTime": "2027-03-01T09:00:00Z"},
    "end": {"dateTime": "2027-03-01T10:00:00Z"},
}
ASKED = {"id": "one", "type": "web_hook", "address": "https://a.example.org/n", "token": "secret"}
WEEK = 604_800


@pytest.fixture
async def told(hands):
    """Give what was told so far: each message's address and its headers."""
    came = []

    async def listen(request):
        assert (request.method, await request.aread()) == ("POST", b"")
        came.append((str(request.url), dict(request.headers)))
        return httpx.Response(202)

    async with httpx.AsyncClient(transport=httpx.MockTransport(listen), trust_env=False) as http:
        hands.sandbox.connect(http)

        async def told():
            await hands.sandbox._desk.teller.told()
            so_far = [*came]
            came.clear()
            return so_far

        yield told
        await told()


@pytest.fixture
def states(told):
    """Give what was said on each channel since the last time."""

    async def states():
        return [(h["x-goog-channel-id"], h["x-goog-resource-state"]) for _, h in await told()]

    return states


async def test_a_message_is_headers(call, told, hands):
    """The first one says that the channel stands, further ones that something has changed."""
    now = int(time.time())
    status, made, _ = await call("POST", WATCH, body=ASKED)
    assert status == 200
    assert made.keys() == {"kind", "id", "resourceId", "resourceUri", "token", "expiration"}
    assert (made["id"], made["token"]) == ("one", "secret")
    assert now <= int(made["expiration"]) // 1000 - WEEK <= now + 5
    await call("POST", EVENTS, body=TIMES)
    await call("POST", EVENTS, body=TIMES)
    messages = await told()
    assert [address for address, _ in messages] == [ASKED["address"]] * 3
    headers = [
        {name: value for name, value in headers.items() if name.startswith("x-goog-")}
        for _, headers in messages
    ]
    ends = parsedate_to_datetime(headers[0].pop("x-goog-channel-expiration"))
    assert int(ends.timestamp()) == int(made["expiration"]) // 1000
    assert headers[0] == {
        "x-goog-channel-id": "one",
        "x-goog-channel-token": "secret",
        "x-goog-resource-id": made["resourceId"],
        "x-goog-resource-uri": made["resourceUri"],
        "x-goog-resource-state": "sync",
        "x-goog-message-number": "1",
    }
    assert [each["x-goog-resource-state"] for each in headers[1:]] == ["exists", "exists"]
    numbers = [int(each["x-goog-message-number"]) for each in headers]
    assert numbers[0] < numbers[1] < numbers[2]


async def test_everything_that_happens_is_told_to_those_it_concerns(call, states, hands):
    """Host and guest hear of each change, whoever makes it; nobody hears of reading."""
    await call("POST", WATCH, body=ASKED)
    await call("POST", WATCH, who=BEN, body=ASKED | {"id": "two"})
    assert await states() == [("one", "sync"), ("two", "sync")]
    one, both = [("one", "exists")], [("one", "exists"), ("two", "exists")]
    await call("POST", EVENTS, body=TIMES)
    assert await states() == one
    invited = TIMES | {"id": "aaaaa", "attendees": [{"email": BEN}]}
    await call("POST", EVENTS, body=invited)
    assert await states() == both
    hands.sandbox.answer(BEN, "aaaaa", "accepted")
    assert await states() == both
    await call("GET", f"{EVENTS}/aaaaa", who=BEN)
    await call("GET", EVENTS)
    assert await states() == []
    await call("PATCH", f"{EVENTS}/aaaaa", body={"attendees": []})
    assert await states() == both
    await call("DELETE", f"{EVENTS}/aaaaa")
    assert await states() == one
    assert (await call("DELETE", f"{EVENTS}/aaaaa"))[0] == 410
    assert await states() == []


async def test_a_reply_that_is_lost_is_told_all_the_same(call, states, hands):
    """What was done is done, whether or not its answer arrives."""
    await call("POST", WATCH, body=ASKED)
    hands.sandbox.switches.set({"lost_replies": 1})
    assert (await call("POST", EVENTS, body=TIMES))[0] == 503
    assert await states() == [("one", "sync"), ("one", "exists")]


async def test_two_channels_are_told_until_one_is_stopped(call, states):
    """Channels overlap; one that is stopped says nothing, and cannot be stopped again."""
    _, made, _ = await call("POST", WATCH, body=ASKED)
    _, other, _ = await call("POST", WATCH, body=ASKED | {"id": "two"})
    assert made["resourceId"] == other["resourceId"]
    await states()
    await call("POST", EVENTS, body=TIMES)
    assert await states() == [("one", "exists"), ("two", "exists")]
    stop = {"id": "one", "resourceId": made["resourceId"]}
    for who, wrong in (
        (BEN, stop),
        (ADA, stop | {"resourceId": "another"}),
        (ADA, stop | {"id": "three"}),
    ):
        assert (await call("POST", "channels/stop", who=who, body=wrong))[::2] == (404, "notFound")
    assert (await call("POST", "channels/stop", body={"id": "one"}))[::2] == (400, "required")
    assert (await call("POST", "channels/stop", body=stop))[:2] == (204, None)
    assert (await call("POST", "channels/stop", body=stop))[::2] == (404, "notFound")
    await call("POST", EVENTS, body=TIMES)
    assert await states() == [("two", "exists")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, "required"),
        ({"id": "a b"}, "required"),
        ({"id": "a" * 65}, "required"),
        ({"type": "email"}, "invalid"),
        ({"token": "t" * 257}, "invalid"),
        ({"token": "a\r\nb"}, "invalid"),
        ({"token": 7}, "invalid"),
        ({"address": None}, "required"),
        ({"address": "https://a.example.org/\n"}, "required"),
        ({"address": "http://a.example.org/n"}, "push.webhookUrlNotHttps"),
        ({"address": "n"}, "push.webhookUrlNotHttps"),
        ({"expiration": "soon"}, "invalid"),
        ({"expiration": "1000"}, "invalid"),
        ({"params": {"ttl": "0"}}, "invalid"),
        ({"params": {"ttl": "long"}}, "invalid"),
    ],
    ids=range(15),
)
async def test_a_wrong_channel_is_refused(call, hands, change, reason):
    """What Google does not take has its reason, and no channel is made."""
    assert (await call("POST", WATCH, body=ASKED | change))[::2] == (400, reason)
    assert hands.sandbox.world.channels == {}


async def test_an_id_is_taken_once(call, hands):
    """The same id again is refused, to everybody, until its channel is over."""
    _, made, _ = await call("POST", WATCH, body=ASKED)
    for who in (ADA, BEN):
        answer = await call("POST", WATCH, who=who, body=ASKED)
        assert answer[::2] == (400, "channelIdNotUnique")
    stop = {"id": "one", "resourceId": made["resourceId"]}
    await call("POST", "channels/stop", body=stop)
    assert (await call("POST", WATCH, body=ASKED))[0] == 200


async def test_some_calendars_have_no_push(call, hands):
    """Holidays are nobody's; where one may read them all, they are not watched all the same."""
    hands.sandbox.populate([])
    for token in hands.sandbox.world.access.values():
        token.scopes.append("https://www.googleapis.com/auth/calendar.readonly")
    place = "calendars/en.sandbox%23holiday@group.v.calendar.google.com/events/watch"
    answer = await call("POST", place, body=ASKED)
    assert answer[::2] == (400, "pushNotSupportedForRequestedResource")


async def test_the_soonest_end_holds(call, hands):
    """What is asked for, what is allowed: a channel lives as long as the shorter of them."""
    now = int(time.time())
    for n, (change, seconds) in enumerate(
        (
            ({"expiration": str((now + 3_600) * 1000)}, 3_600),
            ({"expiration": (now + 3_600) * 1000}, 3_600),
            ({"params": {"ttl": "600"}}, 600),
            ({"params": {"ttl": "600"}, "expiration": str((now + 3_600) * 1000)}, 600),
            ({"expiration": str((now + 10 * WEEK) * 1000)}, WEEK),
            ({}, WEEK),
        )
    ):
        _, made, _ = await call("POST", WATCH, body=ASKED | {"id": f"c{n}"} | change)
        assert abs(int(made["expiration"]) // 1000 - now - seconds) <= 5, change
    hands.sandbox.switches.set({"watch_seconds": 60})
    _, made, _ = await call("POST", WATCH, body=ASKED)
    assert abs(int(made["expiration"]) // 1000 - now - 60) <= 5


async def test_a_channel_that_is_over_says_nothing(call, states, hands):
    """After its end it is not there any more, and its id is free."""
    await call("POST", WATCH, body=ASKED)
    await states()
    hands.sandbox.world.channels["one"].expires_at = int(time.time())
    await call("POST", EVENTS, body=TIMES)
    assert (await states(), hands.sandbox.world.channels) == ([], {})
    assert (await call("POST", WATCH, body=ASKED))[0] == 200


async def test_a_calendar_that_goes_is_told_once(call, states, hands):
    """`not_exists` is the last that is said."""
    world = hands.sandbox.world
    world.books["c_choir"] = type(world.books[ADA])("c_choir", ADA, "Choir", "UTC")
    await call("POST", "calendars/c_choir/events/watch", body=ASKED)
    await states()
    del world.books["c_choir"]
    await call("GET", EVENTS)
    await call("GET", EVENTS)
    assert await states() == [("one", "not_exists")]
    assert world.channels == {}


async def test_messages_are_lost_and_doubled_and_late(call, states, told, hands):
    """The switches do what they say, and on a good day it is as before."""
    switches = hands.sandbox.switches
    await call("POST", WATCH, body=ASKED)
    await states()
    switches.set({"pushes_lost": True})
    await call("POST", EVENTS, body=TIMES)
    assert await states() == []
    switches.set({"pushes_lost": False})
    await call("GET", EVENTS)
    assert await states() == []
    switches.set({"pushes_twice": True})
    await call("POST", EVENTS, body=TIMES)
    twice = await told()
    assert len(twice) == 2
    assert twice[0] == twice[1]
    switches.set({"pushes_twice": False, "pushes_late_seconds": 0.05})
    await call("POST", EVENTS, body=TIMES)
    assert await states() == []
    await asyncio.sleep(0.1)
    assert await states() == [("one", "exists")]


async def test_channels_outlive_the_process(call, states, hands):
    """After a restart what was not told yet is told, to the same address with the same secret."""
    await call("POST", WATCH, body=ASKED)
    await states()
    kept = json.dumps(hands.sandbox.dump())
    other = GoogleSandbox()
    other.load(json.loads(kept))
    assert json.dumps(other.dump()) == kept
    hands.sandbox.load(json.loads(kept))
    await call("POST", EVENTS, body=TIMES)
    assert await states() == [("one", "exists")]


async def test_nobody_is_told_before_there_is_a_way(call, hands):
    """A stand-in that is not connected makes channels, and says nothing on them."""
    assert (await call("POST", WATCH, body=ASKED))[0] == 200
    assert (await call("POST", EVENTS, body=TIMES))[0] == 200
    (channel,) = hands.sandbox.world.channels.values()
    assert channel.told == hands.sandbox.world.books[ADA].version
