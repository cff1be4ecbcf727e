"""Every request to Google, and every answer of its stand-in, held to Google's documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx
import jwt

from together.testing.checking import Pairs, VendorChecker, grant_faults, parameter_faults
from together_google.delegation import AUDIENCE, DELEGATED, JWT_BEARER
from together_google.oauth import IDENTITY_SCOPES, SCOPES
from together_google.testing.discovery import Discovery, Method

ASKED = IDENTITY_SCOPES.union(*SCOPES.values())
DELEGATED_SCOPES = frozenset[str]().union(*DELEGATED.values())
AUTHORIZE = {
    "access_type": r"offline",
    "authuser": r".+",
    "client_id": r".+",
    "code_challenge": r"[A-Za-z0-9_-]{43}",
    "code_challenge_method": r"S256",
    "login_hint": r".+@.+",
    "prompt": r"(select_account )?consent",
    "redirect_uri": r"https?://.+",
    "response_type": r"code",
    "scope": r".+",
    "state": r".+",
}
OPTIONAL = {"authuser", "login_hint"}
FORMS = {
    "authorization_code": {"code", "code_verifier", "redirect_uri"},
    "refresh_token": {"refresh_token"},
}
ASSERTION = {"iss", "sub", "scope", "aud", "iat", "exp"}
HOUR = 3600


@dataclass(slots=True)
class Checker(VendorChecker[Method]):
    """Holds what is sent to Google, and what it answers, to Google's documents."""

    scopes_of: Callable[[str], frozenset[str] | None] = lambda token: ASKED
    discovery: Discovery = field(default_factory=Discovery.load)

    def sent(self, request: httpx.Request, content: bytes) -> Method | None:
        address = str(request.url).partition("?")[0]
        query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        if address == self.settings["AUTH_URL"]:
            self.note("authorize", authorize_faults(query))
        elif address == self.settings["TOKEN_URL"]:
            form = parse_qsl(content.decode(), keep_blank_values=True)
            self.note("token", _form_faults(request, form, query))
        elif address == self.settings["REVOKE_URL"]:
            names = [name for name, _ in parse_qsl(content.decode())]
            fine = request.method == "POST" and names == ["token"] and not query
            self.note("revoke", [] if fine else ["revoke takes a posted token"])
        elif address == self.settings["USERINFO_URL"]:
            fine = request.method == "GET" and not content and not query
            self.note("userinfo", [] if fine else ["userinfo is a GET with a token"])
            openid = frozenset({"openid"})
            self.faults += self.scope_faults(request, "userinfo", openid, asked=ASKED)
        elif address.startswith(self.settings["API_URL"] + "/"):
            raw = request.url.raw_path.decode().partition("?")[0]
            base = httpx.URL(self.settings["API_URL"]).path
            return self._api(request, raw.removeprefix(base + "/"), query, content)
        else:
            self.faults.append(f"nothing of Google is at {request.method} {address}")
        return None

    def reply_faults(self, call: Method, status: int, body: Any) -> Iterable[str]:
        if status >= 400:
            return error_faults(status, body)
        return self.discovery.answer_faults(call, body)

    def _api(
        self, request: httpx.Request, path: str, query: Pairs, content: bytes
    ) -> Method | None:
        method = self.discovery.find(request.method, path)
        if method is None:
            self.faults.append(f"no method of the API is {request.method} {path}")
            return None
        self.note(method.id, self.discovery.query_faults(method, query))
        try:
            body = json.loads(content) if content else None
        except (ValueError, RecursionError):
            self.faults.append(f"{method.id} is sent what is no JSON")
            return method
        self.faults += self.discovery.body_faults(method, body)
        enough = frozenset(method.about["scopes"])
        self.faults += self.scope_faults(request, method.id, enough, asked=ASKED)
        return method


def authorize_faults(query: Pairs) -> Iterator[str]:
    """Say what is wrong with the authorization address's parameters."""
    yield from parameter_faults("authorize", query, AUTHORIZE, optional=OPTIONAL)
    if extra := sorted({*dict(query).get("scope", "").split()} - ASKED):
        yield f"authorize asks for more than is used: {extra}"


def error_faults(status: int, body: Any) -> Iterator[str]:
    """Say where an error body differs from the shape that the vendor's page prints."""
    match body:
        case {
            "error": {
                "errors": [{"domain": str(), "reason": str(), "message": str() as first}, *_],
                "code": int() as code,
                "message": str() as message,
            }
        } if code == status and first == message:
            return
    yield f"{status} has no error body of Google's"


def assertion_faults(assertion: str) -> Iterator[str]:
    """Say what is wrong with the assertion of a service account that acts for a user."""
    try:
        header = jwt.get_unverified_header(assertion)
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        yield "the assertion is no JWT"
        return
    if header.keys() != {"alg", "typ", "kid"} or header["alg"] != "RS256":
        yield f"an assertion is signed with RS256 and names its key, not {sorted(header)}"
    if claims.keys() != ASSERTION:
        yield f"an assertion claims {sorted(ASSERTION)}, not {sorted(claims)}"
        return
    if claims["aud"] != AUDIENCE:
        yield "an assertion is for Google's own token address"
    lives = claims["iat"], claims["exp"]
    if not all(type(edge) is int for edge in lives) or not 0 < lives[1] - lives[0] <= HOUR:
        yield "an assertion lives for an hour at most"
    asked = str(claims["scope"]).split(" ")
    if extra := sorted({*asked} - DELEGATED_SCOPES):
        yield f"an assertion asks for more than is delegated: {extra}"


def _form_faults(request: httpx.Request, form: Pairs, query: Pairs) -> Iterator[str]:
    names, kind = [name for name, _ in form], dict(form).get("grant_type", "")
    if kind != JWT_BEARER:
        yield from grant_faults(request, form, query, FORMS)
        return
    if request.method != "POST" or query or sorted(names) != ["assertion", "grant_type"]:
        yield f"token with {kind} takes an assertion and nothing else, not {sorted(names)}"
    yield from assertion_faults(dict(form).get("assertion", ""))
