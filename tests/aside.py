"""Work that is done beside a loop which may be running."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor


def aside(work) -> None:
    """Run a coroutine to its end from a place where a loop may be running already."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
