"""The sandbox's token, revocation and userinfo endpoints."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from together.testing.signing_in import client_of
from together_google.delegation import JWT_BEARER
from together_google.oauth import EMAIL, OPENID
from together_google.sandbox import delegated, grants
from together_google.sandbox.refusals import OAuthError
from together_google.sandbox.served import Desk


def routes(desk: Desk) -> list[Route]:
    oauth = _OAuth(desk)
    return [
        Route("/token", desk.oauth(oauth.token), methods=["POST"]),
        Route("/revoke", desk.oauth(oauth.revoke), methods=["POST"]),
        Route("/v1/userinfo", desk.oauth(oauth.userinfo), methods=["GET", "POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _OAuth:
    desk: Desk

    def token(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        world, now = self.desk.world, self.desk.clock()
        if form.get("grant_type") == JWT_BEARER:
            delay = self.desk.switches.delegation_delay
            return delegated.token(world, form.get("assertion", ""), now=now, delay=delay)
        client_id, client_secret = client_of(request, form)
        if client_id != world.client_id:
            raise OAuthError(401, "invalid_client", "The OAuth client was not found.")
        if not hmac.compare_digest(client_secret.encode(), world.client_secret.encode()):
            raise OAuthError(401, "invalid_client", "Unauthorized")
        match form.get("grant_type"):
            case "authorization_code":
                return grants.exchange(world, form, now=now)
            case "refresh_token":
                return grants.renew(world, form, now=now)
        raise OAuthError(400, "unsupported_grant_type", "Invalid grant_type")

    def revoke(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        grants.revoke(self.desk.world, form.get("token") or request.query_params.get("token", ""))
        return {}

    def userinfo(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        token = self.desk.token(request)
        if token is None or OPENID not in token.scopes:
            raise OAuthError(401, "invalid_request", "Invalid Credentials")
        person = self.desk.world.people[token.email]
        if self.desk.switches.odd_answers:
            return {"sub": 7}
        told = {"email": person.email, "email_verified": True} if EMAIL in token.scopes else {}
        return {"sub": person.sub, **told}
