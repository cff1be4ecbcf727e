"""At each service: a calendar that is refused is never free, and one that is gone is said."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.site import BASE_URL, START, Site
from together.store.models import BusyReading, CalendarRow, Integration

HOUR = 3600
OWN = """{ viewer { calendarIntegration { state standing nextSteps reason unreadableSince
  calendars { name primary unreadableSince missingSince } } matches { nodes { id } } } }"""
FREE = """query Times($id: ID!, $from: DateTime!, $until: DateTime!) { node(id: $id) {
  ... on Match { availability(start: $from, end: $until, timeZone: "UTC", duration: 30) {
    ... on Availability { people { member { name } periods { state } } } } } } }"""


async def _own(site: Site) -> dict[str, Any]:
    return (await site.ask(site.world.ada, OWN))["viewer"]["calendarIntegration"]


async def _states(site: Site) -> set[str]:
    """Say how Ada's day is shown to her."""
    ada = site.world.ada
    match = (await site.ask(ada, OWN))["viewer"]["matches"]["nodes"][0]["id"]
    window = {"from": site.monday(8), "until": site.monday(16)}
    people = (await site.ask(ada, FREE, id=match, **window))["node"]["availability"]["people"]
    mine = next(each for each in people if each["member"]["name"] == ada.name)
    return {period["state"] for period in mine["periods"]}


async def _hours_pass(site: Site, hours: int) -> None:
    """Make everything that was read, tried or listed so much older."""
    site.app.worker._busy._resting.clear()
    for row in await Integration.all():
        row.since -= hours * HOUR
        row.listed_at -= hours * HOUR
        row.read_at = None if row.read_at is None else row.read_at - hours * HOUR
        row.tried_at = None
        await row.save()
    for reading in await BusyReading.all():
        reading.read_at -= hours * HOUR
        await reading.save()


async def test_the_only_one_is_refused(both: Site, slug: str) -> None:
    """What was free an hour ago is unknown at once; its owner reads why, and it heals by itself."""
    await both.connect(both.world.ada, provider=slug)
    sandbox = both.vendors[slug].sandbox
    assert await _states(both) == {"FREE"}
    row = await CalendarRow.get()
    code = "ErrorAccessDenied" if slug == "outlook" else "notFound"
    sandbox.switches.set({"unreadable": {row.external_id: code}})
    await _hours_pass(both, 1)
    assert await _states(both) == {"UNKNOWN"}
    own = await _own(both)
    assert own["reason"].startswith("The service refuses to let a calendar be read")
    assert (own["standing"], own["nextSteps"]) == ("UNREADABLE_NOW", ["DISCONNECT"])
    assert own["calendars"][0]["unreadableSince"] == own["unreadableSince"] is not None
    await _hours_pass(both, 24)
    await both.app.worker._busy.sweep()
    assert (await _own(both))["standing"] == "NOT_INTEGRATED"
    sandbox.switches.set({"unreadable": {}})
    await _hours_pass(both, 1)
    await both.app.worker._busy.sweep()
    own = await _own(both)
    assert (own["standing"], own["reason"], own["unreadableSince"]) == ("INTEGRATED", None, None)
    assert await _states(both) == {"FREE"}


async def test_the_account_has_no_calendar_any_more(both: Site, slug: str) -> None:
    """That a licence was taken away is said in words, and it heals within hours of its return."""
    ada = both.world.ada
    await both.connect(ada, provider=slug)
    assert await _states(both) == {"FREE"}
    world = both.vendors[slug].sandbox.world
    has = "has_mailbox" if slug == "outlook" else "has_calendar"
    books = {key: book for key, book in world.books.items() if book.owner == ada.email}
    setattr(world.people[ada.email], has, False)
    for key in books:
        del world.books[key]
    await _hours_pass(both, 7)
    await both.app.worker._busy.sweep()
    own = await _own(both)
    assert own["reason"].startswith("This account has no calendar any more")
    assert (own["standing"], own["nextSteps"]) == ("NOT_INTEGRATED", ["DISCONNECT"])
    again = {"provider": slug, "returnTo": f"{BASE_URL}/connected"}
    refused = (await both.ask(ada, START, input=again))["startCalendarConnection"]
    assert refused["code"] == "ALREADY_CONNECTED"
    setattr(world.people[ada.email], has, True)
    world.books.update(books)
    await _hours_pass(both, 1)
    assert await both.app.worker._choosing.sweep() == 1
    own = await _own(both)
    assert (own["standing"], own["reason"], own["nextSteps"]) == (
        "INTEGRATED",
        None,
        ["DISCONNECT"],
    )
    assert await _states(both) == {"FREE"}


@pytest.mark.parametrize("slug", ["outlook"])
async def test_what_others_share_is_not_offered(both: Site, slug: str) -> None:
    """Graph lists a calendar of somebody else's and does not let it be read, so it cannot count."""
    ada, sandbox = both.world.ada, both.vendors[slug].sandbox
    sandbox.add_account("team@saltmarsh.example.org", name="Team", zone="UTC")
    sandbox.add_account(ada.email, name=ada.name, zone=ada.zone)
    sandbox.world.default_book("team@saltmarsh.example.org").readers[ada.email] = "read"
    await both.connect(ada, provider=slug)
    assert [each["primary"] for each in (await _own(both))["calendars"]] == [True]
    assert await _states(both) == {"FREE"}
