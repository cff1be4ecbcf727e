"""What the memory service lets keys of an organization do for its members."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

DELEGATED = "delegated"
"""The kind of grant that a key asks for."""
SCOPES = ("freebusy", "events")
TOKEN_LIFE = 3600

Json = dict[str, Any]


class MemoryKeys:
    """Keys, and for which domains they may act.  A key acts for nobody until it is delegated to."""

    state: Json
    _now: Callable[[], float]
    restricted: set[str]
    """Mailboxes that a policy keeps from every key."""

    def add_key(self, name: str = "robot") -> str:
        """Make a key, and give the file that an administrator uploads."""
        key_id, secret = f"key-{len(self.state['keys']) + 1}", secrets.token_urlsafe(24)
        self.state["keys"][key_id] = {"name": name, "secret": secret, "domains": {}}
        return json.dumps({"type": "memory_key", "id": key_id, "name": name, "secret": secret})

    def delegate(
        self, domain: str, *, scopes: Iterable[str] = SCOPES, key_id: str = "key-1"
    ) -> None:
        """Let a key act for everybody of a domain, with these scopes; with none, not any more."""
        self.state["keys"][key_id]["domains"][domain] = [*scopes]
        self._end("key", key_id)

    def delete_key(self, key_id: str = "key-1") -> None:
        """Let a key be over."""
        del self.state["keys"][key_id]
        self._end("key", key_id)

    def _end(self, kind: str, name: str) -> None:
        """End the tokens that a key, or an organization's consent, was good for."""
        grants = self.state["grants"]
        self.state["grants"] = {k: g for k, g in grants.items() if g.get(kind) != name}

    def _act(self, form: Json) -> Response:
        key = self.state["keys"].get(form.get("key"))
        if key is None or form.get("secret") != key["secret"]:
            return no(401, "bad_key")
        allowed = key["domains"].get(form.get("mailbox", "").rpartition("@")[2], [])
        return self._let_in(form, allowed, key=form["key"])

    def _let_in(self, form: Json, allowed: Sequence[str], **by: str) -> Response:
        """Give a token for one mailbox, or say what is in the way."""
        mailbox, asked = form.get("mailbox", ""), form.get("scope", "").split()
        if not set(allowed) & set(asked):
            return no(403, "not_delegated")
        if missing := [scope for scope in asked if scope not in allowed]:
            return no(403, "scope_missing", " ".join(missing))
        if mailbox in self.restricted:
            return no(403, "restricted")
        if mailbox not in self.state["accounts"]:
            return no(400, "no_such_mailbox")
        access = secrets.token_urlsafe(24)
        self.state["grants"][access] = {
            "email": mailbox,
            "scopes": asked,
            "access": access,
            "expires": self._now() + TOKEN_LIFE,
            **by,
        }
        return JSONResponse(
            {
                "access_token": access,
                "expires_in": TOKEN_LIFE,
                "token_type": "Bearer",
                "scope": " ".join(asked),
            }
        )


def no(status: int, error: str, description: str = "") -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)
