"""Subscriptions: how they are asked for, prolonged and ended, and what they are taken for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from together.domain.spans import Span
from together.providers import (
    Capability,
    EventDraft,
    Gone,
    Misconfigured,
    Notice,
    NoticeKind,
    ProviderUnavailable,
    RateLimited,
    Refused,
    Watch,
)
from together.testing.hands import BASE_URL, now
from together.testing.listening import ADDRESS, Listener, channel

ADA = "ada@saltmarsh.example.org"
API = f"{BASE_URL}/v1.0"
KEY = "0123456789abcdefghijklmnopqrstuv"
ID = "7f105c7d-2dc5-4530-97cd-4e7ae6534c07"


@pytest.fixture
async def listener(sandbox, provider):
    """Connect the sandbox with somebody who listens."""
    listener = Listener(provider.notifications)
    async with httpx.AsyncClient(transport=listener, trust_env=False) as http:
        sandbox.connect(http)
        yield listener


@pytest.fixture
async def ada(hands, listener):
    return await hands.calendars(ADA)


@pytest.fixture
def home(hands, sandbox):
    return sandbox.world.default_book(ADA).id


def stamp(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def subscription(**changes):
    until = stamp(now() + timedelta(days=6)).replace("Z", ".9356913Z")
    return httpx.Response(201, json={"id": ID, "expirationDateTime": until, **changes})


def error(status, code):
    return httpx.Response(status, json={"error": {"code": code, "message": "canary"}})


async def told(sandbox, listener):
    """Wait for what the sandbox tells, and give the notices that came since the last time."""
    await sandbox._desk.teller.told()
    notices = listener.notices()
    listener.came.clear()
    return notices


def draft(home):
    start = now().replace(microsecond=0) + timedelta(days=40)
    return EventDraft(KEY, home, Span(start, start + timedelta(hours=1)), "Mentoring session")


async def test_a_subscription_is_asked_for_as_documented(ada, home, checked_wire, listener):
    """It is for the events of one calendar, and one address is told of all that becomes of it."""
    made = channel()
    watch = await ada.watch(home, made)
    sent = checked_wire.seen[-1]
    assert json.loads(sent.content) == {
        "changeType": "created,updated,deleted",
        "notificationUrl": ADDRESS,
        "lifecycleNotificationUrl": ADDRESS,
        "resource": f"me/calendars/{home}/events",
        "expirationDateTime": stamp(made.until),
        "clientState": made.secret.reveal(),
    }
    assert 'IdType="ImmutableId"' in sent.headers["prefer"]
    assert watch == Watch(watch.id, made.until.replace(microsecond=0))
    assert len(listener.echoes) == 1
    assert listener.echoes[0].startswith("Validation: ")


async def test_what_is_asked_for_too_long_is_shortened(ada, home, checked_wire, provider):
    """A subscription is not asked for beyond what Graph gives, which it would refuse."""
    watch = await ada.watch(home, replace(channel(), until=now() + timedelta(days=30)))
    longest = provider.notifications.longest
    left = watch.expires_at - now()
    assert longest - timedelta(seconds=10) < left <= longest


async def test_what_comes_back_counts(ada, home, sandbox):
    """A subscription that Graph lets live shorter is over when Graph says."""
    sandbox.switches.set({"subscription_minutes": 4_230})
    watch = await ada.watch(home, channel())
    left = watch.expires_at - now()
    assert timedelta(minutes=4_229) < left <= timedelta(minutes=4_230)


@pytest.mark.parametrize(
    "changes",
    [
        {"expirationDateTime": "soon"},
        {"expirationDateTime": "2026-12-01T09:00:00"},
        {"expirationDateTime": "2020-01-01T00:00:00Z"},
        {"expirationDateTime": "2199-01-01T00:00:00Z"},
        {"expirationDateTime": stamp(now() + timedelta(days=9))},
        {"expirationDateTime": None},
        {"expirationDateTime": 1_795_500_000},
        {"id": None},
        {"id": ""},
        {"id": 7},
        {"id": "x" * 129},
        {"id": "a\nb"},
    ],
    ids=range(12),
)
async def test_a_subscription_of_another_shape_is_the_operators(ada, home, checked_wire, changes):
    """One without a name, or that lives in the past or for ever, is not believed."""
    watch = await ada.watch(home, channel())
    checked_wire.answer = lambda request: subscription(**changes)
    with pytest.raises(Misconfigured):
        await ada.watch(home, channel())
    with pytest.raises(Misconfigured):
        await ada.renew(home, watch, channel())


async def test_seven_digits_of_a_second_are_read(ada, home, checked_wire):
    """Graph tells ten-millionths of a second, and whole ones are kept."""
    checked_wire.answer = lambda request: subscription()
    watch = await ada.watch(home, channel())
    assert (watch.id, watch.expires_at.microsecond) == (ID, 0)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "ValidationError", Refused),
        (400, "InvalidRequest", Refused),
        (403, "ErrorAccessDenied", Refused),
        (403, "ExtensionError", Refused),
        (404, "ErrorItemNotFound", Gone),
        (429, "TooManyRequests", RateLimited),
        (503, "serviceNotAvailable", ProviderUnavailable),
        (418, "UnknownError", Misconfigured),
    ],
)
async def test_what_graph_will_not_subscribe_to(ada, home, checked_wire, status, code, kind):
    """A subscription that cannot be is refused, and an outage is one."""
    watch = await ada.watch(home, channel())
    checked_wire.answer = lambda request: error(status, code)
    for call in (ada.watch(home, channel()), ada.renew(home, watch, channel())):
        with pytest.raises(kind) as caught:
            await call
        assert type(caught.value) is kind
        assert (caught.value.status, caught.value.code) == (status, code)


async def test_a_subscription_lives_on(ada, home, checked_wire, sandbox, listener):
    """Prolonged it is the same one with its old secret, and nothing but its end is sent."""
    made = replace(channel(), until=now() + timedelta(days=1))
    watch = await ada.watch(home, made)
    another = channel()
    renewed = await ada.renew(home, watch, another)
    sent = checked_wire.seen[-1]
    assert (sent.method, sent.url.path) == ("PATCH", f"/sandbox/v1.0/subscriptions/{watch.id}")
    assert json.loads(sent.content) == {"expirationDateTime": stamp(another.until)}
    assert renewed == Watch(watch.id, another.until.replace(microsecond=0))
    await ada.create(draft(home))
    assert await told(sandbox, listener) == [Notice(watch.id, made.secret)]


async def test_another_subscription_is_not_the_same(ada, home, checked_wire):
    """Whoever prolongs one and is told of another is told nonsense."""
    watch = await ada.watch(home, channel())
    checked_wire.answer = lambda request: subscription(id="another")
    with pytest.raises(Misconfigured):
        await ada.renew(home, watch, channel())


@pytest.mark.parametrize("code", ["ResourceNotFound", "ErrorItemNotFound", "UnknownError"])
async def test_a_subscription_that_is_over_is_gone(ada, home, checked_wire, code):
    """It can be prolonged no more, in whatever words that is said, and ending it is fine."""
    watch = Watch(ID, now())
    with pytest.raises(Gone):
        await ada.renew(home, watch, channel())
    await ada.unwatch(watch)
    checked_wire.answer = lambda request: error(404, code)
    with pytest.raises(Gone):
        await ada.renew(home, watch, channel())
    await ada.unwatch(watch)


async def test_ending_one_can_fail(ada, home, checked_wire):
    """In an outage a subscription is not ended, and that is said."""
    checked_wire.answer = lambda request: error(503, "serviceNotAvailable")
    with pytest.raises(ProviderUnavailable):
        await ada.unwatch(Watch(ID, now()))


async def test_a_lost_answer_leaves_two(ada, home, sandbox, listener):
    """Asked for twice there are two of them, of which the second is heard, with one secret."""
    made = channel()
    sandbox.switches.set({"lost_replies": 1})
    with pytest.raises(ProviderUnavailable):
        await ada.watch(home, made)
    watch = await ada.watch(home, made)
    await ada.create(draft(home))
    notices = await told(sandbox, listener)
    assert Notice(watch.id, made.secret) in notices
    assert {notice.secret for notice in notices} == {made.secret}


async def test_what_becomes_of_a_subscription_is_told(ada, home, sandbox, listener, web):
    """Graph asks to reauthorize, says that something was missed, and that one was removed."""
    made = channel()
    watch = await ada.watch(home, made)
    kinds = {
        "reauthorizationRequired": NoticeKind.RENEW,
        "missed": NoticeKind.MISSED,
        "subscriptionRemoved": NoticeKind.ENDED,
    }
    for say, kind in kinds.items():
        said = await web.post(BASE_URL + "/_control/subscriptions", json={"say": say})
        assert said.json() == {"said": say, "of": [watch.id]}
        assert await told(sandbox, listener) == [Notice(watch.id, made.secret, kind)]
    with pytest.raises(Gone):
        await ada.renew(home, watch, channel())


async def test_an_organizations_consent_watches(office, sandbox, provider):
    """With permission to read alone the app itself is told of a member's calendar, and asks."""
    sandbox.delegate("saltmarsh.example.org", ["Calendars.Read"])
    listener = Listener(provider.notifications)
    calendars = office.open(ADA, Capability.FREE_BUSY)
    home = sandbox.world.default_book(ADA)
    async with httpx.AsyncClient(transport=listener, trust_env=False) as http:
        sandbox.connect(http)
        made = channel()
        watch = await calendars.watch(home.id, made)
        sent = json.loads(office.wire.seen[-1].content)
        assert sent["resource"] == f"users/{ADA}/calendars/{home.id}/events"
        begun = await calendars.changes(home.id, None)
        path = office.wire.seen[-1].url.raw_path.decode()
        user = "/sandbox/v1.0/users/ada%40saltmarsh.example.org"
        assert path.startswith(f"{user}/calendars/{home.id.replace('=', '%3D')}/calendarView/delta")
        sandbox.delegate("saltmarsh.example.org")
        event = await office.open(ADA).create(draft(home.id))
        assert await told(sandbox, listener) == [Notice(watch.id, made.secret)]
        assert (await calendars.changes(home.id, begun.cursor)).event_ids == {event.id}
        renewed = await calendars.renew(home.id, watch, channel())
        assert renewed.id == watch.id
        await calendars.unwatch(watch)
        await calendars.unwatch(watch)
        assert sandbox.world.subscriptions == {}


async def test_a_refused_subscription_is_no_lost_consent(office, sandbox):
    """Where an organization's consent reads and is refused a subscription, it reads on."""
    calendars, home = office.open(ADA), sandbox.world.default_book(ADA).id
    await calendars.list()
    office.wire.answer = lambda request: error(403, "ErrorAccessDenied")
    for call in (
        calendars.watch(home, channel()),
        calendars.renew(home, Watch(ID, now()), channel()),
    ):
        with pytest.raises(Refused) as caught:
            await call
        assert type(caught.value) is Refused
    office.wire.answer = lambda request: error(404, "ResourceNotFound")
    with pytest.raises(Gone):
        await calendars.renew(home, Watch(ID, now()), channel())
    await calendars.unwatch(Watch(ID, now()))
