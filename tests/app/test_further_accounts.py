"""The accounts that each stand-in has beside the demo's members: every way a consent can go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.app.site import COMPLETE, Site
from together.store.models import Integration

PRIVATE, GUARDED, WITHOUT = (
    "ada.lindqvist@example.com",
    "guest@northlight.example.com",
    "trainee@northlight.example.com",
)


async def _ends(site: Site, slug: str, account: str, decision: str = "allow") -> dict[str, Any]:
    ada, sandbox = site.world.ada, site.vendors[slug].sandbox
    sandbox.populate([])
    handle = await site.handle(ada, provider=slug, account=account, decision=decision)
    return (await site.ask(ada, COMPLETE, handle=handle))["completeCalendarConnection"]


async def test_a_private_account(both: Site, slug: str) -> None:
    """It connects, with a calendar that has something in it."""
    said = await _ends(both, slug, PRIVATE)
    assert said["calendarIntegration"]["account"] == PRIVATE
    assert said["calendarIntegration"]["state"] == "ACTIVE"
    sandbox = both.vendors[slug].sandbox
    assert len(sandbox.events(PRIVATE)) > 50
    if slug == "outlook":
        assert sandbox.world.people[PRIVATE].personal


@pytest.mark.parametrize(
    ("account", "decision", "code"),
    [
        (GUARDED, "blocked", "APPROVAL_REQUIRED"),
        (WITHOUT, "allow", "ACCOUNT_WITHOUT_CALENDAR"),
    ],
)
async def test_an_account_that_cannot_connect(
    both: Site, slug: str, account: str, decision: str, code: str
) -> None:
    """One needs its administrator, another has no calendar: said, and nothing is kept."""
    assert (await _ends(both, slug, account, decision))["code"] == code
    assert not await Integration.exists()


async def test_they_are_added_once(both: Site, slug: str) -> None:
    """A state of before gets them with the next start, and the start after changes nothing."""
    sandbox = both.vendors[slug].sandbox
    sandbox.add_account("ada@saltmarsh.example.org", name="Ada Lindqvist")
    sandbox.populate([])
    assert {PRIVATE, GUARDED, WITHOUT} < set(sandbox.world.people)
    kept = json.dumps(sandbox.dump())
    sandbox.load(json.loads(kept))
    sandbox.populate([])
    assert json.dumps(sandbox.dump()) == kept
