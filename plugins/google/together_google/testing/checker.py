"""Every request to Google, and every answer of its stand-in, held to Google's documents."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx
import jwt

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
CREDENTIALS = {"grant_type", "client_id", "client_secret"}
ASSERTION = {"iss", "sub", "scope", "aud", "iat", "exp"}
HOUR = 3600


@dataclass(slots=True)
class Checker:
    """Holds what is sent to Google, and what it answers, to Google's documents."""

    settings: Mapping[str, str]
    """The plugin's settings, which say where Google is."""
    scopes_of: Callable[[str], frozenset[str] | None] = lambda token: ASKED
    """Access token → the scopes it was granted, or None where it is no token."""
    discovery: Discovery = field(default_factory=Discovery.load)
    calls: list[str] = field(default_factory=list)
    """Ids of the methods called, in order."""
    faults: list[str] = field(default_factory=list)
    """What no document allows of what was sent."""
    answer_faults: list[str] = field(default_factory=list)
    """What no document allows of what was answered."""

    def sent(self, request: httpx.Request, content: bytes) -> Method | None:
        """Check a request; give the Calendar method it calls."""
        address = str(request.url).partition("?")[0]
        query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        if address == self.settings["AUTH_URL"]:
            self._note("authorize", authorize_faults(dict(query)))
        elif address == self.settings["TOKEN_URL"]:
            form = parse_qsl(content.decode(), keep_blank_values=True)
            self._note("token", _form_faults(request, form, query))
        elif address == self.settings["REVOKE_URL"]:
            names = [name for name, _ in parse_qsl(content.decode())]
            fine = request.method == "POST" and names == ["token"] and not query
            self._note("revoke", [] if fine else ["revoke takes a posted token"])
        elif address == self.settings["USERINFO_URL"]:
            fine = request.method == "GET" and not content and not query
            self._note("userinfo", [] if fine else ["userinfo is a GET with a token"])
            self.faults += self._scope_faults(request, "userinfo", frozenset({"openid"}))
        elif address.startswith(self.settings["API_URL"] + "/"):
            raw = request.url.raw_path.decode().partition("?")[0]
            base = httpx.URL(self.settings["API_URL"]).path
            return self._api(request, raw.removeprefix(base + "/"), query, content)
        else:
            self.faults.append(f"nothing of Google is at {request.method} {address}")
        return None

    def answered(self, method: Method, status: int, content: bytes) -> None:
        """Check what the stand-in answered to a method of the API."""
        try:
            body = json.loads(content) if content else None
        except ValueError:
            self.answer_faults.append(f"{method.id} answered what is no JSON")
            return
        if status >= 400:
            self.answer_faults += error_faults(status, body)
            return
        self.answer_faults += self.discovery.answer_faults(method, body)

    def _api(
        self, request: httpx.Request, path: str, query: list[tuple[str, str]], content: bytes
    ) -> Method | None:
        method = self.discovery.find(request.method, path)
        if method is None:
            self.faults.append(f"no method of the API is {request.method} {path}")
            return None
        self._note(method.id, self.discovery.query_faults(method, query))
        try:
            body = json.loads(content) if content else None
        except (ValueError, RecursionError):
            self.faults.append(f"{method.id} is sent what is no JSON")
            return method
        self.faults += self.discovery.body_faults(method, body)
        enough = frozenset(method.about["scopes"])
        self.faults += self._scope_faults(request, method.id, enough)
        return method

    def _scope_faults(
        self, request: httpx.Request, call: str, enough: frozenset[str]
    ) -> Iterator[str]:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer":
            yield f"{call} needs a bearer token"
            return
        granted = self.scopes_of(token)
        if granted is not None and not enough & granted:
            yield f"{call} needs one of {sorted(enough)}"
        if not enough & ASKED:
            yield f"{call} needs a scope that is never asked for"

    def _note(self, call: str, faults: Any) -> None:
        self.calls.append(call)
        self.faults += faults


class CheckedTransport(httpx.AsyncBaseTransport):
    """Carries requests on, and lets a `Checker` see them and their answers."""

    def __init__(self, inner: httpx.AsyncBaseTransport, checker: Checker) -> None:
        self._inner, self.checker = inner, checker

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        method = self.checker.sent(request, await request.aread())
        response = await self._inner.handle_async_request(request)
        if method is not None:
            self.checker.answered(method, response.status_code, await response.aread())
        return response


def authorize_faults(query: Mapping[str, str]) -> Iterator[str]:
    """Say what is wrong with the authorization address's parameters."""
    for name in sorted(AUTHORIZE.keys() - OPTIONAL - query.keys()):
        yield f"authorize needs {name}"
    for name, value in query.items():
        if name not in AUTHORIZE:
            yield f"authorize takes no {name}"
        elif not re.fullmatch(AUTHORIZE[name], value):
            yield f"authorize takes another {name} than {value!r}"
    if extra := sorted(set(query.get("scope", "").split()) - ASKED):
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


def _form_faults(
    request: httpx.Request, form: list[tuple[str, str]], query: list[tuple[str, str]]
) -> Iterator[str]:
    names, kind = [name for name, _ in form], dict(form).get("grant_type", "")
    if kind == JWT_BEARER:
        if request.method != "POST" or query or sorted(names) != ["assertion", "grant_type"]:
            yield f"token with {kind} takes an assertion and nothing else, not {sorted(names)}"
        yield from assertion_faults(dict(form).get("assertion", ""))
        return
    wanted = CREDENTIALS | FORMS.get(kind, set())
    if request.method != "POST" or query or kind not in FORMS:
        yield f"token takes a posted form with a grant it knows, not {kind!r}"
    elif sorted(names) != sorted(wanted):
        yield f"token with {kind} takes {sorted(wanted)}, not {sorted(names)}"
