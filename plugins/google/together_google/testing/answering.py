"""Answers of Google's that a test gives itself, where the stand-in would never give them."""

from __future__ import annotations

from typing import Any

import httpx

from together.testing.wire import Wire


def refusing(status: int, reason: str, message: str = "No.") -> httpx.Response:
    """Refuse as the Calendar API does."""
    line = {"domain": "global", "reason": reason, "message": message}
    body = {"error": {"errors": [line], "code": status, "message": message}}
    return httpx.Response(status, json=body)


def answering(wire: Wire, *answers: Any) -> None:
    """Let a wire give these answers one after the other, and the last one again and again.

    Tokens are renewed all the same, as is tried after a 401.
    """
    left = [*answers]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            token = {"access_token": "t", "expires_in": 3599, "token_type": "Bearer"}
            return httpx.Response(200, json=token)
        said = left.pop(0) if len(left) > 1 else left[0]
        return said if isinstance(said, httpx.Response) else httpx.Response(200, json=said)

    wire.answer = answer
