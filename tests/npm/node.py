"""Runs a script of this folder with Node.js, where the packages it needs were fetched."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest

from tests.npm.fetch import BIN, FETCHED, OWN, here


async def run(script: str, *arguments: str, seconds: float = 60) -> list[Any]:
    """Run it and read what it prints: JSON, a value a line.  Without its packages: left out."""
    if not here():
        words = f"left out: {script} needs npm packages (python -m tests.npm.fetch)"
        if os.environ.get("TOGETHER_TEST_COMPLETE"):
            pytest.fail(words)
        pytest.skip(words)
    process = await asyncio.create_subprocess_exec(
        *(BIN / "node", OWN / script, FETCHED, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()
    return [json.loads(line) for line in out.decode().splitlines()]
