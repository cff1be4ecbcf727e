"""Whose account it is, and what disconnecting says of it, at each service."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.site import COMPLETE, Site
from together.store.models import Integration

FIRST = """{ viewer { calendarIntegration { id disconnecting { note ends consentsUrl } } } }"""
DISCONNECT = """mutation D($id: ID!) { disconnectCalendar(input: { calendarIntegrationId: $id }) {
  ... on DisconnectCalendarPayload { disconnecting { note ends consentsUrl } } } }"""
_ELSEWHERE = (
    " While the same account is connected in another organization here, nothing is ended there."
)
_HERE = (
    " What is kept here of the calendar is deleted. Sessions ahead that stand in it are organized "
    "by Together from then on: their events are taken away there and from the calendars of their "
    "guests, everybody is invited by mail, and a video link that came with such an event ends."
)
GOOGLE = {
    "note": "Google Calendar ends everything that this account has allowed Together, and not this "
    "connection alone." + _ELSEWHERE + _HERE,
    "ends": "ACCOUNT",
    "consentsUrl": "https://myaccount.google.com/connections",
}
OUTLOOK = {
    "note": "Outlook Calendar cannot be told that a consent is over: yours stands there until you "
    "end it yourself." + _HERE,
    "ends": "NOTHING",
    "consentsUrl": "https://myapps.microsoft.com",
}
PERSONAL = OUTLOOK | {"consentsUrl": "https://account.live.com/consent/Manage"}


async def _outcome(site: Site, member: Any, account: str, **options: Any) -> str:
    handle = await site.handle(member, provider="outlook", account=account, options=options)
    said = (await site.ask(member, COMPLETE, handle=handle))["completeCalendarConnection"]
    return str(said.get("code", said["__typename"]))


@pytest.mark.parametrize(
    ("service", "personal", "told"),
    [("google", False, GOOGLE), ("outlook", False, OUTLOOK), ("outlook", True, PERSONAL)],
)
async def test_disconnecting_says_first_what_it_ends(
    both: Site, service: str, personal: bool, told: dict[str, str]
) -> None:
    """Where nothing can be revoked it says where to; where more ends than this, it says that."""
    ada = both.world.ada
    if personal:
        both.vendors[service].sandbox.add_account(ada.email, personal=True)
    await both.connect(ada, provider=service)
    mine = (await both.ask(ada, FIRST))["viewer"]["calendarIntegration"]
    assert mine["disconnecting"] == told
    ended = await both.ask(ada, DISCONNECT, id=mine["id"])
    assert ended["disconnectCalendar"] == {"disconnecting": told}
    assert (await both.ask(ada, FIRST))["viewer"]["calendarIntegration"]["disconnecting"] is None


async def test_an_object_id_of_another_tenant_is_another_account(both: Site) -> None:
    """Two tenants may give the same object id: neither account is taken for the other."""
    ada, ben, world = both.world.ada, both.world.ben, both.vendors["outlook"].sandbox.world
    theirs = "ada@northlight.example.com"
    mine = world.add_person(ada.email, ada.name, ada.zone)
    world.add_person(theirs, ada.name, ada.zone).oid = mine.oid
    assert world.people[theirs].tid != mine.tid
    assert await _outcome(both, ada, ada.email) == "CompleteCalendarConnectionPayload"
    await Integration.all().update(state="NEEDS_RECONNECT", reason="AuthorizationExpired")
    assert await _outcome(both, ada, theirs, chooseAccount=True) == "WRONG_ACCOUNT"
    assert await _outcome(both, ada, ada.email) == "CompleteCalendarConnectionPayload"
    assert await _outcome(both, ben, ada.email) == "ACCOUNT_TAKEN"
    assert await _outcome(both, ben, theirs) == "CompleteCalendarConnectionPayload"
    stored = await Integration.all().order_by("id").values_list("member_id", "account_id")
    assert [*stored] == [
        (ada.id, f"{mine.tid}:{mine.oid}"),
        (ben.id, f"{world.people[theirs].tid}:{mine.oid}"),
    ]


async def test_a_tenant_that_is_not_told_connects_nothing(both: Site) -> None:
    """Without it nobody is known: the member can do nothing about it, and is asked nothing."""
    ada = both.world.ada
    both.tap.after = _without_organization
    assert await _outcome(both, ada, ada.email) == "NOT_AVAILABLE_HERE"
    assert await Integration.all().count() == 0
    both.tap.after = lambda request, response: response
    assert await _outcome(both, ada, ada.email) == "CompleteCalendarConnectionPayload"


def _without_organization(request: Any, response: Any) -> Any:
    if request.url.path.endswith("/organization"):
        return type(response)(200, json={"value": []})
    return response
