"""The sandbox's authorization endpoint: who, what, and yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from together.testing.signing_in import back, challenged, may_return
from together_google.sandbox import grants, pages
from together_google.sandbox.served import Desk, form_pairs
from together_google.sandbox.world import Code, Person

PATH = "/o/oauth2/v2/auth"


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
        query = dict(request.query_params)
        if wrong := self._wrong(query):
            return pages.refused(*wrong)
        people = self.desk.world.people
        chosen = query.get("authuser", "")
        if not chosen and "select_account" not in query.get("prompt", "").split():
            chosen = query.get("login_hint", "")
        person = people.get(chosen.casefold())
        if person is None:
            return pages.chooser(query, people.values())
        if self._blocked(person):
            return pages.blocked(query, person)
        return pages.consent(query, person, _tickable(query))

    async def decide(self, request: Request) -> Response:
        query, posted = dict(request.query_params), await form_pairs(request)
        if wrong := self._wrong(query):
            return pages.refused(*wrong)
        answers = dict(posted)
        person = self.desk.world.people.get(answers.get("account", "").casefold())
        if person is None:
            return pages.chooser(query, self.desk.world.people.values())
        if self._blocked(person):
            if answers.get("decision") == "blocked":
                return back(query, {"error": "admin_policy_enforced"})
            return pages.blocked(query, person)
        match answers.get("decision"):
            case "allow":
                ticked = frozenset(value for name, value in posted if name == "scope")
                return back(query, self._allowed(query, person, ticked))
            case "cancel":
                return back(query, {"error": "access_denied"})
        return pages.consent(query, person, _tickable(query))

    def _blocked(self, person: Person) -> bool:
        return person.admin_blocked or person.email in self.desk.switches.admin_blocked

    def _allowed(
        self, query: Mapping[str, str], person: Person, ticked: frozenset[str]
    ) -> dict[str, str]:
        world = self.desk.world
        asked = query["scope"].split()
        scopes = [
            *dict.fromkeys(grants.IDENTITY[scope] for scope in asked if scope in grants.IDENTITY),
            *(scope for scope in _tickable(query) if scope in ticked),
        ]
        again = "consent" in query.get("prompt", "").split()
        first = person.email not in world.consented
        code = Code(
            email=person.email,
            redirect_uri=query["redirect_uri"],
            challenge=query["code_challenge"],
            scopes=scopes,
            offline=query.get("access_type") == "offline" and (again or first),
            expires_at=self.desk.clock() + grants.CODE_LIFE,
        )
        return {"code": grants.new_code(world, code), "scope": " ".join(scopes)}

    def _wrong(self, query: Mapping[str, str]) -> tuple[str, str] | None:
        """Check the request.  PKCE with S256 is required, which is stricter than Google."""
        if query.get("client_id") != self.desk.world.client_id:
            return "invalid_client", "The OAuth client was not found."
        if not may_return(query.get("redirect_uri", ""), self.redirect_uris):
            return "redirect_uri_mismatch", "The redirect address is not registered for this app."
        if query.get("response_type") != "code":
            return "unsupported_response_type", "response_type must be code."
        if not challenged(query):
            return "invalid_request", "A code_challenge with the method S256 is needed."
        asked = query.get("scope", "").split()
        if not asked or not grants.KNOWN.issuperset(asked):
            return "invalid_scope", "Some requested scopes were invalid."
        return None


def _tickable(query: Mapping[str, str]) -> list[str]:
    asked = dict.fromkeys(query["scope"].split())
    return [scope for scope in asked if scope not in grants.IDENTITY]
