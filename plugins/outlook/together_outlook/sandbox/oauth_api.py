"""The sandbox's token endpoint, and the documents that clients find it by."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from together.testing.signing_in import client_of
from together_outlook.sandbox import applications, grants, keys, refusals, tenants
from together_outlook.sandbox.served import Desk

GRANT_TYPES = ("authorization_code", "client_credentials", "refresh_token")


def routes(desk: Desk) -> list[Route]:
    oauth = _OAuth(desk)
    found = "/{tenant}/v2.0/.well-known/openid-configuration"
    return [
        Route("/{tenant}/oauth2/v2.0/token", desk.oauth(oauth.token), methods=["POST"]),
        Route("/{tenant}/discovery/v2.0/keys", desk.oauth(oauth.keys), methods=["GET"]),
        Route(found, desk.oauth(oauth.configuration), methods=["GET"]),
    ]


@dataclass(frozen=True, slots=True)
class _OAuth:
    desk: Desk

    def token(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        world, now = self.desk.world, self.desk.clock()
        tenant, base = self._tenant(request), _base(request)
        client_id, client_secret = client_of(request, form)
        if not client_id:
            raise refusals.missing_parameter("client_id")
        if not form.get("grant_type"):
            raise refusals.missing_parameter("grant_type")
        if client_id != world.client_id:
            raise refusals.unknown_client(client_id, tenant)
        if form["grant_type"] not in GRANT_TYPES:
            raise refusals.wrong_grant_type(form["grant_type"])
        if not client_secret:
            raise refusals.missing_secret()
        if not hmac.compare_digest(client_secret.encode(), world.client_secret.encode()):
            raise refusals.wrong_secret(client_id)
        if self.desk.switches.secret_expired:
            raise refusals.expired_secret(client_id)
        if form["grant_type"] == "client_credentials":
            return applications.token(world, form, tenant, now=now)
        brings = "code" if form["grant_type"] == "authorization_code" else "refresh_token"
        if not form.get(brings):
            raise refusals.missing_parameter(brings)
        known = world.codes if brings == "code" else world.refresh
        if (grant := known.get(form[brings])) and (person := world.people.get(grant.email)):
            tenants.admit(tenant, person)
        if brings == "code":
            return grants.exchange(world, form, base=base, now=now)
        return grants.renew(world, form, base=base, now=now)

    def keys(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        self._tenant(request)
        return keys.published()

    def configuration(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        """Say where everything is; the issuer of the shared tenants is a pattern."""
        base, tenant = _base(request), self._tenant(request)
        here = f"{base}/{tenant}"
        known = tenants.id_of(self.desk.world, tenant) or "{tenantid}"
        return {
            "issuer": f"{base}/{known}/v2.0",
            "authorization_endpoint": here + "/oauth2/v2.0/authorize",
            "token_endpoint": here + "/oauth2/v2.0/token",
            "jwks_uri": here + "/discovery/v2.0/keys",
            "response_modes_supported": ["query"],
            "response_types_supported": ["code"],
            "scopes_supported": [*grants.IDENTITY, grants.OFFLINE],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
        }

    def _tenant(self, request: Request) -> str:
        return tenants.known(self.desk.world, request.path_params["tenant"])


def _base(request: Request) -> str:
    """Give the address this sandbox is mounted at, as whoever asks calls it."""
    here = request.url.replace(path=request.scope.get("root_path", ""), query="")
    return str(here).rstrip("/")
