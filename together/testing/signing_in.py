"""What an authorization server of a stand-in does with a browser, a client and a token."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import unquote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
T = TypeVar("T")


def s256(verifier: str) -> str:
    """Give the challenge that a verifier answers."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def challenged(query: Mapping[str, str]) -> bool:
    """Say whether a request for authorization brings a challenge for PKCE with S256."""
    challenge = query.get("code_challenge", "")
    return query.get("code_challenge_method") == "S256" and bool(_CHALLENGE.match(challenge))


def may_return(redirect_uri: str, registered: frozenset[str]) -> bool:
    """Say whether a browser may be sent there; where nothing is registered, any address will do."""
    url = urlsplit(redirect_uri)
    if url.scheme not in ("http", "https") or not url.hostname or url.fragment:
        return False
    return not registered or redirect_uri in registered


def back(query: Mapping[str, str], answer: Mapping[str, str]) -> Response:
    """Send the browser back to the app, with its state as it was."""
    state = {"state": query["state"]} if "state" in query else {}
    joint = "&" if urlsplit(query["redirect_uri"]).query else "?"
    address = query["redirect_uri"] + joint + urlencode({**answer, **state})
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return RedirectResponse(address, 303, headers=headers)


def client_of(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    """Read a client's id and secret, by HTTP Basic or from the form."""
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind.casefold() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        name, _, secret = base64.b64decode(text).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote(name), unquote(secret)


def bearer(request: Request, tokens: Mapping[str, T], *, now: int) -> T | None:
    """Find the token that a request brings, unless it is over; it says so by `expires_at`."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    token: Any = tokens.get(key) if kind.casefold() == "bearer" else None
    found: T | None = token if token is not None and (token.expires_at or 0) > now else None
    return found
