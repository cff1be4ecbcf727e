"""How the plugin has Google tell of changes, person by person and for a whole Workspace."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from together_google import GoogleCalendar
from together_google.errors import ChannelTaken
from together_google.oauth import EVENTS, FREE_BUSY
from together_google.testing.answering import answering, refusing

from together.domain.spans import Span
from together.providers import (
    AuthorizationExpired,
    Capability,
    Channel,
    EventDraft,
    Gone,
    Misconfigured,
    ProviderUnavailable,
    Refused,
    Secret,
    Watch,
)

ADA, BEN = "ada@saltmarsh.example.org", "ben@saltmarsh.example.org"
NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
KEY = "0123456789abcdefghijklmnopqrstuv"
DRAFT = EventDraft(KEY, ADA, Span(NINE, NINE + timedelta(hours=1)), "Session", guests=(BEN,))
SECRET = "s" * 43
UNTIL = datetime(2100, 1, 1, tzinfo=UTC)
CHANNEL = Channel("0f" * 16, Secret(SECRET), "https://together.example.org/notified", UNTIL)
MADE = {"kind": "api#channel", "id": CHANNEL.id, "resourceId": "res-1", "expiration": "4000000000"}


async def test_a_channel_is_asked_for_as_google_wants_it(hands, checked_wire):
    """Id, secret, address and end are Together's; what comes back is Google's."""
    ada = await hands.calendars(ADA)
    before = datetime.now(UTC)
    watch = await ada.watch(ADA, CHANNEL)
    request = checked_wire.seen[-1]
    assert (request.url.query, json.loads(request.content)) == (
        b"",
        {
            "id": CHANNEL.id,
            "type": "web_hook",
            "address": CHANNEL.address,
            "token": SECRET,
            "expiration": "4102444800000",
        },
    )
    (kept,) = hands.sandbox.world.channels.values()
    assert (watch.id, watch.resource) == (CHANNEL.id, kept.resource_id)
    assert timedelta(days=6.9) < watch.expires_at - before <= timedelta(days=7, seconds=5)
    assert SECRET not in repr(watch)


async def test_a_watch_whose_answer_was_lost_is_made_again(hands):
    """The same channel twice is two for Google, and the second can be ended."""
    ada = await hands.calendars(ADA)
    hands.sandbox.switches.set({"lost_replies": 1})
    with pytest.raises(ProviderUnavailable):
        await ada.watch(ADA, CHANNEL)
    watch = await ada.watch(ADA, CHANNEL)
    assert watch.id.startswith(f"{CHANNEL.id}-")
    assert [*hands.sandbox.world.channels] == [CHANNEL.id, watch.id]
    await ada.unwatch(watch)
    assert [*hands.sandbox.world.channels] == [CHANNEL.id]


@pytest.mark.parametrize(
    ("change", "expires_at"),
    [
        ({"expiration": "1900000000000"}, datetime(2030, 3, 17, 17, 46, 40, tzinfo=UTC)),
        ({"expiration": 1900000000999}, datetime(2030, 3, 17, 17, 46, 40, tzinfo=UTC)),
        ({"expiration": "1000000000000"}, datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)),
        ({"expiration": "9999999999999"}, UNTIL),
        ({"expiration": None}, UNTIL),
        ({}, UNTIL),
    ],
    ids=["text", "number", "past", "late", "null", "missing"],
)
async def test_the_end_is_the_one_that_google_says(hands, checked_wire, change, expires_at):
    """A past end is told as it is, one after the wanted end is not believed, none is the wanted."""
    ada = await hands.calendars(ADA)
    made = {name: value for name, value in MADE.items() if name != "expiration"}
    answering(checked_wire, made | change)
    assert await ada.watch(ADA, CHANNEL) == Watch(CHANNEL.id, expires_at, "res-1")


@pytest.mark.parametrize(
    "change",
    [
        {"expiration": "soon"},
        {"expiration": "-1"},
        {"expiration": "1e12"},
        {"expiration": "١٩٠٠٠٠٠٠٠٠٠٠٠"},
        {"expiration": "19000000000000"},
        {"expiration": True},
        {"expiration": 1.9e12},
        {"expiration": []},
        {"id": "another"},
        {"id": None},
        {"resourceId": None},
        {"resourceId": ""},
        {"resourceId": "x" * 257},
        {"resourceId": "a\r\nb"},
    ],
    ids=range(14),
)
async def test_a_channel_of_another_shape_is_no_watch(hands, checked_wire, change):
    """What cannot be read is not guessed at."""
    ada = await hands.calendars(ADA)
    answering(checked_wire, MADE | change)
    with pytest.raises(Misconfigured):
        await ada.watch(ADA, CHANNEL)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusing(400, "push.webhookUrlNotHttps"), Misconfigured),
        (refusing(400, "push.webhookUrlUnauthorized"), Misconfigured),
        (refusing(401, "push.webhookUrlUnauthorized"), Misconfigured),
        (refusing(401, "authError"), AuthorizationExpired),
        (refusing(400, "pushNotSupportedForRequestedResource"), Refused),
        (refusing(400, "channelIdNotUnique"), ChannelTaken),
        (refusing(404, "notFound"), Gone),
    ],
    ids=range(7),
)
async def test_a_channel_that_is_refused_says_who_must_act(hands, checked_wire, answer, kind):
    """An address is the operator's, a calendar without push is nobody's."""
    ada = await hands.calendars(ADA)
    answering(checked_wire, answer)
    with pytest.raises(kind) as caught:
        await ada.watch(ADA, CHANNEL)
    assert type(caught.value) is kind


async def test_an_address_without_tls_is_refused(hands):
    """Google tells nobody over plain http, and so does its stand-in."""
    ada = await hands.calendars(ADA)
    for address in ("http://together.example.org/x", "https://", "https://[x", "ftp://a.example"):
        with pytest.raises(Misconfigured) as caught:
            await ada.watch(ADA, replace(CHANNEL, address=address))
        assert caught.value.code == "push.webhookUrlNotHttps"
    assert hands.sandbox.world.channels == {}


async def test_an_address_that_google_does_not_know_is_the_operators(hands):
    """Google says 401 of it, and no consent is lost."""
    ada = await hands.calendars(ADA)
    hands.sandbox.switches.set({"watch_refused": True})
    with pytest.raises(Misconfigured) as caught:
        await ada.watch(ADA, CHANNEL)
    assert (caught.value.status, caught.value.code) == (401, "push.webhookUrlUnauthorized")
    hands.sandbox.switches.set({"watch_refused": False})
    assert (await ada.watch(ADA, CHANNEL)).id == CHANNEL.id


async def test_somebody_elses_calendar_is_not_watched(hands):
    """The scope reaches one's own calendars, and to ask for more costs no consent."""
    hands.sandbox.world.books[BEN].readers[ADA] = "writer"
    ada = await hands.calendars(ADA)
    with pytest.raises(Refused) as caught:
        await ada.watch(BEN, CHANNEL)
    told = (type(caught.value), caught.value.status, caught.value.code)
    assert told == (Refused, 403, "insufficientPermissions")


