"""The contract: an administrator's one consent opens each member's calendar, and no other."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from together.providers import (
    Access,
    AdminApprovalRequired,
    AuthorizationExpired,
    CalendarProvider,
    Calendars,
    Capability,
    Delegation,
    Grant,
    Misconfigured,
    NoMailbox,
    NotDelegated,
    ProviderError,
    ProviderUnavailable,
    Sandbox,
    SandboxPerson,
    Secret,
    Spans,
    StepKind,
    Verified,
    opener,
)
from together.providers.signing import signed_client
from together.testing.contract_fixtures import (
    ADA,
    ContractFixtures,
    Day,
    overridden,
    recorded,
)
from together.testing.hands import mounted, now
from together.testing.wire import CANARY, Reply, Wire, chain, drop, redirect, saying, with_canary

BEN = SandboxPerson("ben@saltmarsh.example.org", "Ben Okafor", "Africa/Lagos")
NOBODY = "nobody@saltmarsh.example.org"
READ, BOTH = Capability.FREE_BUSY, Capability.FREE_BUSY | Capability.EVENTS


@dataclass
class Office:
    """An organization's consent in the hands of a provider."""

    provider: CalendarProvider
    wire: Wire
    web: httpx.AsyncClient
    credential: Secret

    @property
    def delegation(self) -> Delegation:
        assert self.provider.delegation is not None, "the provider offers no delegation"
        return self.provider.delegation

    async def grant(self, mailbox: str, capabilities: Capability = BOTH) -> Grant:
        return await self.delegation.grant(
            self.web, self.credential, mailbox=mailbox, capabilities=capabilities, now=now()
        )

    async def verify(self, mailbox: str, capabilities: Capability = BOTH) -> Verified:
        return await self.delegation.verify(
            self.web,
            self.credential,
            mailbox=mailbox,
            capabilities=capabilities,
            now=now(),
            open=opener(
                self.provider, self.wire, mailbox=mailbox, capabilities=capabilities, now=now
            ),
        )

    def open(self, mailbox: str, capabilities: Capability = BOTH) -> Calendars:
        """Open one member's calendars; a token is made with the first request."""
        held: list[Grant] = []

        async def current() -> Grant:
            return held[-1] if held else await renew(None)

        async def renew(stale: Grant | None) -> Grant:
            held.append(await self.grant(mailbox, capabilities))
            return held[-1]

        http = signed_client(
            self.wire, origins=self.provider.origins, grant=current, renew=renew, now=now
        )
        return self.provider.open(Access(http=http, mailbox=mailbox, capabilities=capabilities))

    def with_grant(self, mailbox: str, grant: Grant) -> Calendars:
        """Open one member's calendars with this token, however often it is refused."""

        async def same(stale: Grant | None = None) -> Grant:
            return grant

        http = signed_client(
            self.wire, origins=self.provider.origins, grant=same, renew=same, now=now
        )
        return self.provider.open(Access(http=http, mailbox=mailbox, capabilities=BOTH))

    async def day(self, mailbox: str) -> Day:
        """Give a day of a member that has nothing in it yet."""
        calendars = self.open(mailbox)
        home = next(c.id for c in await calendars.list() if c.writable)
        midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
        for ahead in range(30, 60):
            day = Day(calendars, home, midnight + timedelta(days=ahead))
            if await day.busy() == Spans():
                return day
        raise AssertionError("the sandbox has no free day in the second month from now")


