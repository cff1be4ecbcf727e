"""A calendar that goes while it is found out whose calendars a session's event is written to."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import Any

import pytest

from tests.services.handovers import Handovers
from tests.world import World
from together.services.outbox import spreading


async def test_a_calendar_goes_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch):
    """A guest whose calendar goes while a copy for it is written down is invited by mail."""
    both = await Handovers.of(world, world.ben)
    booking = await both.book()
    others, going, outside = spreading._others, [], copy_context()

    async def crossed(*asked: Any, **said: Any) -> Any:
        found = await others(*asked, **said)
        if not going:
            going.append(asyncio.create_task(both.goes(world.ben), context=outside))
            await asyncio.wait(going, timeout=0.3)
        return found

    monkeypatch.setattr(spreading, "_others", crossed)
    await both.once()
    await asyncio.gather(*going)
    await both.deliver()
    await both.is_together_s(booking, "ada", "ben")
    await both.is_settled()
