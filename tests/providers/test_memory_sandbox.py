"""The memory service behaves as it is switched, so that a test can stage any day."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from together.providers import (
    Answer,
    AuthorizationExpired,
    Capability,
    ConsentDeclined,
    EventDraft,
    Gone,
    Misconfigured,
    ProviderUnavailable,
    RateLimited,
    Reading,
    SandboxPerson,
    Span,
    Spans,
)
from together.testing.hands import BASE_URL, Hands, mounted
from together.testing.memory import MemoryCalendar
from together.testing.memory_sandbox import MemorySandbox

ADA, BEN = "ada@saltmarsh.example.org", "ben@saltmarsh.example.org"
NINE = datetime(2031, 3, 3, 9, tzinfo=UTC)
WINDOW = Span(NINE - timedelta(hours=9), NINE + timedelta(hours=15))


def hours(start, end):
    return Span(NINE + timedelta(hours=start), NINE + timedelta(hours=end))


def draft(**more):
    return EventDraft("a" * 32, "home", hours(0, 1), "Mentoring session", guests=(BEN,), **more)


@pytest.fixture
async def town():
    """Give the plugin against a sandbox with Ada and Ben in it."""
    sandbox = MemorySandbox()
    sandbox.add_account(ADA)
    sandbox.add_account(BEN)
    transport = mounted(sandbox)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as web:
        yield Hands(sandbox, MemoryCalendar(BASE_URL), transport, web)


async def test_what_one_does_oneself_is_busy(town):
    """Busy spans that a person has of their own are read like any other."""
    town.sandbox.add_busy(ADA, hours(0, 1), hours(3, 4))
    ada = await town.calendars(ADA)
    assert await ada.busy(["home"], WINDOW) == Reading(Spans([hours(0, 1), hours(3, 4)]))


async def test_an_unreadable_calendar_is_unknown(town):
    """A calendar that is listed and cannot be read is named."""
    town.sandbox.unreadable = {"home"}
    ada = await town.calendars(ADA)
    assert await ada.busy(["home"], WINDOW) == Reading(Spans(), {"home": "unreadable"})


async def test_a_guest_is_busy_until_they_decline(town):
    """An invitation takes a guest's time, and an answer is seen by whoever invited."""
    ada, ben = await town.calendars(ADA), await town.calendars(BEN)
    event = await ada.create(draft())
    assert (await ben.busy(["home"], WINDOW)).busy == Spans([hours(0, 1)])
    town.sandbox.answer(event.id, BEN, Answer.DECLINED)
    assert (await ben.busy(["home"], WINDOW)).busy == Spans()
    assert (await ada.read(event)).answers == {BEN: Answer.DECLINED}


async def test_what_stands_in_a_calendar_is_seen(town):
    """A test sees the events as the service keeps them, and not those taken away."""
    ada = await town.calendars(ADA)
    event = await ada.create(draft(place="Room 4"))
    kept = town.sandbox.events(ADA)
    assert [(e["id"], e["title"], e["place"]) for e in kept] == [
        (event.id, "Mentoring session", "Room 4")
    ]
    await ada.cancel(event)
    assert town.sandbox.events(ADA) == []


async def test_a_person_moves_and_deletes_in_the_calendar_itself(town):
    """What is done elsewhere is read as it stands."""
    ada = await town.calendars(ADA)
    event = await ada.create(draft())
    town.sandbox.move(event.id, hours(5, 6))
    assert await ada.read(event) == replace(event, span=hours(5, 6))
    town.sandbox.delete(event.id)
    with pytest.raises(Gone):
        await ada.read(event)


@pytest.mark.parametrize(
    ("switch", "value", "kind"),
    [
        ("down", True, ProviderUnavailable),
        ("throttled", 7, RateLimited),
        ("nonsense", True, Misconfigured),
    ],
)
async def test_moods(town, switch, value, kind):
    """A switched mood answers everything, and once switched back the call works."""
    ada = await town.calendars(ADA)
    before = getattr(town.sandbox, switch)
    setattr(town.sandbox, switch, value)
    with pytest.raises(kind) as caught:
        await ada.list()
    assert getattr(caught.value, "retry_after", None) == (
        timedelta(seconds=7) if kind is RateLimited else None
    )
    setattr(town.sandbox, switch, before)
    assert [calendar.id for calendar in await ada.list()] == ["home"]


async def test_a_slow_service_is_slow(town):
    """Every answer takes as long as it is told to."""
    ada = await town.calendars(ADA)
    town.sandbox.slow = 0.05
    started = time.monotonic()
    await ada.list()
    assert time.monotonic() - started >= 0.05


async def test_tokens_end(town):
    """An expired token is renewed; a revoked consent is over."""
    ada, ben = await town.calendars(ADA), await town.calendars(BEN)
    town.sandbox.expire()
    assert (await ada.whoami()).email == ADA
    town.sandbox.revoke(ADA)
    with pytest.raises(AuthorizationExpired):
        await ada.whoami()
    assert (await ben.whoami()).email == BEN


async def test_a_consent_is_declined(town):
    """What a consent ends with comes to the callback with the state."""
    town.sandbox.consent_error = "access_denied"
    answer = (await town.sign_in(ADA)).answer
    assert answer == {"error": "access_denied", "state": "st4te"}
    assert type(town.provider.oauth.refused_at_consent(answer["error"])) is ConsentDeclined


async def test_a_box_is_left_unticked(town):
    """A consent without a scope comes back without it, and the service keeps to it."""
    town.sandbox.unticked = frozenset({"events"})
    grant = await town.grant(ADA)
    assert town.provider.oauth.capabilities(grant.scopes) == Capability.FREE_BUSY
    ada = await town.calendars(ADA)
    assert await ada.busy(["home"], WINDOW) == Reading(Spans())
    with pytest.raises(Misconfigured):
        await ada.create(draft())


async def test_an_account_may_have_no_calendar(town):
    """Somebody whose account has no calendar gets an empty list."""
    town.sandbox.add_account("elin@saltmarsh.example.org", calendars=())
    elin = await town.calendars("elin@saltmarsh.example.org")
    assert await elin.list() == []


async def test_a_link_can_take_its_time(town):
    """A link is pending for as many reads as it is told to."""
    town.sandbox.pending_reads = 2
    ada = await town.calendars(ADA)
    event = await ada.create(draft(wants_meeting=True))
    read = [event, await ada.read(event), await ada.read(event)]
    assert [(e.meeting is None, e.meeting_pending) for e in read] == [
        (True, True),
        (True, True),
        (False, False),
    ]


async def test_requests_are_remembered(town):
    """A test sees what the service was asked, in order."""
    ada = await town.calendars(ADA)
    await ada.busy(["home"], WINDOW)
    assert town.sandbox.requests == ["POST /token", "POST /busy"]


def test_people_are_believable():
    """A made-up person has a lunch and a meeting on every working day of two weeks."""
    sandbox = MemorySandbox(now=NINE.timestamp)
    sandbox.populate([SandboxPerson("hana@saltmarsh.example.org", "Hana Sato", "Asia/Tokyo")])
    account = sandbox.dump()["accounts"]["hana@saltmarsh.example.org"]
    starts = [
        datetime.fromtimestamp(s, ZoneInfo("Asia/Tokyo")) for s, _ in account["calendars"]["home"]
    ]
    assert (account["name"], account["zone"]) == ("Hana Sato", "Asia/Tokyo")
    assert [start.isoweekday() for start in starts[::2]] == [1, 2, 3, 4, 5] * 2
    assert {start.hour for start in starts[::2]} == {12}
    assert {start.hour for start in starts[1::2]} <= {13, 14, 15, 16}
