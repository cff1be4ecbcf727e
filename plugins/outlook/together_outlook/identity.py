"""Whose account it is: Microsoft's object ids are told apart by the tenant that they are in."""

from __future__ import annotations

import re
from typing import Any

from together.providers import shapes
from together.providers.errors import AuthorizationExpired, Misconfigured, NeedsTime, ProviderError
from together.providers.values import Account
from together_outlook.errors import NoCalendar
from together_outlook.graph import Graph

CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The one tenant of all personal accounts, which has this id everywhere."""

_OBJECT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_PERSONAL = re.compile(r"[0-9a-f]{16}\Z")


async def who_consented(graph: Graph) -> Account:
    """Ask for the account, and for the tenant it is in where its own id does not tell.

    An object id alone is unique among those of one tenant, and no more is promised of it.
    """
    query = {"$select": "id,mail,userPrincipalName"}
    me = await graph("GET", "/me", params=query)
    own_id = shapes.text(me, "id").casefold()
    address = shapes.maybe_text(me, "mail") or shapes.maybe_text(me, "userPrincipalName")
    if address is None or "@" not in address or "#EXT#" in address.upper():
        # A guest of another organization, whose mailbox is not in this one.
        raise NoCalendar(code="no_address")
    if _PERSONAL.match(own_id):
        return Account(id=f"{CONSUMERS}:{own_id}", email=address)
    if not _OBJECT.match(own_id):
        raise shapes.unexpected()
    return Account(id=f"{await _tenant(graph)}:{own_id}", email=address)


async def _tenant(graph: Graph) -> str:
    """Ask which tenant it is.  Where that is not told, nobody is known and nothing is connected.

    Nothing that is refused here is about a mailbox, so that no refusal is the person's affair.
    """
    try:
        told = await graph("GET", "/organization", params={"$select": "id"})
    except (AuthorizationExpired, NeedsTime):
        raise
    except ProviderError as error:
        raise Misconfigured(
            status=error.status, code=error.code, request_id=error.request_id
        ) from None
    found: list[Any] = shapes.field(told, "value", list)
    if len(found) != 1:
        raise shapes.unexpected()
    tenant = shapes.text(found[0], "id").casefold()
    if not _OBJECT.match(tenant) or tenant == CONSUMERS:
        raise shapes.unexpected()
    return tenant
