"""A consent belongs to whoever started it, walked through with Google over HTTP."""

from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl, urlsplit

from together_google.testing import walk_consent

from tests.app.site import BASE_URL, COMPLETE, START, Site
from together.store.models import Attempt, Integration, Job


async def test_a_consent_is_completed_by_whoever_started_it(site: Site) -> None:
    """Ada starts and Ben consents and completes: nothing is exchanged, neither is connected."""
    ada, ben = site.world.ada, site.world.ben
    handle = await site.handle(ada, account=ben.email)
    assert site.tap.sent == []  # the callback has exchanged nothing
    assert await _outcome(site, ben, handle) == "STARTED_BY_SOMEBODY_ELSE"
    assert await _outcome(site, ada, handle) == "CONSENT_NOT_FOUND"
    assert site.tap.sent == []
    assert (site.sandbox.world.access, site.sandbox.world.refresh) == ({}, {})
    assert await Integration.all().count() == 0
    assert await Job.all().count() == 0
    [attempt] = await Attempt.all()
    assert (attempt.state, attempt.code, attempt.verifier) == ("ENDED", None, "")
    for member in (ada, ben):
        assert (await site.connect(member))["calendarIntegration"]["account"] == member.email


async def test_somebody_of_another_organization_ends_it_as_well(site: Site) -> None:
    """A handle that reaches a member of another organization is of use to nobody any more."""
    handle = await site.handle(site.world.ada)
    assert await _outcome(site, site.world.mira, handle) == "STARTED_BY_SOMEBODY_ELSE"
    assert await _outcome(site, site.world.ada, handle) == "CONSENT_NOT_FOUND"
    assert site.tap.sent == []
    assert await Integration.all().count() == 0


async def test_a_return_address_gets_the_handle_and_nothing_else(site: Site) -> None:
    """Whatever the service says at the callback, the browser is sent on with a handle alone."""
    ada = site.world.ada
    for said in ("error=access_denied&error_description=canary", "code=c&scope=canary&authuser=0"):
        given = {"provider": "google", "returnTo": f"{BASE_URL}/connected"}
        started = (await site.ask(ada, START, input=given))["startCalendarConnection"]
        state = parse_qs(urlsplit(started["authorizationUrl"]).query)["state"][0]
        back = await site.web.get(f"/callback/google?state={state}&{said}")
        assert (back.status_code, back.content) == (303, b"")
        assert list(dict(parse_qsl(urlsplit(back.headers["location"]).query))) == ["handle"]
        assert "canary" not in str(back.headers)
        again = await site.web.get(f"/callback/google?state={state}&{said}")
        assert (again.status_code, "canary" in again.text) == (400, False)


async def test_an_answer_at_another_services_address_ends_the_flow(site: Site) -> None:
    """An answer that arrives under another slug, or names another issuer, is never exchanged."""
    ada = site.world.ada
    site.sandbox.add_account(ada.email, name=ada.name, zone=ada.zone)
    for moved in (
        lambda url: url.replace("/callback/google", "/callback/other"),
        lambda url: url + "&iss=https%3A%2F%2Faccounts.attacker.example",
    ):
        given = {"provider": "google", "returnTo": f"{BASE_URL}/connected"}
        started = (await site.ask(ada, START, input=given))["startCalendarConnection"]
        callback = await walk_consent(site.web, started["authorizationUrl"], account=ada.email)
        assert (await site.web.get(moved(callback))).status_code == 400
        assert (await site.web.get(callback)).status_code == 400
    assert site.tap.sent == []


async def _outcome(site: Site, member, handle: str) -> str:
    return (await site.ask(member, COMPLETE, handle=handle))["completeCalendarConnection"]["code"]
