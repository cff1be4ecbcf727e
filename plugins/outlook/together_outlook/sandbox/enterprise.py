"""What an administrator sees of the app in their tenant, and does about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from together_outlook.sandbox import applications
from together_outlook.sandbox.pages import ROLE_WORDS, page
from together_outlook.sandbox.served import Desk, form
from together_outlook.sandbox.world import Tenant

PATH = "/_admin/enterpriseapps"


def routes(desk: Desk) -> list[Route]:
    enterprise = _Enterprise(desk)
    return [
        Route(PATH, enterprise.show, methods=["GET"]),
        Route(PATH, enterprise.change, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Enterprise:
    desk: Desk

    async def show(self, request: Request) -> Response:
        tenants = applications.work_tenants(self.desk.world)
        tid = request.query_params.get("tenant", "")
        if not tid and len(tenants) == 1:
            (tid,) = tenants
        if tid not in tenants:
            return _choice(tenants)
        return _tenant(tid, tenants[tid], self.desk.world.tenants.get(tid))

    async def change(self, request: Request) -> Response:
        tid, answers = request.query_params.get("tenant", ""), await form(request)
        if tid in self.desk.world.tenants:
            self._act(tid, answers.get("action"), answers.get("value", "").strip())
        where = f"{request.url.path}?tenant={quote(tid)}"
        return RedirectResponse(where, 303, headers={"Cache-Control": "no-store"})

    def _act(self, tid: str, action: str | None, value: str) -> None:
        """Do what a button says.  What is not there cannot be taken away, and nothing happens."""
        known, mailbox = self.desk.world.tenants[tid], value.casefold()
        if action == "remove":
            applications.withdraw(self.desk.world, tid)
        elif action == "revoke" and value in known.roles:
            known.roles.remove(value)
        elif action == "restrict" and mailbox and mailbox not in known.restricted:
            known.restricted.append(mailbox)
        elif action == "release" and mailbox in known.restricted:
            known.restricted.remove(mailbox)


def _choice(tenants: Mapping[str, str]) -> Response:
    lines = [
        f'<a class="who" href="?tenant={escape(tid)}">{escape(domain)}'
        "<small>as its administrator</small></a>"
        for tid, domain in tenants.items()
    ]
    nobody = "<p>No account of this sandbox is in an organization yet.</p>"
    return page("Choose an organization", "\n".join(lines) or nobody)


def _tenant(tid: str, domain: str, known: Tenant | None) -> Response:
    where = f"?tenant={escape(tid)}"
    if known is None or not known.consented:
        words = f"<p>Together is not among the applications of <b>{escape(domain)}</b>.</p>"
        return page("Enterprise applications", words)
    roles = [
        _line(where, role, ROLE_WORDS.get(role, role), "revoke", "Revoke") for role in known.roles
    ]
    policy = [
        _line(where, box, "Shut out by a policy", "release", "Allow") for box in known.restricted
    ]
    return page(
        "Enterprise applications: Together",
        f"""<p>What <b>{escape(domain)}</b> allows Together in every mailbox:</p>
{"".join(roles) or "<p>Nothing.</p>"}
{"".join(policy)}
<form class="app" method="post" action="{where}">
<label>Shut a mailbox out <input type="text" name="value" value=""></label>
<div class="buttons"><button name="action" value="restrict">Shut out</button></div></form>
<form class="app" method="post" action="{where}">
<div class="buttons"><button class="main" name="action" value="remove">Delete the application
</button></div></form>""",
    )


def _line(where: str, value: str, words: str, action: str, button: str) -> str:
    return f"""<form class="app" method="post" action="{where}">
<input type="hidden" name="value" value="{escape(value)}">
{escape(words)}<small>{escape(value)}</small>
<div class="buttons"><button name="action" value="{action}">{button}</button></div></form>
"""
