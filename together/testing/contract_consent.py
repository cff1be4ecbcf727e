"""The contract: how a consent is asked for, what it buys, and how it is renewed and ended."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from together.providers import (
    AuthorizationExpired,
    CalendarProvider,
    Capability,
    Ends,
    Misconfigured,
    Secret,
    origin,
    pkce,
)
from together.providers.contract import Sandbox
from together.providers.registry import NAME
from together.testing.contract_fixtures import ADA, ContractFixtures, Desk
from together.testing.hands import REDIRECT_URI, now


class ConsentContract(ContractFixtures):
    """Tests of `Provider.oauth` against the sandbox."""

    def test_slug_is_a_name_for_the_database(self, provider: CalendarProvider) -> None:
        """The slug is lowercase, and nothing in it needs escaping."""
        assert NAME.match(provider.slug)
        assert provider.label

    def test_origins_are_declared(self, provider: CalendarProvider) -> None:
        """The origins are written the way requests are compared with them."""
        assert provider.origins
        assert {origin(address) for address in provider.origins} == provider.origins

    def test_every_scope_buys_something(self, provider: CalendarProvider) -> None:
        """We ask people for nothing that no capability needs, and reading is one of them."""
        assert all(provider.oauth.scopes.values())
        assert Capability.FREE_BUSY in provider.oauth.scopes

    def test_a_consent_is_asked_for_with_pkce(self, provider: CalendarProvider) -> None:
        """The sign-in address carries what it must, and no scope we did not declare."""
        _, challenge = pkce()
        url = provider.oauth.url(redirect_uri=REDIRECT_URI, state="st4te", challenge=challenge)
        query = parse_qsl(urlsplit(url).query)
        asked = dict(query)
        assert len(query) == len(asked), "a parameter is there twice"
        must = {
            "response_type": "code",
            "client_id": provider.oauth.client_id,
            "redirect_uri": REDIRECT_URI,
            "state": "st4te",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "scope": " ".join(sorted(provider.oauth.asked)),
        }
        assert must.items() <= asked.items()
        assert "include_granted_scopes" not in asked

    def test_another_account_can_be_chosen(self, provider: CalendarProvider) -> None:
        """Whoever signed in with the wrong account gets the account chooser."""
        _, challenge = pkce()
        urls = [
            provider.oauth.url(
                redirect_uri=REDIRECT_URI,
                state="st4te",
                challenge=challenge,
                login_hint=ADA.email,
                choose_account=choose,
            )
            for choose in (False, True)
        ]
        assert provider.oauth.chooser
        assert provider.oauth.chooser.items() <= dict(parse_qsl(urlsplit(urls[1]).query)).items()
        assert ["login_hint" in url for url in urls] == [True, False]

    async def test_a_consent_buys_what_was_ticked(
        self, provider: CalendarProvider, sandbox: Sandbox, web: httpx.AsyncClient
    ) -> None:
        """The state comes back, and a consent to everything buys every capability."""
        signed_in = await self.sign_in(provider, sandbox, web)
        grant = await signed_in.grant()
        everything = Capability(0)
        for capability in provider.oauth.scopes:
            everything |= capability
        assert signed_in.answer["state"] == "st4te"
        assert provider.oauth.capabilities(grant.scopes) == everything
        assert grant.refresh_token, "without one the consent is over in an hour"
        assert now() < grant.expires_at <= now() + timedelta(hours=24)

    async def test_a_code_works_once(
        self, provider: CalendarProvider, sandbox: Sandbox, web: httpx.AsyncClient
    ) -> None:
        """A code that was used is refused."""
        signed_in = await self.sign_in(provider, sandbox, web)
        await signed_in.grant()
        with pytest.raises(AuthorizationExpired):
            await signed_in.grant()

    async def test_a_code_needs_its_verifier(
        self, provider: CalendarProvider, sandbox: Sandbox, web: httpx.AsyncClient
    ) -> None:
        """Whoever caught a code cannot use it."""
        signed_in = await self.sign_in(provider, sandbox, web)
        with pytest.raises(AuthorizationExpired):
            await signed_in.grant(verifier=pkce()[0])

    async def test_our_own_wrong_secret_is_not_the_persons_fault(self, desk: Desk) -> None:
        """A refused client is the operator's to repair; nobody is asked to reconnect."""
        wrong = replace(desk.provider.oauth, client_secret=Secret("wrong"))
        with pytest.raises(Misconfigured):
            await wrong.refresh(desk.web, desk.grant, now=now())

    async def test_the_account_is_the_same_every_time(self, desk: Desk) -> None:
        """The account is told by an id that a renewed token does not change."""
        before = await desk.calendars.whoami()
        desk.grant = await desk.provider.oauth.refresh(desk.web, desk.grant, now=now())
        assert await desk.calendars.whoami() == before
        assert before.id
        assert before.email.casefold() == ADA.email

    async def test_an_old_token_is_renewed_before_it_is_used(self, desk: Desk) -> None:
        """Any number of calls at once find the token too old, and it is renewed once."""
        desk.grant = replace(desk.grant, expires_at=now() + timedelta(seconds=60))
        await asyncio.gather(*(desk.calendars.whoami() for _ in range(5)))
        assert len(desk.renewals) == 1

    async def test_a_dead_token_is_renewed_once(self, desk: Desk) -> None:
        """A token that the service refuses is renewed, and the call goes through."""
        desk.grant = replace(desk.grant, access_token=Secret("dead"))
        assert (await desk.calendars.whoami()).email.casefold() == ADA.email
        assert len(desk.renewals) == 1

    async def test_a_renewal_keeps_what_it_is_not_sent(self, desk: Desk) -> None:
        """A renewed grant can be renewed again, and buys what it bought."""
        once = await desk.provider.oauth.refresh(desk.web, desk.grant, now=now())
        twice = await desk.provider.oauth.refresh(desk.web, once, now=now())
        assert twice.scopes == desk.grant.scopes
        assert twice.refresh_token

    async def test_where_a_consent_is_ended_is_said(self, desk: Desk) -> None:
        """People are told a page where they end their consent, and whether we can."""
        parting, account = desk.provider.parting, await desk.calendars.whoami()
        assert (parting.ends is Ends.NOTHING) == (desk.provider.oauth.revoke_url is None)
        assert parting.address(account.id).startswith("https://")

    async def test_revoking_ends_what_is_said(
        self, provider: CalendarProvider, sandbox: Sandbox, web: httpx.AsyncClient, desk: Desk
    ) -> None:
        """One consent revoked, another of the same account stands, unless they are said to end."""
        other = await (await self.sign_in(provider, sandbox, web)).grant()
        await provider.oauth.revoke(web, other)
        if provider.parting.ends is not Ends.ACCOUNT:
            assert await desk.calendars.list()
            return
        with pytest.raises(AuthorizationExpired):
            await desk.calendars.list()

    async def test_a_revoked_consent_is_over(self, desk: Desk) -> None:
        """After revoking, the next call asks the person to reconnect; revoking again is fine."""
        oauth = desk.provider.oauth
        if oauth.revoke_url is None:
            assert await oauth.revoke(desk.web, desk.grant) is None  # type: ignore[func-returns-value]
            return
        await oauth.revoke(desk.web, desk.grant)
        await oauth.revoke(desk.web, desk.grant)
        with pytest.raises(AuthorizationExpired):
            await desk.calendars.list()
