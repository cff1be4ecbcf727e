"""A service account acts for the users of a Workspace, until something is in its way."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from together_google.errors import NoCalendar
from together_google.oauth import CALENDAR_LIST, EVENTS, FREE_BUSY
from together_google.testing import CheckedTransport

from together.providers import (
    Account,
    Capability,
    ClockWrong,
    KeyRefused,
    NoMailbox,
    NotDelegated,
    ProviderUnavailable,
    RateLimited,
    ScopesMissing,
    Secret,
    Verified,
)
from together.testing.contract_delegation import Office
from together.testing.hands import BASE_URL, mounted

ADA, BEN = "ada@saltmarsh.example.org", "ben@saltmarsh.example.org"
WORKSPACE = "saltmarsh.example.org"
SCOPES = sorted({FREE_BUSY, CALENDAR_LIST, EVENTS})
READ, BOTH = Capability.FREE_BUSY, Capability.FREE_BUSY | Capability.EVENTS


def sent(office):
    """Give the assertions that were sent, in order."""
    forms = [r.content.decode() for r in office.wire.seen if r.url.path.endswith("/token")]
    return [httpx.QueryParams(form)["assertion"] for form in forms]


async def test_verifying_reads_one_minute_and_no_event(office, checker):
    """A mailbox is found, and is read for a minute: no event is asked for, and none is made."""
    assert await office.verify(ADA) == Verified(BOTH, Account(ADA, ADA))
    assert checker.calls == ["token", "calendar.calendarList.get", "calendar.freebusy.query"]
    asked = json.loads(office.wire.seen[-1].content)
    starts, ends = (datetime.fromisoformat(asked[edge]) for edge in ("timeMin", "timeMax"))
    assert ends - starts == timedelta(minutes=1)


async def test_missing_scopes_are_named(office, sandbox):
    """Where all of them are refused together, each is asked for alone."""
    sandbox.delegate(WORKSPACE, [FREE_BUSY, CALENDAR_LIST])
    with pytest.raises(ScopesMissing) as caught:
        await office.verify(ADA)
    assert (caught.value.missing, caught.value.capabilities) == ({EVENTS}, READ)
    assert len(sent(office)) == 1 + 3
    assert (await office.verify(ADA, READ)).capabilities == READ
    sandbox.delegate(WORKSPACE, [FREE_BUSY, EVENTS])
    with pytest.raises(ScopesMissing) as caught:
        await office.verify(ADA)
    assert (caught.value.missing, caught.value.capabilities) == ({CALENDAR_LIST}, Capability(0))
    sandbox.delegate(WORKSPACE, SCOPES)
    assert (await office.verify(ADA)).capabilities == BOTH


async def test_what_takes_a_day_is_not_delegated_yet(office, sandbox):
    """Until Google has carried it everywhere it is as before, and then it works."""
    sandbox.switches.set({"delegation_delay": 86_400})
    with pytest.raises(NotDelegated) as caught:
        await office.verify(ADA)
    assert (caught.value.code, str(caught.value)) == ("unauthorized_client", NotDelegated.words)
    sandbox.switches.set({"delegation_delay": 0})
    assert (await office.verify(ADA)).capabilities == BOTH


async def test_what_begins_to_work_meanwhile_is_tried_again(office):
    """Refused together and given one by one means that the answer is already old."""
    given = {"access_token": "t", "expires_in": 3599, "token_type": "Bearer"}
    answers = [httpx.Response(401, json={"error": "unauthorized_client"})]
    answers += [httpx.Response(200, json=given) for _ in SCOPES]
    office.wire.answer = lambda request: answers.pop(0)
    with pytest.raises(ProviderUnavailable):
        await office.verify(ADA)
    assert answers == []


async def test_a_client_that_was_named_by_its_address_is_not_delegated(office, sandbox):
    """The Admin console takes a service account's address, and does not mean it."""
    sandbox.delegate(WORKSPACE, [])
    sandbox.delegate(WORKSPACE, SCOPES, client_id=sandbox.service_account().email)
    with pytest.raises(NotDelegated):
        await office.verify(ADA)


async def test_an_account_without_calendar_is_one_members_trouble(office, sandbox):
    """The account is there, and Google Calendar is not."""
    sandbox.add_account("elin@saltmarsh.example.org", has_calendar=False)
    with pytest.raises(NoCalendar):
        await office.verify("elin@saltmarsh.example.org")
    assert issubclass(NoCalendar, NoMailbox)


async def test_nobody_outside_the_workspace_is_reached(office, sandbox):
    """Neither a personal account nor another organization's user is acted for."""
    for email in ("ada@example.com", "mira@northlight.example.com"):
        sandbox.add_account(email)
        with pytest.raises(NotDelegated):
            await office.grant(email)


