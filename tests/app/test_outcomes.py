"""Every way a consent can end, at each service: said, nothing lost, and a way on that works."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.app.site import BASE_URL, START, Site
from together.services.connections.offering import Offering
from together.services.signing_in.viewer import Viewer
from together.store.models import Attempt, Integration, Job, JobKind

COMPLETE = """mutation Complete($handle: String!) {
  completeCalendarConnection(input: { handle: $handle }) {
    __typename
    ... on CompleteCalendarConnectionPayload { calendarIntegration {
      state account provider { slug } } }
    ... on Problem { code message }
    ... on ConnectionProblem { nextSteps provider { slug label } }
    ... on ProviderDown { retryAfterSeconds }
  }
}"""
BEGIN = """mutation Start($input: StartCalendarConnectionInput!) {
  startCalendarConnection(input: $input) {
    __typename
    ... on StartCalendarConnectionPayload { authorizationUrl }
    ... on ConnectionProblem { code nextSteps provider { slug } }
  }
}"""
MINE = """{ viewer { calendarIntegration { state account standing nextSteps reason }
  todos { kind account reason provider { slug } } } }"""


async def _outcome(site: Site, member: Any, handle: str) -> dict[str, Any]:
    return (await site.ask(member, COMPLETE, handle=handle))["completeCalendarConnection"]


async def _refused(site: Site, slug: str, handle: str, code: str, *ways_on: str) -> None:
    """See an outcome that says where to go from here, and that nothing was kept."""
    before = await Integration.all().count()
    said = await _outcome(site, site.world.ada, handle)
    label = site.vendors[slug].label
    assert (said["code"], said["nextSteps"], said["provider"]) == (
        code,
        list(ways_on),
        {"slug": slug, "label": label},
    )
    assert await Integration.all().count() == before


async def _connects(site: Site, slug: str, account: str | None = None, **walk: Any) -> None:
    """Go on to a connection that stands."""
    ada = site.world.ada
    handle = await site.handle(ada, provider=slug, account=account, **walk)
    assert await _outcome(site, ada, handle) == {
        "__typename": "CompleteCalendarConnectionPayload",
        "calendarIntegration": {
            "state": "ACTIVE",
            "account": account or ada.email,
            "provider": {"slug": slug},
        },
    }


def _parameter(url: str, name: str) -> str:
    return parse_qs(urlsplit(url).query)[name][0]


async def _begun(site: Site, slug: str, **options: Any) -> dict[str, Any]:
    given = {"provider": slug, "returnTo": f"{BASE_URL}/connected", **options}
    return (await site.ask(site.world.ada, BEGIN, input=given))["startCalendarConnection"]


ANOTHER = {"chooseAccount": True}


async def test_granted(both: Site, slug: str) -> None:
    """A consent that is given ends in a connection."""
    await _connects(both, slug)


async def test_declined(both: Site, slug: str) -> None:
    """Saying no keeps nothing; signing in with another account forces the account chooser."""
    handle = await both.handle(both.world.ada, provider=slug, decision="cancel")
    await _refused(both, slug, handle, "CONSENT_DECLINED", "CHOOSE_ACCOUNT", "CONNECT")
    begun = await _begun(both, slug, **ANOTHER)
    assert "select_account" in _parameter(begun["authorizationUrl"], "prompt").split()
    await _connects(both, slug, "ada.private@example.com", options=ANOTHER)


async def test_approval_required(both: Site, slug: str) -> None:
    """An account whose administrator must approve first is told apart; another can be used."""
    ada = both.world.ada
    both.vendors[slug].sandbox.switches.admin_blocked = [ada.email]
    handle = await both.handle(ada, provider=slug, decision="blocked")
    await _refused(both, slug, handle, "APPROVAL_REQUIRED", "CHOOSE_ACCOUNT", "ASK_ADMINISTRATOR")
    await _connects(both, slug, "ada.private@example.com", options=ANOTHER)


async def test_a_scope_is_missing(both: Site, slug: str) -> None:
    """A consent that does not include free and busy times connects nothing and is given back."""
    ada = both.world.ada
    if slug == "google":
        handle = await both.handle(ada, provider=slug, untick=("calendar.freebusy",))
        await _refused(both, slug, handle, "SCOPE_MISSING", "CONNECT")
    else:  # Microsoft asks for all or nothing, so less can come only of a rule of the tenant's
        handle = await both.handle(ada, provider=slug)
        both.tap.after = _without_calendars
        await _refused(both, slug, handle, "SCOPE_MISSING", "CONNECT")
        both.tap.after = lambda request, response: response
    await _connects(both, slug)


def _without_calendars(request: Any, response: Any) -> Any:
    if request.url.path.endswith("/token"):
        body = response.json() | {"scope": "User.Read openid profile email"}
        return type(response)(response.status_code, json=body)
    return response


async def test_the_wrong_account_comes_back(both: Site, slug: str) -> None:
    """Reconnecting with another account replaces nothing; the same one brings it back."""
    ada = both.world.ada
    await _connects(both, slug)
    before = await Integration.get()
    both.vendors[slug].sandbox.revoke(ada.email)
    await _sweep(both)
    handle = await both.handle(ada, provider=slug, account="other@example.com", options=ANOTHER)
    await _refused(both, slug, handle, "WRONG_ACCOUNT", "RECONNECT", "DISCONNECT")
    mine = (await both.ask(ada, MINE))["viewer"]["calendarIntegration"]
    assert (mine["state"], mine["account"]) == ("NEEDS_RECONNECT", ada.email)
    await _connects(both, slug)
    assert (await Integration.get()).uid == before.uid


async def test_an_account_without_a_mailbox(both: Site, slug: str) -> None:
    """An account with no calendar is told so, and another one can be used."""
    ada = both.world.ada
    both.vendors[slug].sandbox.add_account(ada.email, name="Ada", has_calendar=False)
    handle = await both.handle(ada, provider=slug)
    ways_on = ("CHOOSE_ACCOUNT", "CHOOSE_PROVIDER")
    await _refused(both, slug, handle, "ACCOUNT_WITHOUT_CALENDAR", *ways_on)
    await _connects(both, slug, "ada.private@example.com", options=ANOTHER)


async def test_a_state_that_is_replayed_foreign_or_expired(both: Site, slug: str) -> None:
    """A state works once, at its own service's address, for ten minutes; a handle works once."""
    ada, other = both.world.ada, next(each for each in both.vendors if each != slug)
    started = await both.ask(
        ada, START, input={"provider": slug, "returnTo": f"{BASE_URL}/connected"}
    )
    url = started["startCalendarConnection"]["authorizationUrl"]
    state = _parameter(url, "state")
    assert (await both.web.get(f"/callback/{other}?state={state}&code=c")).status_code == 400
    assert (await both.web.get(f"/callback/{slug}?state={state}&code=c")).status_code == 400
    assert (await both.web.get(f"/callback/{slug}?state=made-up&code=c")).status_code == 400
    url = (await _begun(both, slug))["authorizationUrl"]
    await Attempt.all().update(expires_at=0)
    state = _parameter(url, "state")
    assert (await both.web.get(f"/callback/{slug}?state={state}&code=c")).status_code == 400
    handle = await both.handle(ada, provider=slug)
    assert (await _outcome(both, ada, handle))["__typename"] == "CompleteCalendarConnectionPayload"
    await _refused_without_provider(both, handle)


