"""``together reseal``."""

from __future__ import annotations

import argparse
import sys

import anyio

from together.cli.ready import usable_keys
from together.cli.stop import Stop
from together.settings import Settings
from together.store.database import Database
from together.store.vault import CannotOpen, MasterKeyMissing, Vault


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(_arguments: argparse.Namespace, settings: Settings) -> int:
    """Seal every data key under the first key of the file; it may be interrupted and repeated."""
    keys = usable_keys(settings)
    try:
        changed = anyio.run(_reseal, Vault.of(keys), settings.database)
    except MasterKeyMissing as missing:
        raise Stop(
            f"A data key is sealed under the master key {missing.code or 'of another file'}, which "
            f"{settings.keys} does not hold. Put that key back as a further line, and run this "
            "again. All others are sealed under the new key."
        ) from None
    except CannotOpen:
        raise Stop(
            "A data key does not open: it was changed, or its master key is another with the same "
            "name. Restore the key file that belongs to this database. All others are done."
        ) from None
    print(f"Everything is sealed under {keys.current} ({changed} data keys were not).")
    return 0


async def _reseal(vault: Vault, url: str) -> int:
    def progress(done: int, total: int) -> None:
        if done % 100 == 0 or done == total:
            print(f"{done} of {total}", file=sys.stderr)

    database = await Database.open(url)
    try:
        async with database.entered():
            return await vault.reseal(progress=progress)
    finally:
        await database.close()
