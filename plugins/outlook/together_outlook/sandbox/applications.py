"""What tenants allow the app itself, the tokens it gets there, and which mailboxes these reach."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from together_outlook.sandbox import grants, keys, refusals, tenants
from together_outlook.sandbox.world import Person, Tenant, Token, World

DEFAULT = grants.GRAPH + ".default"
ROLES = (
    "Calendars.ReadBasic.All",
    "Calendars.Read",
    "Calendars.ReadWrite",
    "MailboxSettings.Read",
    "User.Read.All",
)
"""Application permissions that may be given here; the plugin asks for less than this."""
READS_ALL = {"Calendars.ReadBasic.All": "Calendars.ReadBasic"}
"""Permissions that the same calls know by another name where they are a person's."""


def work_tenants(world: World) -> dict[str, str]:
    """List the organizations that accounts are in: tenant id → domain."""
    work = (person for person in world.people.values() if not person.personal)
    return {person.tid: person.domain for person in work}


def tenant(world: World, tid: str) -> Tenant:
    return world.tenants.setdefault(tid, Tenant())


def ensure_administrators(world: World) -> None:
    """Give each organization that has no administrator one, who has no mailbox."""
    served = {person.tid for person in world.people.values() if person.admin}
    for tid, domain in work_tenants(world).items():
        if tid not in served:
            person = world.add_person(
                f"admin@{domain}", "Administrator", "UTC", has_mailbox=False, admin=True
            )
            person.admin = True


def allow(world: World, tid: str, roles: Iterable[str]) -> None:
    """Put the app into a tenant, with these permissions for every mailbox."""
    known = tenant(world, tid)
    known.consented, known.roles = True, [*dict.fromkeys(roles)]


def withdraw(world: World, tid: str) -> None:
    """Take the app out of a tenant; its tokens end at once."""
    world.tenants.pop(tid, None)
    for key in [key for key, token in world.access.items() if token.tenant == tid]:
        del world.access[key]


def token(world: World, form: dict[str, str], where: str, *, now: int) -> dict[str, Any]:
    """Give the app a token of its own for a tenant, with all that it may do there."""
    scope = form.get("scope", "")
    if not scope:
        raise refusals.missing_parameter("scope")
    if not scope.endswith("/.default") or " " in scope:
        raise refusals.no_default_scope(scope)
    if scope != DEFAULT:
        raise refusals.unknown_resource(scope.removesuffix("/.default"), where)
    if where in tenants.SHARED:
        raise refusals.no_tenant()
    tid = tenants.id_of(world, where) or ""
    known = world.tenants.get(tid, Tenant())
    if not known.consented:
        raise refusals.unknown_client(world.client_id, where)
    if known.disabled:
        raise refusals.disabled(world.client_id)
    for key in [key for key, old in world.access.items() if old.expires_at <= now]:
        del world.access[key]
    claims = {
        "aud": grants.GRAPH.rstrip("/"),
        "iss": f"https://sts.windows.net/{tid}/",
        "appid": world.client_id,
        "idtyp": "app",
        "tid": tid,
        "iat": now,
        "exp": now + grants.LIFE,
        "uti": secrets.token_urlsafe(16),
    }
    access = keys.sign({**claims, "roles": known.roles} if known.roles else claims)
    world.access[access] = Token("", [*known.roles], now + grants.LIFE, now, tenant=tid)
    return {
        "token_type": "Bearer",
        "expires_in": grants.LIFE,
        "ext_expires_in": grants.LIFE,
        "access_token": access,
    }


def mailbox_of(world: World, tid: str, user: str) -> Person | None:
    """Find whom a path means, by id or address, among the people of the tenant."""
    people = (person for person in world.people.values() if person.tid == tid)
    return next((p for p in people if user.casefold() in (p.email, p.oid)), None)


def reach(world: World, tid: str, person: Person) -> frozenset[str]:
    """Say what the app may do in a mailbox.

    A policy limits what was consented to; what Exchange gives for single mailboxes comes on top.
    """
    known = world.tenants.get(tid, Tenant())
    everywhere = () if person.email in known.restricted else known.roles
    here = (role for role, boxes in known.assigned.items() if person.email in boxes)
    return frozenset(READS_ALL.get(role, role) for role in (*everywhere, *here))


def shut_out(world: World, tid: str, person: Person) -> bool:
    """Say whether a policy keeps the app from a mailbox that it could reach otherwise."""
    known = world.tenants.get(tid, Tenant())
    return person.email in known.restricted and bool(known.roles)