async def _refused_without_provider(site: Site, handle: str) -> None:
    said = await _outcome(site, site.world.ada, handle)
    assert (said["code"], said["nextSteps"], said["provider"]) == (
        "CONSENT_NOT_FOUND",
        ["CONNECT"],
        None,
    )


async def test_already_connected(both: Site, slug: str) -> None:
    """One calendar a member: another has to wait until the first is disconnected."""
    await _connects(both, slug)
    other = next(each for each in both.vendors if each != slug)
    for each in (slug, other):
        assert await _begun(both, each) == {
            "__typename": "AlreadyConnected",
            "code": "ALREADY_CONNECTED",
            "nextSteps": ["DISCONNECT"],
            "provider": {"slug": each},
        }
    await both.app.services.connecting.disconnect(Viewer.of(both.world.ada))
    await _connects(both, other)


async def test_managed_by_the_organization(both: Site, slug: str) -> None:
    """Where the organization looks after it, a consent begun before ends so, and none begins."""
    chiara = Viewer.of(both.world.chiara)
    handle = await both.handle(both.world.ada, provider=slug)
    offering: Offering = both.app.services.offering
    await offering.limit(chiara, providers=None, hidden=True)
    await _refused(both, slug, handle, "MANAGED_BY_ORGANIZATION")
    assert await _begun(both, slug) == {
        "__typename": "ManagedByOrganization",
        "code": "MANAGED_BY_ORGANIZATION",
        "nextSteps": [],
        "provider": {"slug": slug},
    }
    await offering.limit(chiara, providers=None, hidden=False)
    await _connects(both, slug)


async def test_a_service_that_is_not_offered(both: Site, slug: str) -> None:
    """One that is not installed, and one that an administrator left out, are unknown."""
    chiara = Viewer.of(both.world.chiara)
    other = next(each for each in both.vendors if each != slug)
    handle = await both.handle(both.world.ada, provider=slug)
    await both.app.services.offering.limit(chiara, providers=[other], hidden=False)
    for name, known in (("nowhere", None), (slug, {"slug": slug})):
        assert await _begun(both, name) == {
            "__typename": "ProviderUnknown",
            "code": "PROVIDER_UNKNOWN",
            "nextSteps": ["CHOOSE_PROVIDER"],
            "provider": known,
        }
    await _refused(both, slug, handle, "PROVIDER_UNKNOWN", "CHOOSE_PROVIDER")
    await _connects(both, other)


