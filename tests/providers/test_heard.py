"""What a consent bought is understood in whatever names the service says it."""

from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from together.providers import Capability, Grant, OAuth, Secret

NOW = datetime(2031, 3, 3, 9, tzinfo=UTC)
OAUTH = OAuth(
    authorize_url="https://acme.example/authorize",
    token_url="https://acme.example/token",
    client_id="acme-client",
    client_secret=Secret("acme-secret"),
    scopes={
        Capability.FREE_BUSY: frozenset({"freebusy", "list"}),
        Capability.EVENTS: frozenset({"events"}),
    },
    heard={
        "https://acme.example/list": frozenset({"list"}),
        "everything": frozenset({"freebusy", "list", "events"}),
    },
)
GRANT = Grant(Secret("old"), Secret("refresh"), NOW, frozenset())


async def heard(oauth, came_back):
    """Give the scopes of a renewal that was answered with these."""
    body = {"access_token": "new", "expires_in": 3599, "scope": came_back}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=body))
    async with httpx.AsyncClient(transport=transport, trust_env=False) as http:
        return (await oauth.refresh(http, GRANT, now=NOW)).scopes


@pytest.mark.parametrize(
    ("came_back", "scopes"),
    [
        ("https://ACME.example/List freebusy", {"list", "freebusy"}),
        ("EVERYTHING", {"freebusy", "list", "events"}),
        ("List Events", set()),
        ("https://acme.example/events", set()),
        ("", set()),
    ],
)
async def test_scopes_are_heard_by_their_other_names(came_back, scopes):
    """A name that is declared means what it says in any case; every other is compared exactly."""
    assert await heard(OAUTH, came_back) == scopes


async def test_nothing_is_heard_that_was_not_asked_for():
    """A name that is declared cannot bring in a scope that nobody asked for."""
    wide = replace(OAUTH, heard={"everything": frozenset({"list", "admin"})})
    assert await heard(wide, "everything") == {"list"}


def test_a_name_that_could_not_be_heard_is_refused():
    """Names are compared in folded case, so one that is not would never fit."""
    with pytest.raises(ValueError, match="folded"):
        replace(OAUTH, heard={"Everything": frozenset({"list"})})
