"""What an organization's consent reaches: mailboxes, permissions, and what is in the way."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from together_outlook.oauth import READ, WRITE

from together.providers import (
    Capability,
    MailboxRestricted,
    Misconfigured,
    NoCalendarService,
    NoMailbox,
    NotDelegated,
    Refused,
    ScopesMissing,
    Span,
)
from together.testing.wire import Reply

ADA, BEN = "ada@saltmarsh.example.org", "ben@saltmarsh.example.org"
GRACE, MIRA = "grace@saltmarsh.example.org", "mira@northlight.example.com"
DOMAIN = "saltmarsh.example.org"
FREE_BUSY, EVENTS = Capability.FREE_BUSY, Capability.EVENTS
BOTH = FREE_BUSY | EVENTS
DENIED = Reply(403, {"error": {"code": "ErrorAccessDenied", "message": "Access is denied."}})


async def test_a_mailbox_is_called_by_its_address(office):
    """No call is made as somebody who signed in; each one names the mailbox."""
    await office.verify(ADA)
    called = [urlsplit(str(each.url)).path for each in office.wire.seen[1:]]
    assert len(called) == 3
    user = "/sandbox/v1.0/users/ada%40saltmarsh.example.org"
    assert called[:2] == [f"{user}/calendar", f"{user}/calendar/getSchedule"]
    assert called[2].startswith(f"{user}/events/AAMkA")


async def test_a_trial_changes_nothing(office, sandbox):
    """What can be written is found out without an event being made, changed or told of."""
    before = json.dumps(sandbox.world.dump()["books"])
    assert (await office.verify(ADA)).capabilities == BOTH
    assert json.dumps(sandbox.world.dump()["books"]) == before
    assert sandbox.world.mails == []


async def test_whose_mailbox_it_is_is_told_by_its_calendar(office, sandbox):
    """The id is its calendar's, and the address its owner's, whatever it was asked by."""
    verified = await office.verify(ADA.upper())
    home = sandbox.world.default_book(ADA)
    assert (verified.account.id, verified.account.email) == (home.id, ADA)


@pytest.mark.parametrize(
    ("roles", "capabilities", "missing", "works"),
    [
        ([], BOTH, {READ, WRITE}, Capability(0)),
        ([], FREE_BUSY, {READ}, Capability(0)),
        ([], EVENTS, {WRITE}, Capability(0)),
        ([READ], BOTH, {WRITE}, FREE_BUSY),
        ([READ], EVENTS, {WRITE}, Capability(0)),
        (["User.Read.All"], BOTH, {READ, WRITE}, Capability(0)),
    ],
)
async def test_missing_permissions_are_named(office, sandbox, roles, capabilities, missing, works):
    """They are found by trying, and what works already is said beside them."""
    sandbox.delegate(DOMAIN, roles)
    with pytest.raises(ScopesMissing) as caught:
        await office.verify(ADA, capabilities)
    assert (caught.value.missing, caught.value.capabilities) == (missing, works)
    assert (caught.value.status, caught.value.code) == (403, "ErrorAccessDenied")


@pytest.mark.parametrize("roles", [[WRITE], [READ, WRITE], [WRITE, "User.Read.All"]])
async def test_writing_includes_reading(office, sandbox, roles):
    """Whoever allows writing has allowed reading too."""
    sandbox.delegate(DOMAIN, roles)
    assert (await office.verify(ADA)).capabilities == BOTH


async def test_a_mailbox_that_a_policy_shuts_out_is_that_one(office, sandbox):
    """It is told apart from a permission that is missing, and the other mailboxes work."""
    sandbox.tenant(DOMAIN).restricted = [BEN]
    with pytest.raises(MailboxRestricted) as caught:
        await office.verify(BEN)
    assert type(caught.value) is MailboxRestricted
    with pytest.raises(MailboxRestricted):
        await office.open(BEN).list()
    assert (await office.verify(ADA)).capabilities == BOTH


async def test_exchange_can_give_single_mailboxes(office, sandbox):
    """Without any consent for all, what is assigned for some mailboxes works for these."""
    sandbox.delegate(DOMAIN, [])
    sandbox.tenant(DOMAIN).assigned = {READ: [ADA, BEN], WRITE: [ADA]}
    assert (await office.verify(ADA)).capabilities == BOTH
    with pytest.raises(ScopesMissing) as caught:
        await office.verify(BEN)
    assert (caught.value.missing, caught.value.capabilities) == ({WRITE}, FREE_BUSY)
    sandbox.add_account("farid@saltmarsh.example.org")
    # One word of Graph's for this and for a consent that is over: another mailbox tells.
    with pytest.raises(NotDelegated):
        await office.open("farid@saltmarsh.example.org").list()


async def test_what_both_give_adds_up(office, sandbox):
    """What Exchange gives for a mailbox is not limited by the policy for the rest."""
    sandbox.tenant(DOMAIN).restricted = [ADA]
    sandbox.tenant(DOMAIN).assigned = {READ: [ADA]}
    assert (await office.verify(ADA, FREE_BUSY)).capabilities == FREE_BUSY


async def test_a_denied_mailbox_with_a_consent_for_all_is_restricted(office):
    """Where the token shows the permission, a refusal without a reason is of the mailbox."""
    grant = await office.grant(ADA)
    token = {"token_type": "Bearer", "expires_in": 3599}
    token["access_token"] = grant.access_token.reveal()

    def answer(request):
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json=token)
        return DENIED(request)

    office.wire.answer = answer
    with pytest.raises(MailboxRestricted) as caught:
        await office.verify(ADA)
    assert type(caught.value) is MailboxRestricted
    token["access_token"] = "not-one-that-can-be-read"
    with pytest.raises(ScopesMissing):
        await office.verify(ADA)


async def test_one_calendar_that_is_denied_is_unread(office, sandbox):
    """The others are read; where all of them are denied, it is not about calendars."""
    tea = sandbox.world.add_book(BEN, "Ben's tea", "Africa/Lagos", readers={ADA: "read"}).id
    calendars = office.open(ADA, FREE_BUSY)
    [home] = [calendar.id for calendar in await calendars.list()]
    minute = Span.of(1_900_000_000, 1_900_000_060)
    reading = await calendars.busy([home, tea], minute)
    assert reading.unread == {tea: "ErrorAccessDenied"}
    sandbox.delegate(DOMAIN, [])
    with pytest.raises(NotDelegated) as caught:
        await calendars.busy([home, tea], minute)
    assert caught.value.code == "ErrorAccessDenied"


async def test_a_mailbox_without_exchange_is_told_apart(office, sandbox):
    """An account without a mailbox is not an account that is not there."""
    sandbox.add_account(GRACE, has_calendar=False)
    with pytest.raises(NoCalendarService):
        await office.verify(GRACE)
    with pytest.raises(NoMailbox) as caught:
        await office.verify(MIRA)
    assert not isinstance(caught.value, NoCalendarService)


async def test_a_mailbox_is_not_asked_too_much_at_once(office, sandbox):
    """However often it is open, by whatever case of its address, its calls take turns."""
    sandbox.switches.slow_seconds = 0.01
    opened = [office.open(address) for address in (ADA, ADA.upper(), ADA)]
    async with anyio.create_task_group() as tasks:
        for calendars in opened * 3:
            tasks.start_soon(calendars.list)
    assert [await calendars.list() for calendars in opened] == [await opened[0].list()] * 3


async def test_a_consent_that_was_taken_back_is_told(office, sandbox):
    """Both a new token and one that was given before are over, and nobody has to reconnect."""
    calendars = office.open(ADA)
    await calendars.whoami()
    sandbox.withdraw(DOMAIN)
    with pytest.raises(NotDelegated) as caught:
        await office.grant(ADA)
    assert caught.value.code == "unauthorized_client"
    with pytest.raises(NotDelegated):
        await calendars.list()


async def test_an_expired_secret_is_the_operators(office, sandbox):
    """No administrator of a customer can mend it."""
    sandbox.switches.secret_expired = True
    with pytest.raises(Misconfigured) as caught:
        await office.verify(ADA)
    assert caught.value.code == "invalid_client"


async def test_what_is_opened_to_read_sends_no_write(office):
    """The token could write; nothing that was opened with reading alone asks it to."""
    day = await office.day(ADA)
    event = await day.calendars.create(day.draft(9, 10))
    reader = office.open(ADA, FREE_BUSY)
    await reader.list()
    sent = len(office.wire.seen)
    for attempt in (
        reader.create(day.draft(11, 12, key="b2")),
        reader.update(event, day.draft(13, 14)),
        reader.cancel(event),
    ):
        with pytest.raises(Refused) as caught:
            await attempt
        assert caught.value.code == "opened_to_read"
    assert len(office.wire.seen) == sent
    assert await day.calendars.read(event) == event
