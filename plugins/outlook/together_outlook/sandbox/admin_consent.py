"""The sandbox's admin-consent page: an administrator says yes or no for a whole tenant."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from together.testing.signing_in import back
from together_outlook.sandbox import applications, grants, pages, refusals, tenants
from together_outlook.sandbox.consent import check_address
from together_outlook.sandbox.refusals import OAuthError
from together_outlook.sandbox.served import Desk, form
from together_outlook.sandbox.world import Person

PATH = "/{tenant}/v2.0/adminconsent"


def routes(desk: Desk, redirect_uris: frozenset[str]) -> list[Route]:
    consent = _AdminConsent(desk, redirect_uris)
    return [
        Route(PATH, consent.ask, methods=["GET"]),
        Route(PATH, consent.decide, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _AdminConsent:
    desk: Desk
    redirect_uris: frozenset[str]

    async def ask(self, request: Request) -> Response:
        return self._answer(request, {})

    async def decide(self, request: Request) -> Response:
        return self._answer(request, await form(request))

    def _answer(self, request: Request, posted: Mapping[str, str]) -> Response:
        query, now = dict(request.query_params), self.desk.clock()
        applications.ensure_administrators(self.desk.world)
        try:
            tenant = self._check(request.path_params["tenant"], query)
        except OAuthError as error:
            return pages.refused(error, now=now)
        chosen = posted.get("account") or query.get("account") or ""
        person = self.desk.world.people.get(chosen.casefold())
        if person is None:
            return pages.chooser(query, self.desk.world.people.values())
        try:
            tenants.admit(tenant, person)
        except OAuthError as error:
            return pages.wrong_account(query, person, error, now=now)
        try:
            return self._decided(query, person, posted.get("decision", ""))
        except OAuthError as error:
            ids = {"trace": str(uuid.uuid4()), "correlation": str(uuid.uuid4())}
            words = error.description(now=now, **ids)
            return back(
                query,
                {"admin_consent": "True", "error": error.error, "error_description": words},
            )

    def _decided(self, query: Mapping[str, str], person: Person, decision: str) -> Response:
        """Give the page that this account sees, or what its owner did there."""
        world = self.desk.world
        if not person.admin:
            # How somebody comes back who is no administrator is a guess.
            if decision == "blocked":
                raise refusals.admin_needed(person.domain)
            return pages.approval(query, person)
        if decision == "cancel":
            words = "The resource owner or authorization server denied the request."
            raise OAuthError(400, "consent_required", 65004, words)
        if decision != "allow":
            return pages.admin_consent(query, person, world.app_roles)
        applications.allow(world, person.tid, world.app_roles)
        told = " ".join(grants.GRAPH + role for role in world.app_roles)
        return back(query, {"admin_consent": "True", "tenant": person.tid, "scope": told})

    def _check(self, name: str, query: Mapping[str, str]) -> str:
        """Refuse what must not lead to any page, and give the tenant that is meant."""
        tenant = tenants.known(self.desk.world, name)
        if tenant in ("common", "consumers"):
            raise refusals.no_tenant()
        client_id = query.get("client_id", "")
        if not client_id:
            raise refusals.missing_parameter("client_id")
        if client_id != self.desk.world.client_id:
            raise refusals.unknown_client(client_id, tenant)
        check_address(query.get("redirect_uri", ""), client_id, self.redirect_uris)
        # Microsoft takes permissions by name as well, which are then those of people.
        if query.get("scope") != applications.DEFAULT:
            raise refusals.no_default_scope(query.get("scope", ""))
        return tenant
