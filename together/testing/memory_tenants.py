"""What an organization lets the application of Together do at the memory service, as a whole.

No page has buttons: one GET of its address is an administrator's answer.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from together.testing.memory_keys import SCOPES, Json, MemoryKeys, no
from together.testing.signing_in import back


class MemoryTenants(MemoryKeys):
    """Organizations, named by their domain, and what each has consented to for everybody."""

    consent_error: str | None
    client: tuple[str, str]
    _redeemed: Callable[[Json], Json | None]
    administrator: str | None = None
    """Whoever comes to the consent page, and is at home in the organization that consents."""
    signs_in: str | None = None
    """Whoever signs in afterwards; the same where it is None."""

    def consent(self, tenant: str, *, scopes: Iterable[str] = SCOPES) -> None:
        """Let the application act for everybody there, with these scopes."""
        self.state["tenants"][tenant] = [*scopes]
        self._end("tenant", tenant)

    def withdraw(self, tenant: str) -> None:
        """Take the consent back, as an administrator can at the service."""
        del self.state["tenants"][tenant]
        self._end("tenant", tenant)

    async def _admin_consent(self, request: Request) -> Response:
        asked = request.query_params
        if self.consent_error or self.administrator is None:
            answer = {"error": self.consent_error or "no_administrator"}
        else:
            tenant = _home(self.administrator)
            self.consent(tenant)
            answer = {"tenant": tenant}
        return back(asked, answer)

    async def _sign_in(self, request: Request) -> Response:
        asked, code = request.query_params, secrets.token_urlsafe(16)
        self.state["codes"][code] = {
            "email": self.signs_in or self.administrator,
            "challenge": asked["code_challenge"],
            "redirect_uri": asked["redirect_uri"],
            "scopes": [],
            "nonce": asked["nonce"],
        }
        return back(asked, {"code": code})

    async def _tenant_token(self, request: Request) -> Response:
        """Say who signed in, to whom has the code; or let the application act for a member."""
        form = dict(parse_qsl((await request.body()).decode()))
        if (form.get("client_id"), form.get("client_secret")) != self.client:
            return no(401, "invalid_client")
        if form.get("grant_type") == "authorization_code":
            person = self._redeemed(form)
            if person is None:
                return no(400, "invalid_grant")
            told = {
                "tenant": _home(person["email"]),
                "administrator": person["email"] == self.administrator,
                "nonce": person["nonce"],
            }
            return JSONResponse(told)
        tenant, mailbox = form.get("tenant", ""), form.get("mailbox", "")
        allowed = self.state["tenants"].get(tenant, []) if _home(mailbox) == tenant else []
        return self._let_in(form, allowed, tenant=tenant)


def _home(email: str) -> str:
    return email.rpartition("@")[2]
