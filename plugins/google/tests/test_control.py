"""Hands on the sandbox: its switches, what people do at Google, and its state over a restart."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from together_google import GoogleSandbox

from together.testing.provider_contract import BASE_URL

ADA = "ada@saltmarsh.example.org"
BEN = "ben@saltmarsh.example.org"
INVITATION = {
    "id": "abcde",
    "summary": "Tea",
    "start": {"dateTime": "2027-03-01T09:00:00Z"},
    "end": {"dateTime": "2027-03-01T10:00:00Z"},
    "attendees": [{"email": BEN}],
}


async def busy(call, *, who):
    day = {"timeMin": "2027-03-01T00:00:00Z", "timeMax": "2027-03-02T00:00:00Z"}
    _, answer, _ = await call("POST", "freeBusy", who=who, body=day | {"items": [{"id": who}]})
    return answer["calendars"][who]["busy"]


async def test_state_outlives_the_process(hands, call):
    """What was dumped as JSON and loaded elsewhere gives the same, tokens and switches too."""
    await call("POST", "calendars/primary/events", body=INVITATION)
    hands.sandbox.switches.set({"meet_pending_polls": 3})
    kept = json.dumps(hands.sandbox.dump())
    other = GoogleSandbox()
    other.load(json.loads(kept))
    assert json.dumps(other.dump()) == kept
    assert other.settings(BASE_URL) == hands.sandbox.settings(BASE_URL)
    assert other.events(BEN) == hands.sandbox.events(BEN)


async def test_accounts_are_revoked_and_answer_from_outside(hands, call):
    """What an owner or a guest does at Google can be done through the control page."""
    await call("POST", "calendars/primary/events", body=INVITATION)
    assert len(await busy(call, who=BEN)) == 1
    url = BASE_URL + "/_control"
    said = {"email": BEN, "event": "abcde", "response": "declined"}
    assert (await hands.web.post(url + "/answer", json=said)).json() == {"answered": "abcde"}
    assert await busy(call, who=BEN) == []
    assert (await hands.web.post(url + "/revoke", json={"email": BEN})).status_code == 200
    assert (await call("GET", "users/me/calendarList", who=BEN))[::2] == (401, "authError")
    for path, wrong in (
        ("/revoke", {"email": "nobody@saltmarsh.example.org"}),
        ("/answer", said | {"event": "never"}),
        ("/answer", said | {"response": "perhaps"}),
    ):
        assert (await hands.web.post(url + path, json=wrong)).status_code == 400


async def test_slowness_is_waited_for(hands, call):
    """A slow sandbox answers late, and answers all the same."""
    hands.sandbox.switches.set({"slow_seconds": 0.05})
    before = datetime.now(UTC)
    assert (await call("GET", "users/me/calendarList"))[0] == 200
    assert datetime.now(UTC) - before >= timedelta(seconds=0.05)
