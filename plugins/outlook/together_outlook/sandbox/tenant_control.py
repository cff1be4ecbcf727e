"""Hands on what tenants allow the app itself, and who their administrators are, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from together.testing.switchboard import asked_of, wrong
from together_outlook.sandbox import applications, tenants
from together_outlook.sandbox.served import Desk
from together_outlook.sandbox.world import Tenant

KINDS = {"consented": bool, "disabled": bool, "roles": list, "restricted": list, "assigned": dict}


class _Trouble(Exception):  # noqa: N818
    """What is wrong with what was asked, in words."""


def routes(desk: Desk) -> list[Route]:
    control = _Control(desk)
    return [
        Route("/_control/tenants", control.show, methods=["GET"]),
        Route("/_control/tenants", control.change, methods=["POST"]),
        Route("/_control/application", control.application, methods=["POST"]),
        Route("/_control/account", control.account, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Control:
    desk: Desk

    async def show(self, request: Request) -> Response:
        world = self.desk.world
        applications.ensure_administrators(world)
        people = world.people.values()
        return JSONResponse(
            {
                "application": {"id": world.client_id, "roles": world.app_roles},
                "tenants": {
                    domain: {
                        "id": tid,
                        "administrators": [p.email for p in people if p.admin and p.tid == tid],
                        **asdict(world.tenants.get(tid, Tenant())),
                    }
                    for tid, domain in applications.work_tenants(world).items()
                },
            }
        )

    async def change(self, request: Request) -> Response:
        """Change what a tenant allows: ``{"tenant": "saltmarsh.example.org", "roles": […]}``.

        ``"consented": false`` takes the app out of it, and all else with it.
        """
        asked, world = await asked_of(request) or {}, self.desk.world
        tid = tenants.id_of(world, str(asked.pop("tenant", "")).casefold())
        if tid not in applications.work_tenants(world) or tid is None:
            return wrong("no such tenant")
        try:
            changed = {**asdict(world.tenants.get(tid, Tenant())), **_checked(asked)}
        except _Trouble as trouble:
            return wrong(str(trouble))
        if asked.get("consented") is True and "roles" not in asked:
            changed["roles"] = [*world.app_roles]
        if changed["consented"]:
            world.tenants[tid] = Tenant(**changed)
        else:
            applications.withdraw(world, tid)
        return await self.show(request)

    async def application(self, request: Request) -> Response:
        """Say with which application permissions the app is registered: ``{"roles": […]}``."""
        try:
            self.desk.world.app_roles = _checked(await asked_of(request) or {})["roles"]
        except (_Trouble, KeyError):
            return wrong(f"post a list of roles, of {', '.join(applications.ROLES)}")
        return await self.show(request)

    async def account(self, request: Request) -> Response:
        """Say of an account whether it is an administrator, and whether it has a mailbox.

        ``{"email": …, "admin": true, "mailbox": false}``
        """
        asked, world = await asked_of(request) or {}, self.desk.world
        person = world.people.get(str(asked.get("email")).casefold())
        changes = [asked.get(name) for name in ("admin", "mailbox")]
        if person is None or not all(change in (None, True, False) for change in changes):
            return wrong("no such account, or neither true nor false")
        admin, mailbox = changes
        if admin is not None and not person.personal:
            person.admin = bool(admin)
        if mailbox is not None:
            person.has_mailbox = bool(mailbox)
        if person.has_mailbox and world.default_book(person.email) is None:
            world.add_book(person.email, "Calendar", person.zone, default=True)
        return JSONResponse(asdict(person))


def _checked(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Check what is to be changed of a tenant, with addresses as they are kept."""
    for name, value in asked.items():
        if name not in KINDS or not isinstance(value, KINDS[name]):
            raise _Trouble(f"post any of {', '.join(KINDS)}, each of its own kind")
    found = {**asked}
    roles = [*found.get("roles", ()), *found.get("assigned", ())]
    if not all(role in applications.ROLES for role in roles):
        raise _Trouble(f"the roles are {', '.join(applications.ROLES)}")
    if "restricted" in found:
        found["restricted"] = [str(box).casefold() for box in found["restricted"]]
    if "assigned" in found:
        found["assigned"] = {
            role: [str(box).casefold() for box in boxes] if isinstance(boxes, list) else []
            for role, boxes in found["assigned"].items()
        }
    return found
