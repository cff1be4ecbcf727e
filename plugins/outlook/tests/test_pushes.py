"""What the sandbox tells of changes by itself, and how that goes wrong when a switch says so."""

from __future__ import annotations

import json

import httpx
from together_outlook import OutlookSandbox

from together.testing.hands import BASE_URL

ADA, BEN = "ada@saltmarsh.example.org", "ben@saltmarsh.example.org"
URL = "https://together.example.org/notifications/outlook"
LATER = "https://together.example.org/notifications/lifecycle?kind=all"
EVENT = {
    "subject": "Tea",
    "start": {"dateTime": "2027-03-01T09:00:00", "timeZone": "UTC"},
    "end": {"dateTime": "2027-03-01T10:00:00", "timeZone": "UTC"},
    "attendees": [{"emailAddress": {"address": BEN}, "type": "required"}],
}


async def told(sandbox, ear):
    await sandbox._desk.teller.told()
    came = [*ear.came]
    ear.came.clear()
    return came


async def test_each_change_is_told(call, ear, sandbox, subscribe):
    """What is made, changed, answered and deleted is told to whoever asked for such changes."""
    made = await subscribe()
    fewer = await subscribe(changeType="deleted", clientState="other")
    _, event, _ = await call("POST", "me/events", body=EVENT)
    (item,) = await told(sandbox, ear)
    place = f"Users/{sandbox.world.people[ADA].oid}/Events/{event['id']}"
    assert item == {
        "subscriptionId": made["id"],
        "subscriptionExpirationDateTime": made["expirationDateTime"],
        "tenantId": sandbox.world.people[ADA].tid,
        "clientState": "s3cret",
        "changeType": "created",
        "resource": place,
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.Event",
            "@odata.id": place,
            "@odata.etag": event["@odata.etag"],
            "id": event["id"],
        },
    }
    await call("PATCH", f"me/events/{event['id']}", body={"subject": "Coffee"})
    sandbox.answer(BEN, event["id"], "declined")
    kinds = [each["changeType"] for each in await told(sandbox, ear)]
    assert kinds == ["updated", "updated"]
    await call("DELETE", f"me/events/{event['id']}")
    ended = await told(sandbox, ear)
    assert [(each["changeType"], each["subscriptionId"]) for each in ended] == [
        ("deleted", made["id"]),
        ("deleted", fewer["id"]),
    ]
    assert "@odata.etag" not in ended[0]["resourceData"]
    await call("GET", "me/events")
    assert await told(sandbox, ear) == []


async def test_a_guest_is_told_of_their_own_copy(call, ear, sandbox, asking):
    """Whoever is invited hears of it by the id that it has in their calendar."""
    status, _, _ = await call("POST", "subscriptions", who=BEN, body=asking())
    _, event, _ = await call("POST", "me/events", body=EVENT)
    await call("DELETE", f"me/events/{event['id']}")
    came = await told(sandbox, ear)
    assert (status, [each["changeType"] for each in came]) == (201, ["created", "updated"])
    (theirs,) = {each["resourceData"]["id"] for each in came}
    assert (await call("GET", f"me/events/{theirs}", who=BEN))[1]["isCancelled"]


async def test_other_calendars_are_not_told_of(call, ear, sandbox, subscribe):
    """A subscription is for one calendar of the mailbox."""
    other = sandbox.world.add_book(ADA, "Family", "Europe/Stockholm").id
    await subscribe(resource=f"/me/calendars/{other}/events")
    await call("POST", "me/events", body=EVENT)
    assert await told(sandbox, ear) == []
    await call("POST", f"me/calendars/{other}/events", body={**EVENT, "attendees": []})
    assert len(await told(sandbox, ear)) == 1


async def test_changes_get_lost_come_late_and_come_twice(call, ear, sandbox, subscribe):
    """Notifications are not reliable, and each way in which they are not has its switch."""
    await subscribe()
    sandbox.switches.set({"pushes_lost": True})
    _, event, _ = await call("POST", "me/events", body=EVENT)
    sandbox.switches.set({"pushes_lost": False, "pushes_late": True})
    place = f"me/events/{event['id']}"
    await call("PATCH", place, body={"subject": "Coffee"})
    assert await told(sandbox, ear) == []
    sandbox.switches.set({"pushes_late": False, "pushes_twice": True})
    await call("GET", place)
    assert [each["changeType"] for each in await told(sandbox, ear)] == ["updated", "updated"]


