"""The domains of an organization: nobody outside of them is ever asked for with its consent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce
from operator import or_

from tortoise.expressions import Q

from together.domain.addresses import email_key
from together.store.models import ProvedDomain

_DOMAIN = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}\Z")
NOBODY = Q(id__in=[])


class NotADomain(ValueError):  # noqa: N818  (an answer, not a fault)
    """The text is not the name of a domain."""


def checked_domain(text: str) -> str:
    """Give a domain as addresses are compared by it."""
    domain = email_key(text).removeprefix("@")
    if not _DOMAIN.match(domain):
        raise NotADomain(f"{text[:80]!a} is not a domain such as saltmarsh.example.org.")
    return domain


async def domains_of(organization_id: int) -> list[str]:
    """List what is proved, by name."""
    rows = await ProvedDomain.filter(organization_id=organization_id).order_by("domain")
    return [row.domain for row in rows]


def within(address: str, domains: Iterable[str]) -> bool:
    """Say whether an address is in one of the domains; a domain below one is another."""
    return email_key(address).rpartition("@")[2] in set(domains)


def addresses_in(domains: Iterable[str], *, column: str = "email_key") -> Q:
    """Say the same as a condition of a statement."""
    ends = [Q(**{f"{column}__endswith": f"@{domain}"}) for domain in domains]
    return reduce(or_, ends) if ends else NOBODY