async def test_a_service_that_is_down(both: Site, slug: str) -> None:
    """While the service is down nothing is lost: the same handle connects once it is back."""
    ada, sandbox = both.world.ada, both.vendors[slug].sandbox
    handle = await both.handle(ada, provider=slug)
    sandbox.switches.set({"down": True, "retry_after": "7"})
    said = await _outcome(both, ada, handle)
    assert (said["code"], said["nextSteps"], said["retryAfterSeconds"]) == (
        "PROVIDER_DOWN",
        ["TRY_LATER"],
        7,
    )
    sandbox.switches.set({"down": False})
    assert (await _outcome(both, ada, handle))["calendarIntegration"]["state"] == "ACTIVE"


async def test_our_own_client_is_misconfigured(
    both: Site, slug: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The member reads that it is not available here, and the operator finds why in the log."""
    sandbox = both.vendors[slug].sandbox
    handle = await both.handle(both.world.ada, provider=slug)
    right, sandbox.world.client_secret = sandbox.world.client_secret, "another"
    with caplog.at_level(logging.ERROR):
        await _refused(both, slug, handle, "NOT_AVAILABLE_HERE", "CHOOSE_PROVIDER")
    assert [
        record.getMessage().split(" request=")[0]
        for record in caplog.records
        if record.levelno == logging.ERROR
    ] == [f"connecting {slug}: Misconfigured status=None code=invalid_client"]
    sandbox.world.client_secret = right
    await _connects(both, slug)


async def _sweep(site: Site) -> None:
    await Integration.all().update(read_at=None, tried_at=None)
    await site.app.worker._busy.sweep()


async def test_a_lost_grant_comes_back(both: Site, slug: str) -> None:
    """It makes one To-Do, counts at once, and reconnecting the same account clears it."""
    ada = both.world.ada
    await _connects(both, slug)
    both.vendors[slug].sandbox.revoke(ada.email)
    await _sweep(both)
    await _sweep(both)
    viewer = (await both.ask(ada, MINE))["viewer"]
    reason = viewer["calendarIntegration"]["reason"]
    assert reason.startswith("Access to the calendar has ended")
    assert viewer["calendarIntegration"] == {
        "state": "NEEDS_RECONNECT",
        "account": ada.email,
        "standing": "NOT_INTEGRATED",
        "nextSteps": ["RECONNECT", "DISCONNECT"],
        "reason": reason,
    }
    assert [todo for todo in viewer["todos"] if todo["kind"] == "RECONNECT_CALENDAR"] == [
        {
            "kind": "RECONNECT_CALENDAR",
            "account": ada.email,
            "reason": reason,
            "provider": {"slug": slug},
        }
    ]
    url = (await _begun(both, slug))["authorizationUrl"]
    assert _parameter(url, "login_hint") == ada.email
    await _connects(both, slug)
    viewer = (await both.ask(ada, MINE))["viewer"]
    assert [todo["kind"] for todo in viewer["todos"]] == ["BOOK_NEXT_SESSION"] * 2


async def test_an_outage_asks_nothing_of_anybody(both: Site, slug: str) -> None:
    """A service that is down, throttled or talks nonsense is unreadable, and heals by itself."""
    ada, sandbox = both.world.ada, both.vendors[slug].sandbox
    await _connects(both, slug)
    throttle = "rateLimitExceeded" if slug == "google" else "ApplicationThrottled"
    for trouble, calm in (
        ({"down": True}, {"down": False}),
        ({"throttled": throttle}, {"throttled": ""}),
        ({"nonsense": True}, {"nonsense": False}),
    ):
        both.app.worker._busy._resting.clear()
        sandbox.switches.set(trouble)
        await _sweep(both)
        viewer = (await both.ask(ada, MINE))["viewer"]
        assert (
            viewer["calendarIntegration"]["state"],
            viewer["calendarIntegration"]["standing"],
            [todo["kind"] for todo in viewer["todos"]],
        ) == ("ACTIVE", "UNREADABLE_NOW", ["BOOK_NEXT_SESSION"] * 2)
        sandbox.switches.set(calm)
        both.app.worker._busy._resting.clear()
        await _sweep(both)
        viewer = (await both.ask(ada, MINE))["viewer"]
        assert viewer["calendarIntegration"]["standing"] == "INTEGRATED"
    both.vendors[slug].checker.answer_faults.clear()  # nonsense is what the switch is for


async def test_disconnecting_gives_the_grant_back_where_that_exists(both: Site, slug: str) -> None:
    """Tokens and busy blocks go at once, also while the service is down; Google hears of it."""
    ada, sandbox = both.world.ada, both.vendors[slug].sandbox
    await _connects(both, slug)
    sandbox.switches.set({"down": True})
    await both.app.services.connecting.disconnect(Viewer.of(ada))
    assert await Integration.all().count() == 0
    revokes = [job.kind for job in await Job.all()]
    assert revokes == ([JobKind.REVOKE_GRANT] if slug == "google" else [])
    sandbox.switches.set({"down": False})
    await Job.all().update(due_at=0)
    await both.deliver()
    if slug == "google":
        assert sandbox.world.refresh == {}
    await _connects(both, slug)