async def test_what_is_over_tells_nothing(call, ear, sandbox, subscribe):
    """A subscription ends at its time, with its calendar, and with the consent it stands on."""
    gone = sandbox.world.add_book(ADA, "Family", "Europe/Stockholm").id
    await subscribe(resource=f"me/calendars/{gone}/events")
    sandbox.world.remove_book(gone)
    made = await subscribe(lifecycleNotificationUrl=LATER)
    over = await subscribe()
    sandbox.world.subscriptions[over["id"]].expires_at = 0
    await call("POST", "me/events", body=EVENT)
    assert [each["subscriptionId"] for each in await told(sandbox, ear)] == [made["id"]]
    sandbox.revoke(ADA)
    (said,) = await told(sandbox, ear)
    assert (said["lifecycleEvent"], said["clientState"]) == ("subscriptionRemoved", "s3cret")
    assert sandbox.world.subscriptions == {}


async def test_control_shows_and_speaks(ear, sandbox, web, subscribe):
    """A person sees what is subscribed to, without its secret, and says what becomes of it."""
    control = BASE_URL + "/_control/subscriptions"
    first = await subscribe(lifecycleNotificationUrl=URL)
    second = await subscribe()
    shown = await web.get(control)
    assert {*shown.json()["subscriptions"]} == {first["id"], second["id"]}
    assert "s3cret" not in shown.text
    for wrong in ({}, {"say": "hello"}, {"say": "missed", "id": "nobody"}):
        assert (await web.post(control, json=wrong)).status_code == 400
    assert (await web.post(control, content=b'{"say": "missed"}')).status_code == 400
    await web.post(control, json={"say": "missed"})
    assert [each["subscriptionId"] for each in await told(sandbox, ear)] == [first["id"]]
    await web.post(control, json={"say": "subscriptionRemoved", "id": second["id"]})
    assert [*sandbox.world.subscriptions] == [first["id"]]


async def test_a_batch_goes_to_one_address(call, ear, sandbox, subscribe):
    """All that is told to an address at once comes in one notification."""
    for secret in ("one", "two"):
        await subscribe(clientState=secret)
    sent = []
    sandbox._desk.teller.tell = lambda url, **more: sent.append((url, more))
    await call("POST", "me/events", body=EVENT)
    ((url, more),) = sent
    items = json.loads(more["content"])["value"]
    assert (url, [each["clientState"] for each in items]) == (URL, ["one", "two"])


async def test_subscriptions_outlive_the_process(call, ear, sandbox, subscribe):
    """What was subscribed to is told of after a restart, and tokens of before go on."""
    made = await subscribe()
    _, begun, _ = await call("GET", "me/calendarView/delta", startDateTime="2027-01-01",
                             endDateTime="2028-01-01")  # fmt: skip
    kept = json.loads(json.dumps(sandbox.dump()))
    again = OutlookSandbox()
    again.load(kept)
    assert again.dump() == kept
    sandbox.load(kept)
    await call("POST", "me/events", body=EVENT)
    assert [each["subscriptionId"] for each in await told(sandbox, ear)] == [made["id"]]
    token = httpx.URL(begun["@odata.deltaLink"]).params["$deltatoken"]
    _, more, _ = await call("GET", "me/calendarView/delta", **{"$deltatoken": token})
    assert [each["subject"] for each in more["value"]] == ["Tea"]


def test_an_older_state_still_loads(sandbox):
    """A state from before there were changes has none, and what is in it is told of as ever."""
    sandbox.add_account(ADA, zone="UTC")
    state = json.loads(json.dumps(sandbox.dump()))
    for name in ("number", "forgotten", "subscriptions"):
        del state["world"][name]
    for book in state["world"]["books"].values():
        del book["changes"]
    for name in ("sync_lost", "delta_page", "pushes_late"):
        del state["switches"][name]
    again = OutlookSandbox()
    again.load(state)
    assert again.dump() == sandbox.dump()
