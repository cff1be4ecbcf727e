"""``together migrate``."""

from __future__ import annotations

import argparse

import anyio

from together.settings import Settings
from together.store.migrate import migrate


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(_arguments: argparse.Namespace, settings: Settings) -> int:
    """Take every step that is lacking."""

    async def work() -> list[str]:
        return await migrate(settings.database, say=lambda step: print(f"{step} done", flush=True))

    taken = anyio.run(work)
    steps = "1 step" if len(taken) == 1 else f"{len(taken)} steps"
    print(f"The database is up to date ({steps} taken).")
    return 0
