"""In the demo the stand-ins tell of changes, and what is stored follows."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from together.app import App
from together.cli.demonstration import Demo
from together.cli.folder import MARK, DemoFolder
from together.domain.spans import Span
from together.providers.values import EventDraft
from together.services.syncing.changes import Syncing
from together.store.models import BusyBlock, CalendarRow, CalendarSync, Integration, Watch


async def _watched(app: App) -> Syncing:
    """Let the worker watch whatever is to be watched."""
    assert app.worker._rounds is not None
    syncing = app.worker._rounds.syncing
    await syncing.arrange()
    while await syncing.run_once():
        await CalendarSync.filter(cursor=None).update(due_at=0)
    return syncing


@pytest.mark.parametrize("slug", ["google", "outlook"])
async def test_a_change_is_told_and_read(demo_folder: Path, slug: str) -> None:
    """An event that is made in a calendar is busy here within seconds, and nobody asked for it."""
    folder = DemoFolder(demo_folder)
    url = json.loads((demo_folder / MARK).read_text())["url"]
    app = Demo(folder, url).app()
    async with app.running():
        syncing = await _watched(app)
        integration = await Integration.filter(provider=slug).order_by("id").first()
        assert integration is not None
        assert integration.watched_until > app.services.clock()
        noon = datetime.now(UTC).replace(hour=3, minute=0, second=0, microsecond=0)
        span = Span(noon + timedelta(days=20), noon + timedelta(days=20, hours=1))
        await app._busy.known([integration], span, until=span.ends)
        calendar = await CalendarRow.get(integration_id=integration.id, receives=True)
        draft = EventDraft("d3" * 16, calendar.external_id, span, "Mentoring session")
        await CalendarSync.all().update(due_at=2**40)
        async with syncing._grants.open(integration, writing=True) as calendars:
            event = await calendars.create(draft)
        mine = CalendarSync.filter(integration_id=integration.id)
        async with asyncio.timeout(10):
            while not await mine.filter(due_at__lt=2**40).exists():  # noqa: ASYNC110  (it is told)
                await asyncio.sleep(0.05)
        await mine.update(due_at=0)
        assert await syncing.run_once() == 1
        blocks = await BusyBlock.filter(integration_id=integration.id, starts=span.starts)
        assert [(each.starts, each.ends) for each in blocks] == [(span.starts, span.ends)]
        watches = await Watch.filter(provider=slug).count()
        assert watches == await Integration.filter(provider=slug).count()
        async with syncing._grants.open(integration, writing=True) as calendars:
            await calendars.cancel(event)
