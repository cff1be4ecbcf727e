"""Hands on the sandbox: switches, what people do at Microsoft, and its state over a restart."""

from __future__ import annotations

import json

import pytest
from together_outlook.sandbox import OutlookSandbox
from together_outlook.sandbox.world import Copy, StoredEvent, Token, World

from together.providers.contract import SandboxPerson
from together.testing.provider_contract import BASE_URL

ADA = "ada@saltmarsh.example.org"
BEN = "ben@saltmarsh.example.org"
NOBODY = "nobody@saltmarsh.example.org"
INVITATION = {
    "subject": "Tea",
    "start": {"dateTime": "2027-03-01T09:00:00", "timeZone": "UTC"},
    "end": {"dateTime": "2027-03-01T10:00:00", "timeZone": "UTC"},
    "attendees": [{"emailAddress": {"address": BEN}, "type": "required"}],
}


@pytest.fixture
def sandbox():
    """Give a sandbox in which Ada and Ben have agreed to everything."""
    sandbox = OutlookSandbox(clock=lambda: 1_795_500_000)
    sandbox.add_account(ADA, name="Ada Lindqvist", zone="Europe/Stockholm")
    sandbox.add_account(BEN, name="Ben Okafor", zone="Africa/Lagos")
    for email in (ADA, BEN):
        sandbox.world.access[email] = Token(email, ["Calendars.ReadWrite"], 2_000_000_000)
        sandbox.world.refresh[email] = Token(email, ["Calendars.ReadWrite"], 2_000_000_000)
    return sandbox


async def call(web, method, path, *, who=ADA, **more):
    headers = {"authorization": f"Bearer {who}"}
    reply = await web.request(method, f"{BASE_URL}/v1.0/{path}", headers=headers, **more)
    return reply.status_code, reply.json()


def answers(sandbox):
    """Say what Ada's guests have answered, event by event."""
    return [
        [guest["status"]["response"] for guest in event["attendees"]]
        for event in sandbox.events(ADA)
    ]


async def test_state_outlives_the_process(sandbox, web):
    """What was dumped as JSON and loaded elsewhere gives the same, tokens and switches too."""
    sandbox.populate([SandboxPerson("grace@saltmarsh.example.org", "Grace Liu", "Asia/Singapore")])
    assert (await call(web, "POST", "me/events", json=INVITATION))[0] == 201
    sandbox.switches.set({"teams_pending_polls": 3, "unreadable": {BEN: "ErrorAccessDenied"}})
    kept = json.dumps(sandbox.dump())
    other = OutlookSandbox()
    other.load(json.loads(kept))
    assert json.dumps(other.dump()) == kept
    assert other.settings(BASE_URL) == sandbox.settings(BASE_URL)
    assert len(other.events(BEN)) == 1
    assert other.events(BEN) == sandbox.events(BEN)


def test_settings_point_at_the_sandbox(sandbox):
    """The plugin's settings name the sandbox's own app, and addresses below the one given."""
    assert sandbox.settings(BASE_URL + "/") == {
        "CLIENT_ID": sandbox.world.client_id,
        "CLIENT_SECRET": sandbox.world.client_secret,
        "LOGIN_URL": BASE_URL,
        "API_URL": BASE_URL + "/v1.0",
    }


async def test_accounts_answer_from_outside(sandbox, web):
    """A guest's answer reaches the organizer's event, by the event's id in either calendar."""
    _, made = await call(web, "POST", "me/events", json=INVITATION)
    assert answers(sandbox) == [["none"]]
    (invited,) = sandbox.events(BEN)
    assert invited["id"] != made["id"]
    url = BASE_URL + "/_control/answer"
    said = {"email": BEN, "event": invited["id"], "response": "accepted"}
    assert (await web.post(url, json=said)).json() == {"answered": invited["id"]}
    assert answers(sandbox) == [["accepted"]]
    sandbox.answer(BEN.upper(), made["id"], "tentativelyAccepted")
    assert answers(sandbox) == [["tentativelyAccepted"]]
    for wrong in ({"email": NOBODY}, {"event": "never"}, {"response": "perhaps"}):
        assert (await web.post(url, json=said | wrong)).status_code == 400
    with pytest.raises(KeyError, match="never"):
        sandbox.answer(BEN, "never", "accepted")
    with pytest.raises(KeyError, match="nobody"):
        sandbox.events(NOBODY)


async def test_accounts_are_revoked_and_expire_from_outside(sandbox, web):
    """What an owner does at Microsoft, or time by itself, ends the tokens of that account only."""
    assert (await call(web, "GET", "me/calendars", who=BEN))[0] == 200
    ends = {"revoke": "revoked", "expire": "expired"}
    for (path, word), email in zip(ends.items(), (BEN, ADA), strict=True):
        url = f"{BASE_URL}/_control/{path}"
        assert (await web.post(url, json={"email": NOBODY})).status_code == 400
        assert (await call(web, "GET", "me/calendars", who=ADA))[0] == 200
        assert (await web.post(url, json={"email": email})).json() == {word: email}
        status, body = await call(web, "GET", "me/calendars", who=email)
        assert (status, body["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert sandbox.world.refresh[BEN].ended == 50173
    assert (sandbox.world.refresh[ADA].ended, sandbox.world.refresh[ADA].expires_at) == (0, 0)


def test_only_access_runs_out_where_only_that_is_wanted(sandbox):
    """Access tokens can be made old without touching those that renew them."""
    sandbox.expire_access(ADA.upper())
    world = sandbox.world
    assert [token.expires_at for token in world.access.values()] == [0, 2_000_000_000]
    assert {token.expires_at for token in world.refresh.values()} == {2_000_000_000}


def test_a_mailbox_has_several_calendars():
    """The default calendar comes first, then one's own by name, then those others share."""
    world = World()
    world.add_person(ADA, "Ada", "UTC")
    world.add_person(BEN, "Ben", "UTC")
    world.add_person(NOBODY, "Nobody", "UTC", has_mailbox=False)
    work = world.add_book(ADA, "Work", "UTC")
    world.add_book(ADA, "Home", "UTC")
    shared = world.add_book(BEN, "Team", "UTC", readers={ADA: "write"})
    world.default_book(BEN).readers["*"] = "read"
    assert [(book.owner, book.name) for book in world.books_of(ADA)] == [
        (ADA, "Calendar"),
        (ADA, "Home"),
        (ADA, "Work"),
        (BEN, "Team"),
        (BEN, "Calendar"),
    ]
    assert world.add_book(ADA, "Work", "Asia/Tokyo") is work
    assert (world.book(work.id, BEN), world.book(shared.id, ADA)) == (None, shared)
    assert world.default_book(NOBODY) is None


def test_a_guests_copy_has_an_id_of_its_own():
    """An event is found by its id in each calendar, and a deleted one by guests alone."""
    world = World()
    for email in (ADA, BEN):
        world.add_person(email, email, "UTC")
    home, guest = world.default_book(ADA), world.default_book(BEN)
    home.events["a"] = stored = StoredEvent({"subject": "Tea"})
    guest.invited["b"] = Copy(home.id, "a")
    assert world.find(ADA, "a") == (home, home, stored)
    assert world.find(BEN, "b") == (guest, home, stored)
    assert (world.find(ADA, "b"), world.find(BEN, "a")) == (None, None)
    assert [world.invitation(BEN, key) for key in ("a", "b", "c")] == [stored, stored, None]
    assert list(world.events(guest)) == [("b", home, stored)]
    stored.deleted = True
    assert (world.find(ADA, "a"), list(world.events(home))) == (None, [])
    assert world.find(BEN, "b") == (guest, home, stored)
