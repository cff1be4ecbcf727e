"""What an administrator does at Google: the Admin console's delegation, and service accounts.

Pages for people under ``/_admin``, and the same as JSON under ``/_control``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from together.testing.switchboard import asked_of, wrong
from together_google.sandbox import console_pages, delegated
from together_google.sandbox.served import Desk, form

ADMIN = "/_admin/domainwidedelegation"
ACCOUNTS = "/_admin/serviceaccounts"
_CLIENT = re.compile(r"[A-Za-z0-9@._-]{1,255}\Z")
_SCOPE = re.compile(r"(openid|email|https://[\x21-\x2b\x2d-\x7e]+)\Z")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,29}\Z")
_SEE_OTHER = 303


class _Trouble(Exception):  # noqa: N818
    """What is wrong with what was asked, in words for the page."""


def routes(desk: Desk) -> list[Route]:
    console = _Console(desk)
    return [
        Route(ADMIN, console.show, methods=["GET"]),
        Route(ADMIN, console.change, methods=["POST"]),
        Route(ACCOUNTS, console.accounts, methods=["GET"]),
        Route(ACCOUNTS, console.change_account, methods=["POST"]),
        Route(ACCOUNTS + "/{key_id}.json", console.download, methods=["GET"]),
        Route("/_control/delegation", console.told, methods=["GET"]),
        Route("/_control/delegation", console.set, methods=["POST"]),
        Route("/_control/service_accounts", console.set_account, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Console:
    desk: Desk

    async def show(self, request: Request) -> Response:
        domains = delegated.workspaces(self.desk.world)
        domain = request.query_params.get("domain", "")
        if not domain and len(domains) == 1:
            domain = domains[0]
        if domain not in domains:
            return console_pages.workspaces(domains)
        return self._delegation(domain)

    async def change(self, request: Request) -> Response:
        domain, answers = request.query_params.get("domain", ""), await form(request)
        if domain not in delegated.workspaces(self.desk.world):
            return await self.show(request)
        taken = answers.get("action") == "remove"
        try:
            scopes = [] if taken else _scopes(answers.get("scopes", ""))
            self._delegate(domain, answers.get("client_id", "").strip(), scopes)
        except _Trouble as trouble:
            return self._delegation(domain, str(trouble))
        return _again(request, f"?domain={quote(domain)}")

    async def accounts(self, request: Request) -> Response:
        return self._accounts(request)

    async def change_account(self, request: Request) -> Response:
        answers = await form(request)
        try:
            self._act(answers.get("action"), answers)
        except _Trouble as trouble:
            return self._accounts(request, str(trouble))
        return _again(request, "")

    async def download(self, request: Request) -> Response:
        key_id = request.path_params["key_id"]
        found = delegated.find_key(self.desk.world, key_id)
        if found is None or found[1].state == "deleted":
            return Response("There is no such key.", 404, media_type="text/plain")
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="sandbox-{key_id[:12]}.json"',
            "X-Content-Type-Options": "nosniff",
        }
        file = delegated.key_file(found[0], key_id)
        return Response(file, media_type="application/json", headers=headers)

    async def told(self, request: Request) -> Response:
        """Show who may act for whom, and the service accounts, without their private keys."""
        world = self.desk.world
        delegated.service_account(world)
        return JSONResponse(
            {
                "workspaces": {
                    domain: {
                        client_id: [*allowed.scopes]
                        for client_id, allowed in world.delegations.get(domain, {}).items()
                    }
                    for domain in delegated.workspaces(world)
                },
                "service_accounts": [
                    {
                        "email": account.email,
                        "client_id": account.client_id,
                        "disabled": account.disabled,
                        "keys": {key_id: key.state for key_id, key in account.keys.items()},
                    }
                    for account in world.service_accounts.values()
                ],
            }
        )

    async def set(self, request: Request) -> Response:
        """Delegate: ``{"domain": …, "client_id": …, "scopes": […]}``; no scopes take it back."""
        match await asked_of(request):
            case {"domain": str(domain), "client_id": str(client_id), "scopes": list(scopes)}:
                try:
                    self._delegate(domain, client_id, [str(scope) for scope in scopes])
                except _Trouble as trouble:
                    return wrong(str(trouble))
                return await self.told(request)
        return wrong("post a domain, a client_id, and a list of scopes")

    async def set_account(self, request: Request) -> Response:
        """Do what a button of the page does: ``{"action": "disabled", "key": …}``."""
        asked = await asked_of(request)
        if asked is None:
            return wrong("post a JSON object, with its content type")
        try:
            self._act(asked.get("action"), asked)
        except _Trouble as trouble:
            return wrong(str(trouble))
        return await self.told(request)

    def _delegate(self, domain: str, client_id: str, scopes: list[str]) -> None:
        if domain not in delegated.workspaces(self.desk.world):
            raise _Trouble("There is no such Workspace.")
        if not _CLIENT.match(client_id):
            raise _Trouble("Give the client's ID.")
        if not all(_SCOPE.match(scope) for scope in scopes):
            raise _Trouble("One of the OAuth scopes is not valid.")
        delegated.delegate(self.desk.world, domain, client_id, scopes, now=self.desk.clock())

    def _act(self, action: object, about: Any) -> None:
        world = self.desk.world
        if action in delegated.KEY_STATES:
            found = delegated.find_key(world, str(about.get("key")))
            if found is None or found[1].state == "deleted":
                raise _Trouble("There is no such key.")
            found[1].state = str(action)
            return
        if action == "create":
            name = str(about.get("name", "")).strip()
            known = {account.email.partition("@")[0] for account in world.service_accounts.values()}
            if not _NAME.match(name) or name in known:
                raise _Trouble("A name is lowercase letters, digits and “-”, and not taken.")
            delegated.new_account(world, name)
            return
        account = world.service_accounts.get(str(about.get("client_id")))
        if account is None or action not in ("enable", "disable", "add_key"):
            raise _Trouble("There is no such service account, or nothing of the kind can be done.")
        if action == "add_key":
            delegated.new_key(world, account)
            return
        account.disabled = action == "disable"

    def _delegation(self, domain: str, trouble: str = "") -> Response:
        clients = self.desk.world.delegations.get(domain, {})
        return console_pages.delegation(domain, clients, trouble)

    def _accounts(self, request: Request, trouble: str = "") -> Response:
        delegated.service_account(self.desk.world)
        known = self.desk.world.service_accounts.values()
        return console_pages.service_accounts(request.url.path, known, trouble)


def _scopes(text: str) -> list[str]:
    """Read what stands in the form, with commas between."""
    scopes = [scope.strip() for scope in text.split(",") if scope.strip()]
    if not scopes:
        raise _Trouble("Give the OAuth scopes, with commas between them.")
    return scopes


def _again(request: Request, query: str) -> Response:
    headers = {"Cache-Control": "no-store"}
    return RedirectResponse(request.url.path + query, _SEE_OTHER, headers=headers)
