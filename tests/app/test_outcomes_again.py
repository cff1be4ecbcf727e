"""How a consent ends half way, or for somebody who is connected, at each service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.app.site import Site
from tests.app.test_outcomes import (
    ANOTHER,
    _begun,
    _connects,
    _outcome,
    _parameter,
    _refused,
    _sweep,
)
from together.store.models import CalendarRow, Integration, Job

After = Callable[[httpx.Request, httpx.Response], httpx.Response]


def _beyond_the_exchange(path: str) -> After:
    """Let one address of the service be down, whatever becomes of the others."""

    def answer(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        return httpx.Response(503) if request.url.path.endswith(path) else response

    return answer


def _token(change: Callable[[dict[str, Any]], httpx.Response]) -> After:
    def answer(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        return change(response.json()) if request.url.path.endswith("/token") else response

    return answer


def _as_it_is(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    return response


async def _lost(site: Site, slug: str) -> None:
    """Connect, and lose the grant at the service."""
    await _connects(site, slug)
    site.vendors[slug].sandbox.revoke(site.world.ada.email)
    await _sweep(site)
    assert (await Integration.get()).state == "NEEDS_RECONNECT"


PATHS = {"google": ("/userinfo", "/calendarList"), "outlook": ("/me", "/calendars")}


@pytest.mark.parametrize("which", [0, 1], ids=["whose it is", "the list"])
async def test_a_service_that_fails_after_the_exchange(both: Site, slug: str, which: int) -> None:
    """The same handle connects once it is back, with the grant that came of its code."""
    ada = both.world.ada
    handle = await both.handle(ada, provider=slug)
    both.tap.after = _beyond_the_exchange(PATHS[slug][which])
    await _refused(both, slug, handle, "PROVIDER_DOWN", "TRY_LATER")
    both.tap.after = _as_it_is
    said = await _outcome(both, ada, handle)
    assert said["calendarIntegration"]["state"] == "ACTIVE"
    assert len([each for each in both.tap.sent if each.endswith("/token")]) == 1
    assert await Job.all().count() == 0


async def test_a_wait_that_outlasts_the_handle(both: Site, slug: str) -> None:
    """Who is to wait for ten minutes starts again, for no handle lives that long."""
    handle = await both.handle(both.world.ada, provider=slug)
    both.vendors[slug].sandbox.switches.set({"down": True, "retry_after": "600"})
    await _refused(both, slug, handle, "PROVIDER_DOWN", "CONNECT")
    both.vendors[slug].sandbox.switches.set({"down": False})
    await _connects(both, slug)


async def test_a_consent_page_that_is_down(both: Site, slug: str) -> None:
    """It sends no code, so there is nothing that could be sent again."""
    url = (await _begun(both, slug))["authorizationUrl"]
    said = {"state": _parameter(url, "state"), "error": "temporarily_unavailable"}
    back = await both.web.get(f"/callback/{slug}", params=said)
    handle = _parameter(back.headers["location"], "handle")
    await _refused(both, slug, handle, "PROVIDER_DOWN", "CONNECT")
    await _connects(both, slug)


async def test_a_consent_that_does_not_last(both: Site, slug: str) -> None:
    """A grant without a refresh token would be lost within the hour, and is refused."""
    handle = await both.handle(both.world.ada, provider=slug)
    both.tap.after = _token(
        lambda body: httpx.Response(
            200, json={name: value for name, value in body.items() if name != "refresh_token"}
        )
    )
    await _refused(both, slug, handle, "SCOPE_MISSING", "CONNECT")
    both.tap.after = _as_it_is
    await _connects(both, slug)


async def test_nobody_consented_says_the_token_endpoint(both: Site, slug: str) -> None:
    """At Microsoft an administrator has to approve first; elsewhere the number means nothing."""
    handle = await both.handle(both.world.ada, provider=slug)
    said = {"error": "invalid_grant", "error_description": "AADSTS65001: not consented to."}
    both.tap.after = _token(lambda body: httpx.Response(400, json=said))
    if slug == "outlook":
        ways_on = ("CHOOSE_ACCOUNT", "ASK_ADMINISTRATOR")
        await _refused(both, slug, handle, "APPROVAL_REQUIRED", *ways_on)
    else:
        await _refused(both, slug, handle, "CONSENT_NOT_FOUND", "CONNECT")
    both.tap.after = _as_it_is
    await _connects(both, slug)


async def test_a_name_with_control_characters(both: Site, slug: str) -> None:
    """Whoever names a calendar as they like keeps nobody from connecting."""

    def named(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if not request.url.path.endswith(PATHS[slug][1]):
            return response
        body = response.json()
        for entry in body["items" if slug == "google" else "value"]:
            entry["summary" if slug == "google" else "name"] = "Team\tplans\x07"
        return httpx.Response(200, json=body)

    both.tap.after = named
    await _connects(both, slug)
    assert (await CalendarRow.get()).name == "Team plans"


# Reconnecting


async def test_approval_is_missing_now(both: Site, slug: str) -> None:
    """Another account could not be connected, so none is offered."""
    await _lost(both, slug)
    switches = both.vendors[slug].sandbox.switches
    switches.admin_blocked = [both.world.ada.email]
    handle = await both.handle(both.world.ada, provider=slug, decision="blocked")
    ways_on = ("ASK_ADMINISTRATOR", "RECONNECT", "DISCONNECT")
    await _refused(both, slug, handle, "APPROVAL_REQUIRED", *ways_on)
    switches.admin_blocked = []
    await _connects(both, slug)


async def test_another_account_that_has_no_mailbox(both: Site, slug: str) -> None:
    """It is told that it is another one, which is what its member can mend."""
    await _lost(both, slug)
    other = "other@example.com"
    both.vendors[slug].sandbox.add_account(other, name="Ada", has_calendar=False)
    handle = await both.handle(both.world.ada, provider=slug, account=other, options=ANOTHER)
    await _refused(both, slug, handle, "WRONG_ACCOUNT", "RECONNECT", "DISCONNECT")
    await _connects(both, slug)


async def test_our_own_client_is_misconfigured_now(both: Site, slug: str) -> None:
    """No other service can be used while one stands, so none is offered."""
    await _lost(both, slug)
    world = both.vendors[slug].sandbox.world
    handle = await both.handle(both.world.ada, provider=slug)
    right, world.client_secret = world.client_secret, "another"
    await _refused(both, slug, handle, "NOT_AVAILABLE_HERE", "RECONNECT", "DISCONNECT")
    world.client_secret = right
    await _connects(both, slug)
