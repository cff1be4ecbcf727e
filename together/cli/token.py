"""``together token``, for the demo only."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import anyio

from together.cli.folder import DEFAULT, DemoFolder
from together.cli.stop import Stop
from together.domain.addresses import BadAddress, checked_email, email_key
from together.services.signing_in.issuer import HOURS
from together.store.database import Database
from together.store.models import Member, Organization


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say whom the token is for."""
    parser.add_argument("email", metavar="EMAIL", help="the address of a member of the demo")
    parser.add_argument("--organization", metavar="SLUG", help="where two have this address")
    parser.add_argument(
        "--folder", type=Path, default=DEFAULT, help="where the demo keeps its data"
    )


def run(arguments: argparse.Namespace, _settings: None) -> int:
    """Print a token, and nothing else, to standard output."""
    folder = DemoFolder(arguments.folder)
    with folder.told():
        return _run(folder, arguments.email, arguments.organization)


def _run(folder: DemoFolder, email: str, slug: str | None) -> int:
    if folder.url() is None or not folder.issuer_key.exists():
        raise Stop(
            f"There is no demo in {folder.path}, and tokens are made for the demo only. Run "
            "`together demo` first; elsewhere, members sign in at their organization's issuer."
        )
    organization = anyio.run(_organization, folder, email, slug)
    print(folder.issuer().token(email, organization=organization, now=int(time.time())))
    print(f"It signs in for {HOURS} hours.", file=sys.stderr)
    return 0


def _key(email: str) -> str:
    try:
        return email_key(checked_email(email))
    except BadAddress:
        return ""  # nobody has it


async def _organization(folder: DemoFolder, email: str, slug: str | None) -> str:
    database = await Database.open(folder.database)
    try:
        async with database.entered():
            members = await Member.filter(email_key=_key(email))
            homes = {member.organization_id for member in members}
            organizations = await Organization.filter(id__in=sorted(homes))
    finally:
        await database.close()
    chosen = sorted(one.slug for one in organizations if slug is None or one.slug == slug)
    if not chosen:
        where = f" in {slug[:63]!a}" if slug else ""
        raise Stop(f"Nobody{where} has the address {email[:80]!a}. `together demo` lists who has.")
    if len(chosen) > 1:
        raise Stop(
            f"{email[:80]!a} is in {' and '.join(chosen)}: say which with --organization SLUG."
        )
    return chosen[0]
