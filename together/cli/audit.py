"""``together audit``: what was done to an organization, and whether its log is unbroken."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

import anyio

from together.cli.audit_check import check_audit
from together.cli.stop import Stop
from together.services.organization.audit_log import Which, by_operator, chosen
from together.settings import Settings
from together.store.database import Database
from together.store.models import AuditEntry, Organization

USUAL = 50
MOST = 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose log, and how much of it."""
    parser.add_argument(
        "organization", metavar="ORGANIZATION", nargs="?", help="its name in addresses (slug)"
    )
    parser.add_argument(
        "--last", type=int, default=USUAL, metavar="N", help=f"how many lines ({USUAL})"
    )
    parser.add_argument("--action", help="only what was done by this name, such as match.created")
    parser.add_argument(
        "--check",
        action="store_true",
        help="say whether each line follows from the one before; of all organizations if none is "
        "named",
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """List the newest lines, the newest last, or check all of them."""
    if arguments.organization is None and not arguments.check:
        raise Stop("Say whose log is meant.", code=2)
    if not 1 <= arguments.last <= MOST:
        raise Stop(f"--last is a number from 1 to {MOST}.", code=2)
    lines, wrong = anyio.run(_run, settings, arguments)
    for line in lines:
        print(line)
    return 1 if wrong else 0


async def _run(settings: Settings, arguments: argparse.Namespace) -> tuple[list[str], bool]:
    slug = arguments.organization
    database = await Database.open(settings.database)
    try:
        async with database.entered():
            organization = None if slug is None else await Organization.get_or_none(slug=slug)
            if organization is None and slug is not None:
                raise Stop(f"There is no organization {slug[:63]!a}.")
            if arguments.check:
                found = await check_audit(slug)
                return [f"{what}: {how}" for what, how, _ in found], any(bad for *_, bad in found)
            assert organization is not None  # noqa: S101  (said above)
            newest = (
                await chosen(organization.id, Which(action=arguments.action))
                .order_by("-id")
                .limit(arguments.last)
            )
            return [_told(each) for each in reversed(newest)], False
    finally:
        await database.close()


def _told(line: AuditEntry) -> str:
    when = datetime.fromtimestamp(line.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    nobody = "operator" if by_operator(line) else "together"
    who = nobody if line.actor_id is None else f"member:{line.actor_id}"
    changed = [f"{line.before or '-'} -> {line.after or '-'}"] if line.before or line.after else []
    return "  ".join([when, who, line.action, line.subject, *changed])