class DelegationContract(ContractFixtures):
    """Tests of `CalendarProvider.delegation` against the sandbox."""

    @pytest.fixture
    def credential(self, sandbox: Sandbox) -> Secret:
        raise NotImplementedError(
            "give the secret of an organization that delegated everything for saltmarsh.example.org"
        )

    @pytest.fixture
    def powerless(self, sandbox: Sandbox) -> Secret:
        raise NotImplementedError("give the secret of one to whom nobody has delegated anything")

    @pytest.fixture
    def wire(self, sandbox: Sandbox) -> Wire:
        sandbox.populate([ADA, BEN])
        return Wire(mounted(sandbox))

    @pytest.fixture
    async def office(
        self, provider: CalendarProvider, wire: Wire, credential: Secret
    ) -> AsyncIterator[Office]:
        async with httpx.AsyncClient(transport=wire, trust_env=False) as web:
            yield Office(provider, wire, web, credential)

    def test_the_contract_is_whole(self) -> None:
        """No test of the contract is overridden, unless it is marked xfail with a reason."""
        assert overridden(type(self), DelegationContract) == []

    def test_what_to_do_is_said(self, provider: CalendarProvider) -> None:
        """Every step has words for an administrator, and a page of the service is https."""
        assert provider.delegation is not None
        steps = provider.delegation.steps(capabilities=BOTH, id="the-id")
        assert steps
        assert all(step.title and step.words for step in steps)
        assert all((step.kind is StepKind.PASTE_VALUES) == bool(step.values) for step in steps)
        assert all(value.label and value.text for step in steps for value in step.values)
        for step in steps:
            url = urlsplit(step.url or "https://")
            assert url.scheme == "https" or url.hostname == "127.0.0.1"

    async def test_one_mailbox_is_verified(self, office: Office) -> None:
        """What works is said, and whose mailbox it is."""
        for capabilities in (READ, BOTH):
            verified = await office.verify(ADA.email, capabilities)
            assert verified.capabilities == capabilities
            assert verified.account.email.casefold() == ADA.email

    async def test_a_token_is_short_lived(self, office: Office) -> None:
        """There is no refresh token, and the end is known."""
        grant = await office.grant(ADA.email)
        assert grant.refresh_token is None
        assert now() < grant.expires_at <= now() + timedelta(hours=24)

    async def test_a_members_calendar_is_worked_with(self, office: Office) -> None:
        """An event is made, read, moved and taken away, as with a consent of the member's own."""
        day = await office.day(ADA.email)
        event = await day.calendars.create(day.draft(9, 10, guests=(BEN.email,)))
        assert await day.busy() == Spans([day.hours(9, 10)])
        moved = await day.calendars.update(event, day.draft(14, 15, guests=(BEN.email,)))
        assert await day.calendars.read(event) == moved
        await day.calendars.cancel(event)
        assert await day.busy() == Spans()

    async def test_two_mailboxes_do_not_mix(self, office: Office) -> None:
        """What is in one member's calendar is not in another's, whoever is opened first."""
        ada, ben = await office.day(ADA.email), await office.day(BEN.email)
        theirs = Day(ben.calendars, ben.home, ada.midnight)
        before = await theirs.busy()
        await ada.calendars.create(ada.draft(9, 10))
        assert await ada.busy() == Spans([ada.hours(9, 10)])
        assert await theirs.busy() == before
        accounts = [await day.calendars.whoami() for day in (ada, ben)]
        assert [account.email.casefold() for account in accounts] == [ADA.email, BEN.email]
        assert accounts[0].id != accounts[1].id

    async def test_reading_does_not_write(self, office: Office) -> None:
        """A token to read with makes no event."""
        day = await office.day(ADA.email)
        with pytest.raises(ProviderError):
            await office.open(ADA.email, READ).create(day.draft(9, 10))
        assert await day.busy() == Spans()

    async def test_an_unknown_mailbox_is_told_apart(self, office: Office) -> None:
        """Somebody who has no mailbox there is that, for everybody else goes on."""
        with pytest.raises(NoMailbox):
            await office.verify(NOBODY)
        with pytest.raises(NoMailbox):
            await office.open(NOBODY).list()
        assert (await office.open(ADA.email).whoami()).email.casefold() == ADA.email

    async def test_what_was_not_delegated_is_told_apart(
        self, office: Office, powerless: Secret
    ) -> None:
        """Until an administrator has acted, that is the answer."""
        office.credential = powerless
        with pytest.raises(NotDelegated):
            await office.verify(ADA.email)

    async def test_no_member_is_asked_to_act(self, office: Office, wire: Wire) -> None:
        """No answer of the service asks a member to reconnect or to find an administrator."""
        calendars = office.with_grant(ADA.email, await office.grant(ADA.email))
        personal = (AuthorizationExpired, AdminApprovalRequired)
        replies = [reply for kind, reply in recorded(self.refusals) if issubclass(kind, personal)]
        assert replies, "a recorded reply for AuthorizationExpired is needed"
        for reply in replies:
            wire.answer = reply
            with pytest.raises(ProviderError) as caught:
                await calendars.list()
            assert not isinstance(caught.value, personal)

    @pytest.mark.parametrize("ask", ["grant", "verify"])
    async def test_an_outage_is_nobodys_fault(self, office: Office, wire: Wire, ask: str) -> None:
        """A lost connection and a broken service are waited for."""
        for answer in (drop, Reply(503), Reply(502, {"error": "bad_gateway"})):
            wire.answer = answer
            with pytest.raises(ProviderUnavailable):
                await getattr(office, ask)(ADA.email)

    @pytest.mark.parametrize("page", ["<h1>It works!</h1>", "{}", "[]", "null", '{"error": 7}'])
    @pytest.mark.parametrize("ask", ["grant", "verify"])
    async def test_nonsense_is_the_operators(
        self, office: Office, wire: Wire, ask: str, page: str
    ) -> None:
        """An answer of another shape is no token."""
        for answer in (saying(page), redirect):
            wire.answer = answer
            with pytest.raises(Misconfigured):
                await getattr(office, ask)(ADA.email)

    async def test_no_secret_is_said(self, office: Office, wire: Wire, powerless: Secret) -> None:
        """Neither the key nor a token nor what the service said is in an error or a value."""
        grant = await office.grant(ADA.email)
        office.credential = powerless
        errors = []
        said = with_canary({"error": "x", "error_description": "x"})
        for answer in (None, drop, Reply(400, said), Reply(401, said), saying(CANARY)):
            wire.answer = answer
            with pytest.raises(ProviderError) as caught:
                await office.verify(ADA.email)
            errors.append(caught.value)
        held = [grant, powerless, vars(office.delegation), *errors]
        told = [repr(held), *("".join(traceback.format_exception(error)) for error in errors)]
        told += [repr(vars(each)) for error in errors for each in chain(error)]
        secrets = [powerless.reveal(), grant.access_token.reveal(), CANARY]
        assert not any(secret in text for text in told for secret in secrets)