async def test_a_key_that_is_over_is_the_organizations_trouble(office, sandbox):
    """A key that is deleted or switched off, or whose account is, has to be replaced."""
    (key,) = sandbox.service_account().keys.values()
    for state in ("disabled", "deleted"):
        key.state = state
        with pytest.raises(KeyRefused):
            await office.verify(ADA)
    key.state, sandbox.service_account().disabled = "enabled", True
    with pytest.raises(KeyRefused) as caught:
        await office.verify(ADA)
    assert caught.value.code == "disabled_client"
    sandbox.service_account().disabled = False
    assert (await office.verify(ADA)).capabilities == BOTH


@pytest.mark.parametrize("hours", [-2, 2])
async def test_a_wrong_clock_is_the_operators(office, hours):
    """Nobody at the organization can mend our clock."""
    with pytest.raises(ClockWrong):
        await office.delegation.grant(
            office.web,
            office.credential,
            mailbox=ADA,
            capabilities=READ,
            now=datetime.now(UTC) + timedelta(hours=hours),
        )


@pytest.mark.parametrize(
    ("switch", "value", "kind"),
    [("down", True, ProviderUnavailable), ("throttled", "rateLimitExceeded", RateLimited)],
)
async def test_a_passing_fault_is_waited_for(office, sandbox, switch, value, kind):
    """An outage or a limit says nothing about the delegation."""
    before = getattr(sandbox.switches, switch)
    sandbox.switches.set({switch: value})
    with pytest.raises(kind):
        await office.verify(ADA)
    sandbox.switches.set({switch: before})
    assert (await office.verify(ADA)).capabilities == BOTH


async def test_a_calendar_that_cannot_be_read_is_not_verified(office, sandbox):
    """An error inside of a 200 is not a yes."""
    sandbox.switches.set({"unreadable": {ADA: "internalError"}})
    with pytest.raises(ProviderUnavailable) as caught:
        await office.verify(ADA)
    assert caught.value.code == "internalError"


async def test_a_session_with_a_link_is_made_for_a_member(office, sandbox, checker):
    """An event with Meet and a guest stands in the member's own calendar, and the link is there."""
    day = await office.day(ADA)
    event = await day.calendars.create(day.draft(9, 10, guests=(BEN,), wants_meeting=True))
    assert event.meeting is not None
    assert [e["organizer"]["email"] for e in sandbox.events(ADA)] == [ADA]
    assert [e["id"] for e in sandbox.events(BEN)] == [event.id]
    assert "userinfo" not in checker.calls


async def test_a_token_that_ends_is_made_again(office, sandbox):
    """There is no refresh token; the next call makes another one."""
    calendars = office.open(ADA)
    await calendars.list()
    sandbox.expire_access(ADA)
    assert (await calendars.whoami()).email == ADA
    assert len(sent(office)) == 2


async def test_access_that_is_taken_back_is_lost_in_the_middle(office, sandbox):
    """A token that was given before dies, and no other comes."""
    calendars = office.open(ADA)
    await calendars.list()
    sandbox.delegate(WORKSPACE, [])
    with pytest.raises(NotDelegated):
        await calendars.list()


async def test_a_member_cannot_take_it_back(office, sandbox):
    """What an administrator allowed for everybody does not end with one's own consents."""
    calendars = office.open(ADA)
    await calendars.list()
    sandbox.revoke(ADA)
    await calendars.list()
    assert len(sent(office)) == 1


async def test_an_all_day_event_is_read_with_what_writing_asks_for(office):
    """Writing alone knows the zone of the calendar, in which such an event stands."""
    writer = office.open(ADA, Capability.EVENTS)
    day = await office.day(ADA)
    event = await writer.create(day.draft(9, 10))
    when = day.midnight.date()
    grant = await office.grant(ADA, Capability.EVENTS)
    await office.web.patch(
        f"{BASE_URL}/calendar/v3/calendars/primary/events/{event.id}",
        json={"start": {"date": f"{when}", "dateTime": None, "timeZone": None},
              "end": {"date": f"{when + timedelta(days=1)}", "dateTime": None, "timeZone": None}},
        headers={"authorization": f"Bearer {grant.access_token.reveal()}"},
    )  # fmt: skip
    read = await writer.read(event)
    assert read.span.duration == timedelta(days=1)


async def test_two_organizations_do_not_share_an_account(sandbox, provider, checker):
    """Each Workspace trusts its own service account, and neither reaches the other's users."""
    wire = CheckedTransport(mounted(sandbox), checker)
    homes = {"one": ADA, "two": "mira@northlight.example.com"}
    async with httpx.AsyncClient(transport=wire, trust_env=False) as web:
        offices = {}
        for name, email in homes.items():
            sandbox.add_account(email)
            account = sandbox.service_account(name)
            sandbox.delegate(email.partition("@")[2], SCOPES, client_id=account.client_id)
            key = provider.delegation.read_key(Secret(sandbox.key_file(account)))
            assert (key.id, key.name) == (account.client_id, account.email)
            offices[name] = Office(provider, wire, web, key.secret)
        for name, office in offices.items():
            for other, email in homes.items():
                if other == name:
                    assert (await office.verify(email)).account.email == email
                    continue
                with pytest.raises(NotDelegated):
                    await office.verify(email)
