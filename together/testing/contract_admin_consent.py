"""The contract: an administrator's consent is a claim, and their sign-in is its proof."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from together.providers import (
    AdminApprovalRequired,
    CalendarProvider,
    Capability,
    ConsentDeclined,
    ConsentDelegation,
    Credential,
    Misconfigured,
    ProviderError,
    ProviderUnavailable,
    Sandbox,
    Secret,
    TenantClaim,
    WrongTenant,
    opener,
    pkce,
)
from together.testing.contract_fixtures import ADA, ContractFixtures, overridden
from together.testing.hands import REDIRECT_URI, now
from together.testing.wire import CANARY, Reply, Wire, drop, redirect, saying, with_canary

READ, BOTH = Capability.FREE_BUSY, Capability.FREE_BUSY | Capability.EVENTS
NONCE = "n0nce-of-this-one-sign-in"


@dataclass
class Administrator:
    """Somebody who may consent for an organization, in the hands of a provider."""

    provider: CalendarProvider
    sandbox: Sandbox
    web: httpx.AsyncClient
    email: str

    @property
    def delegation(self) -> ConsentDelegation:
        assert isinstance(self.provider.delegation, ConsentDelegation)
        return self.provider.delegation

    async def walked(self, url: str) -> dict[str, str]:
        """Walk a page as somebody who allows everything; give what comes to the callback."""
        location = await self.sandbox.allow(self.web, url, self.email)
        assert location.startswith(REDIRECT_URI), "the page does not lead to the callback"
        return dict(parse_qsl(urlsplit(location).query))

    async def consented(self) -> TenantClaim:
        url = self.delegation.consent_url(
            redirect_uri=REDIRECT_URI, state="st4te", capabilities=BOTH
        )
        answer = await self.walked(url)
        assert answer.pop("state") == "st4te"
        return self.delegation.read_consent(answer)

    async def signed_in(self, claim: TenantClaim) -> tuple[Secret, Secret]:
        """Sign in where the consent said; give the code, and its verifier."""
        verifier, challenge = pkce()
        url = self.delegation.sign_in_url(
            claim, redirect_uri=REDIRECT_URI, state="0ther", challenge=challenge, nonce=NONCE
        )
        answer = await self.walked(url)
        assert answer["state"] == "0ther"
        return Secret(answer["code"]), verifier

    async def proves(
        self,
        claim: TenantClaim,
        code: Secret,
        verifier: Secret,
        *,
        nonce: str = NONCE,
        http: httpx.AsyncClient | None = None,
    ) -> Credential:
        return await self.delegation.prove(
            http or self.web,
            claim,
            code=code,
            verifier=verifier,
            nonce=nonce,
            redirect_uri=REDIRECT_URI,
            now=now(),
        )


class AdminConsentContract(ContractFixtures):
    """Tests of a `ConsentDelegation` against the sandbox."""

    @pytest.fixture
    def administrator(self, sandbox: Sandbox) -> str:
        raise NotImplementedError(
            "give the address of an account that may consent for saltmarsh.example.org"
        )

    @pytest.fixture
    def elsewhere(self, sandbox: Sandbox) -> TenantClaim:
        raise NotImplementedError("give the claim of another organization of the sandbox")

    @pytest.fixture
    def chief(
        self,
        provider: CalendarProvider,
        sandbox: Sandbox,
        web: httpx.AsyncClient,
        administrator: str,
    ) -> Administrator:
        return Administrator(provider, sandbox, web, administrator)

    def test_the_contract_is_whole(self) -> None:
        """No test of the contract is overridden, unless it is marked xfail with a reason."""
        assert overridden(type(self), AdminConsentContract) == []

    async def test_a_consent_and_its_proof_open_a_mailbox(
        self, chief: Administrator, wire: Wire
    ) -> None:
        """Consent and sign-in lead to a credential that works, and is named for people."""
        claim = await chief.consented()
        credential = await chief.proves(claim, *await chief.signed_in(claim))
        assert (credential.id, credential.key_id) == (claim.tenant, None)
        assert credential.name
        verified = await chief.delegation.verify(
            chief.web,
            credential.secret,
            mailbox=ADA.email,
            capabilities=BOTH,
            now=now(),
            open=opener(chief.provider, wire, mailbox=ADA.email, capabilities=BOTH, now=now),
        )
        assert verified.capabilities == BOTH

    async def test_the_same_tenant_is_the_same_credential(self, chief: Administrator) -> None:
        """Consenting again names the same organization, whoever looks after it by then."""
        ids = []
        for _ in range(2):
            claim = await chief.consented()
            ids.append((await chief.proves(claim, *await chief.signed_in(claim))).id)
        assert ids[0] == ids[1]

    async def test_the_sign_in_is_asked_for_with_all_it_needs(
        self, chief: Administrator, elsewhere: TenantClaim
    ) -> None:
        """State, nonce and a challenge of S256 are in its address, and each parameter once."""
        _, challenge = pkce()
        url = chief.delegation.sign_in_url(
            elsewhere, redirect_uri=REDIRECT_URI, state="0ther", challenge=challenge, nonce=NONCE
        )
        query = parse_qsl(urlsplit(url).query)
        must = {
            "redirect_uri": REDIRECT_URI,
            "state": "0ther",
            "nonce": NONCE,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        assert len(query) == len(dict(query)), "a parameter is there twice"
        assert must.items() <= dict(query).items()

    @pytest.mark.parametrize("answer", [{}, {"code": "c0de"}, {"error": "never_seen"}])
    async def test_what_is_no_consent_claims_nothing(
        self, chief: Administrator, answer: Mapping[str, str]
    ) -> None:
        """An answer of another shape is the operator's to look at."""
        with pytest.raises(Misconfigured):
            chief.delegation.read_consent(answer)

    async def test_a_no_is_a_no(self, chief: Administrator) -> None:
        """Whoever declines has declined, also where the rest looks like a consent."""
        with pytest.raises((ConsentDeclined, AdminApprovalRequired)):
            chief.delegation.read_consent({"error": "access_denied", "tenant": "x"})

    @pytest.mark.parametrize("wrong", ["code", "verifier", "nonce", "used"])
    async def test_a_proof_belongs_to_its_sign_in(self, chief: Administrator, wrong: str) -> None:
        """Another code, verifier or nonce, and a code a second time, prove nothing."""
        claim = await chief.consented()
        code, verifier = await chief.signed_in(claim)
        if wrong == "used":
            await chief.proves(claim, code, verifier)
        other = Secret("made-up-" + "x" * 40)
        with pytest.raises(ConsentDeclined) as caught:
            await chief.proves(
                claim,
                other if wrong == "code" else code,
                other if wrong == "verifier" else verifier,
                nonce="another" if wrong == "nonce" else NONCE,
            )
        assert not isinstance(caught.value, WrongTenant)

    async def test_a_sign_in_proves_no_other_tenant(
        self, chief: Administrator, elsewhere: TenantClaim
    ) -> None:
        """What was made up of another organization is told apart, and gives no credential."""
        code, verifier = await chief.signed_in(await chief.consented())
        with pytest.raises(WrongTenant):
            await chief.proves(elsewhere, code, verifier)

    async def test_an_outage_is_nobodys_no(
        self, chief: Administrator, wire: Wire, elsewhere: TenantClaim
    ) -> None:
        """A lost connection and a broken service are waited for; nonsense is the operator's."""
        async with httpx.AsyncClient(transport=wire, trust_env=False) as http:
            for answer in (drop, Reply(503), Reply(502, {"error": "bad_gateway"})):
                wire.answer = answer
                with pytest.raises(ProviderUnavailable):
                    await chief.proves(elsewhere, Secret("c"), Secret("v" * 43), http=http)
            for nonsense in (saying("{}"), saying("<h1>It works!</h1>"), redirect):
                wire.answer = nonsense
                with pytest.raises(Misconfigured):
                    await chief.proves(elsewhere, Secret("c"), Secret("v" * 43), http=http)

    async def test_no_secret_is_said(
        self, chief: Administrator, wire: Wire, elsewhere: TenantClaim
    ) -> None:
        """Neither code nor verifier nor what the service said is in an error or a value."""
        claim = await chief.consented()
        code, verifier = await chief.signed_in(claim)
        credential = await chief.proves(claim, code, verifier)
        told = [repr(credential)]
        said = with_canary({"error": "x", "error_description": "x"})
        async with httpx.AsyncClient(transport=wire, trust_env=False) as http:
            for answer in (drop, Reply(400, said), Reply(401, said), saying(CANARY)):
                wire.answer = answer
                with pytest.raises(ProviderError) as caught:
                    await chief.proves(elsewhere, code, verifier, http=http)
                told.append("".join(traceback.format_exception(caught.value)))
        secrets = [code.reveal(), verifier.reveal(), credential.secret.reveal(), CANARY]
        assert not any(secret in text for text in told for secret in secrets)
