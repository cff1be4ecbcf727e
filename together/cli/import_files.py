"""``together import``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import anyio

from together.cli.stop import Stop
from together.domain.programs import USUAL
from together.services.people.import_plan import Allowed
from together.services.people.importing import Imported, Importing, ImportRefused
from together.services.people.sheets import LARGEST, MATCHES, MEMBERS
from together.settings import Settings
from together.store.database import Database
from together.store.models import Role

FORMAT = f"""\
A file is CSV in UTF-8, separated by commas.  Its first line says what it holds.

Members, and what each cell is:

  {",".join(MEMBERS)}
  ada@saltmarsh.example.org,Ada Lindqvist,Europe/Stockholm,
  chiara@saltmarsh.example.org,Chiara Moretti,Europe/Rome,ORG_ADMIN

  email   whom the line is about; upper and lower case are one
  name    as others see it
  zone    an IANA time zone; empty leaves a member's as it is
  role    {", ".join(Role)}; empty leaves a member's as it is,
          and makes a new one a PARTICIPANT

Matches of two, each by an address that is in the organization or in a file:

  {",".join(MATCHES)}
  ada@saltmarsh.example.org,chiara@saltmarsh.example.org,Spring mentoring

  program what they are matched in, made where no program is called so; empty is
          {USUAL}

Everything is imported, or nothing.  The same again changes nothing more, and
nobody is removed: somebody who is in no file stays as they are.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Files, and what is allowed only where it is said."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = FORMAT
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="CSV of members or of matches, as below",
    )
    parser.add_argument(
        "--organization",
        required=True,
        metavar="SLUG",
        help="the organization's short name, as in TOGETHER_ISSUERS",
    )
    parser.add_argument("--create", metavar="NAME", help="make the organization if it is missing")
    parser.add_argument("--dry-run", action="store_true", help="say what would change, only")
    parser.add_argument(
        "--grant-roles", action="store_true", help="give the roles in the file, also higher ones"
    )
    parser.add_argument(
        "--reactivate", action="store_true", help="let deactivated members in again"
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Import everything or nothing."""
    files = [(str(path), _content(path)) for path in arguments.files]
    try:
        done = anyio.run(_import, arguments, settings, files)
    except ImportRefused as refused:
        for problem in refused.problems:
            print(problem, file=sys.stderr)
        count = len(refused.problems)
        raise Stop(
            f"Nothing was changed: {count} {'thing is' if count == 1 else 'things are'} wrong."
        ) from None
    would = "would be " if arguments.dry_run else ""
    print(
        f"Members: {done.created} {would}created, {done.changed} {would}changed, "
        f"{done.unchanged} unchanged. "
        f"Matches: {done.matched} {would}created, {done.matched_before} unchanged."
    )
    return 0


async def _import(
    arguments: argparse.Namespace, settings: Settings, files: list[tuple[str, bytes]]
) -> Imported:
    database = await Database.open(settings.database)
    try:
        async with database.entered():
            importing = Importing(
                clock=lambda: int(time.time()), say=lambda words: print(words, flush=True)
            )
            return await importing.run(
                arguments.organization,
                files,
                allowed=Allowed(
                    granting_roles=arguments.grant_roles, reactivating=arguments.reactivate
                ),
                named=arguments.create,
                rehearsing=arguments.dry_run,
            )
    finally:
        await database.close()


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise Stop(f"{path} cannot be read: {error.strerror}.") from None
