"""The sandbox's authorization endpoint: who, what, and yes or no."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from together.testing.signing_in import back, challenged, may_return
from together_outlook.sandbox import grants, pages, refusals, tenants
from together_outlook.sandbox.refusals import OAuthError
from together_outlook.sandbox.served import Desk, form
from together_outlook.sandbox.world import Code, Person

PATH = "/{tenant}/oauth2/v2.0/authorize"
PROMPTS = ("", "login", "none", "consent", "select_account")


def routes(desk: Desk, redirect_uris: frozenset[str]) -> list[Route]:
    consent = _Consent(desk, redirect_uris)
    return [
        Route(PATH, consent.ask, methods=["GET"]),
        Route(PATH, consent.decide, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Consent:
    desk: Desk
    redirect_uris: frozenset[str]
    """What is registered; nothing registered allows any address."""

    async def ask(self, request: Request) -> Response:
        return self._answer(request, {})

    async def decide(self, request: Request) -> Response:
        return self._answer(request, await form(request))

    def _answer(self, request: Request, posted: Mapping[str, str]) -> Response:
        query, now = dict(request.query_params), self.desk.clock()
        try:
            tenant = tenants.known(self.desk.world, request.path_params["tenant"])
            self._check(tenant, query)
        except OAuthError as error:
            return pages.refused(error, now=now)
        # From here on the app is known, and hears of its mistakes itself.
        try:
            return self._signed_in(tenant, query, posted)
        except OAuthError as error:
            ids = {"trace": str(uuid.uuid4()), "correlation": str(uuid.uuid4())}
            told = {
                "error": error.error,
                "error_description": error.description(now=now, **ids),
                "error_uri": f"https://login.microsoftonline.com/error?code={error.number}",
            }
            return back(query, told)

    def _signed_in(
        self, tenant: str, query: Mapping[str, str], posted: Mapping[str, str]
    ) -> Response:
        scopes, prompt = _scopes(query), query.get("prompt", "")
        hint = "" if prompt == "select_account" else query.get("login_hint", "")
        chosen = posted.get("account") or query.get("account") or hint
        person = self.desk.world.people.get(chosen.casefold())
        if person is None:
            if prompt == "none":
                words = "Silent sign-in failed: nobody is signed in."
                raise OAuthError(400, "login_required", 50058, words)
            return pages.chooser(query, self.desk.world.people.values())
        try:
            tenants.admit(tenant, person)
        except OAuthError as error:
            return pages.wrong_account(query, person, error, now=self.desk.clock())
        return self._decided(query, person, scopes, posted.get("decision", ""))

    def _decided(
        self, query: Mapping[str, str], person: Person, scopes: list[str], decision: str
    ) -> Response:
        """Give the page that this account sees, or what its owner did there.

        An administrator's no outweighs a consent that the account gave before.
        """
        silent = query.get("prompt") == "none"
        if person.admin_approval or person.email in self.desk.switches.admin_blocked:
            if silent or decision == "blocked":
                raise refusals.admin_needed(person.domain)
            return pages.approval(query, person)
        if decision == "cancel":
            words = "User declined to consent to access the app."
            raise OAuthError(400, "access_denied", 65004, words)
        agreed = grants.agreed(self.desk.world, person)
        asked_again = query.get("prompt") == "consent"
        if decision == "allow" or (agreed.issuperset(scopes) and not asked_again):
            return back(query, self._allowed(query, person, scopes))
        if silent:
            words = refusals.not_consented(self.desk.world.client_id).words
            raise OAuthError(400, "interaction_required", 65001, words)
        return pages.consent(query, person, scopes)

    def _allowed(
        self, query: Mapping[str, str], person: Person, scopes: list[str]
    ) -> dict[str, str]:
        world, now = self.desk.world, self.desk.clock()
        grants.consent(world, person.email, scopes)
        code = Code(
            email=person.email,
            redirect_uri=query["redirect_uri"],
            challenge=query["code_challenge"],
            scopes=scopes,
            nonce=query.get("nonce", ""),
            expires_at=now + grants.CODE_LIFE,
        )
        return {
            "code": grants.new_code(world, code, now=now),
            "session_state": str(uuid.uuid4()),
        }

    def _check(self, tenant: str, query: Mapping[str, str]) -> None:
        """Refuse an app or an address that is not known, to which nothing must be sent."""
        client_id, redirect_uri = query.get("client_id", ""), query.get("redirect_uri", "")
        if not client_id:
            raise refusals.missing_parameter("client_id")
        if client_id != self.desk.world.client_id:
            raise refusals.unknown_client(client_id, tenant)
        check_address(redirect_uri, client_id, self.redirect_uris)


def check_address(redirect_uri: str, client_id: str, registered: frozenset[str]) -> None:
    """Refuse an address to go back to that is none, or that is not registered."""
    if not may_return(redirect_uri, registered):
        raise refusals.unregistered_address(redirect_uri, client_id)


def _scopes(query: Mapping[str, str]) -> list[str]:
    """Check the rest of the request.  PKCE is required, which is stricter than Microsoft."""
    if query.get("response_type") != "code":
        words = "The response_type is not supported; this app may ask for 'code' only."
        raise OAuthError(400, "unsupported_response_type", 700051, words)
    if query.get("response_mode", "query") != "query":
        words = "The response_mode is not supported here; it must be 'query'."
        raise OAuthError(400, "invalid_request", 70007, words)
    if query.get("prompt", "") not in PROMPTS:
        raise OAuthError(400, "invalid_request", 90023, "Unsupported 'prompt' value.")
    if not challenged(query):
        words = "A Code_Challenge with the method S256 is needed, of 43 characters."
        raise OAuthError(400, "invalid_request", 501491, words)
    return grants.scopes_asked(query.get("scope", ""))
