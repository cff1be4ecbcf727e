"""``together worker``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal

import anyio

from together.app import App
from together.cli.operations import operations_beside
from together.cli.ready import check_ready
from together.settings import Settings

NEEDS = ("PUBLIC_URL",)

_log = logging.getLogger(__name__)


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(_arguments: argparse.Namespace, settings: Settings) -> int:
    """Work until somebody ends it; what is under way is brought to its end."""
    anyio.run(check_ready, settings)
    anyio.run(_work, App.build(settings))
    return 0


async def _work(app: App) -> None:
    stop = asyncio.Event()
    # Heeded before there is any work: a signal between the two would cut it off.
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:

        async def heed() -> None:
            async for _ in signals:
                _log.info("worker ending")
                stop.set()
                return

        async with (
            app.running(),
            operations_beside(app, worker=True),
            anyio.create_task_group() as group,
        ):
            group.start_soon(heed)
            _log.info("worker started")
            await app.worker.run(stop)
            group.cancel_scope.cancel()
