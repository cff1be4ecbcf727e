"""``together domains``: the operator's word for whose a domain is."""

from __future__ import annotations

import argparse
import time

import anyio

from together.cli.stop import Stop
from together.services.organization import proving
from together.services.organization.proved import NotADomain, checked_domain, domains_of
from together.settings import Settings
from together.store.database import Database
from together.store.models import Organization


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which organization, and what to do."""
    parser.add_argument("organization", metavar="ORGANIZATION", help="its name in addresses (slug)")
    parser.add_argument(
        "action",
        nargs="?",
        choices=("list", "add", "remove"),
        default="list",
        help="add only what you know to be theirs: their administrators can then reach every "
        "calendar in it that the service lets them",
    )
    parser.add_argument("domains", nargs="*", metavar="DOMAIN", help="such as example.org")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Do it, and list what is proved afterwards."""
    try:
        domains = [checked_domain(each) for each in arguments.domains]
    except NotADomain as bad:
        raise Stop(str(bad), code=2) from None
    if (arguments.action == "list") == bool(domains):
        raise Stop("Say add or remove, and which domains.", code=2)
    for line in anyio.run(_run, settings, arguments.organization, arguments.action, domains):
        print(line)
    return 0


async def _run(settings: Settings, slug: str, action: str, domains: list[str]) -> list[str]:
    database = await Database.open(settings.database)
    try:
        async with database.entered():
            organization = await Organization.get_or_none(slug=slug)
            if organization is None:
                raise Stop(f"There is no organization {slug[:63]!a}.")
            change = {"add": proving.add, "remove": proving.remove}.get(action)
            if change is not None:
                await change(organization.id, domains, at=int(time.time()))
            return await domains_of(organization.id)
    finally:
        await database.close()