async def test_a_watch_that_cannot_be_named_is_not_ended(hands):
    """Google ends a channel by its resource; without one nothing is sent."""
    ada = await hands.calendars(ADA)
    with pytest.raises(Refused):
        await ada.unwatch(Watch(CHANNEL.id, UNTIL))


async def test_only_whoever_made_a_watch_ends_it(hands):
    """To anybody else it is not there, which is no error, and it lives on."""
    ada, ben = await hands.calendars(ADA), await hands.calendars(BEN)
    watch = await ada.watch(ADA, CHANNEL)
    await ben.unwatch(watch)
    await ada.unwatch(replace(watch, resource="another"))
    assert [*hands.sandbox.world.channels] == [CHANNEL.id]
    await ada.unwatch(watch)
    assert hands.sandbox.world.channels == {}


async def test_delegated_calendars_are_followed_with_the_scope_of_events(office, sandbox):
    """A token for events and one mailbox asks, watches and ends; one for free/busy does not."""
    writer, other = office.open(ADA, Capability.EVENTS), office.open(BEN, Capability.EVENTS)
    begun = await writer.changes(ADA, None)
    watch = await writer.watch(ADA, CHANNEL)
    await writer.create(DRAFT)
    assert (await writer.changes(ADA, begun.cursor)).event_ids == {KEY}
    await other.unwatch(watch)
    assert sandbox.world.channels == {}
    assert EVENTS in (await office.grant(ADA, Capability.EVENTS)).scopes
    assert GoogleCalendar.syncs == Capability.EVENTS


async def test_a_consent_without_events_is_not_followed(hands, checker):
    """Free/busy alone buys no changes."""
    ada = await hands.calendars(ADA, untick=["calendar.events.owned"])
    assert GoogleCalendar.syncs not in hands.provider.oauth.capabilities(hands.grants[ADA].scopes)
    assert FREE_BUSY in hands.grants[ADA].scopes
    with pytest.raises(Refused):
        await ada.changes(ADA, None)
    assert [fault[:20] for fault in checker.faults] == ["calendar.events.list"]
    checker.faults.clear()
