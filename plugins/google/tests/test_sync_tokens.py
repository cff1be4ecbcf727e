"""The sandbox's sync tokens, pages and partial answers: what Google gives, and how it refuses."""

from __future__ import annotations

import base64
import json

import pytest
from together_google.sandbox.partial import selection

ADA = "ada@saltmarsh.example.org"
BEN = "ben@saltmarsh.example.org"
EVENTS = "calendars/primary/events"


def event(event_id, hour=9, **fields):
    start, end = ({"dateTime": f"2027-03-01T{at:02d}:00:00Z"} for at in (hour, hour + 1))
    return {"id": event_id, "summary": "Tea", "start": start, "end": end, **fields}


@pytest.fixture
def sync(call):
    """Read all pages of a list; give the ids with their status, and the next sync token."""

    async def sync(token=None, *, who=ADA, **query):
        query |= {} if token is None else {"syncToken": token}
        found, page = {}, {}
        while True:
            status, answer, reason = await call("GET", EVENTS, who=who, **query, **page)
            if status != 200:
                return status, reason
            found |= {item["id"]: item["status"] for item in answer["items"]}
            if "nextPageToken" not in answer:
                return found, answer.get("nextSyncToken")
            assert "nextSyncToken" not in answer
            page = {"pageToken": answer["nextPageToken"]}

    return sync


async def test_a_token_tells_what_came_after_it(call, sync):
    """Made, changed and deleted events are told once, the deleted ones with nothing but an id."""
    for event_id in ("aaaaa", "bbbbb", "ccccc"):
        await call("POST", EVENTS, body=event(event_id))
    found, first = await sync()
    assert found == dict.fromkeys(("aaaaa", "bbbbb", "ccccc"), "confirmed")
    await call("PATCH", f"{EVENTS}/aaaaa", body={"summary": "Coffee"})
    await call("DELETE", f"{EVENTS}/bbbbb")
    await call("POST", EVENTS, body=event("ddddd"))
    told = {"aaaaa": "confirmed", "bbbbb": "cancelled", "ddddd": "confirmed"}
    found, second = await sync(first)
    assert found == told
    assert (await sync(first))[0] == told
    assert (await sync(second))[0] == {}
    _, answer, _ = await call("GET", EVENTS, syncToken=first)
    gone = next(item for item in answer["items"] if item["id"] == "bbbbb")
    assert gone.keys() == {"kind", "etag", "id", "status"}


async def test_guests_are_told_in_their_own_calendars(call, sync):
    """Invited, answered, uninvited and cancelled: each is a change for host and guest."""
    (_, ada), (_, ben) = await sync(), await sync(who=BEN)
    yes = {"attendees": [{"email": BEN, "responseStatus": "accepted"}]}
    for who, verb, body, hers, his in (
        (ADA, "POST", event("aaaaa", attendees=[{"email": BEN}]), "confirmed", "confirmed"),
        (BEN, "PATCH", yes, "confirmed", "confirmed"),
        (ADA, "PATCH", {"attendees": []}, "confirmed", "cancelled"),
        (ADA, "PATCH", {"attendees": [{"email": BEN}]}, "confirmed", "confirmed"),
        (BEN, "DELETE", None, "confirmed", "confirmed"),
        (ADA, "DELETE", None, "cancelled", "cancelled"),
    ):
        place = EVENTS if verb == "POST" else f"{EVENTS}/aaaaa"
        assert (await call(verb, place, who=who, body=body))[0] in (200, 204)
        (told, ada), (also, ben) = await sync(ada), await sync(ben, who=BEN)
        assert (told, also) == ({"aaaaa": hers}, {"aaaaa": his}), (who, verb)


async def test_pages_hold_together_while_the_calendar_changes(call, sync, hands):
    """What changes between two pages is told by them or by the next token, and nothing is lost."""
    _, token = await sync()
    for event_id in ("bbbbb", "ccccc", "ddddd", "eeeee"):
        await call("POST", EVENTS, body=event(event_id))
    _, page, _ = await call("GET", EVENTS, syncToken=token, maxResults="2")
    assert [item["id"] for item in page["items"]] == ["bbbbb", "ccccc"]
    await call("POST", EVENTS, body=event("aaaaa"))
    await call("DELETE", f"{EVENTS}/bbbbb")
    more = {"syncToken": token, "maxResults": "2", "pageToken": page["nextPageToken"]}
    _, page, _ = await call("GET", EVENTS, **more)
    assert [item["id"] for item in page["items"]] == ["ccccc", "ddddd"]
    _, page, _ = await call("GET", EVENTS, **more | {"pageToken": page["nextPageToken"]})
    assert [item["id"] for item in page["items"]] == ["eeeee"]
    found, _ = await sync(page["nextSyncToken"])
    assert found == {"aaaaa": "confirmed", "bbbbb": "cancelled"}


@pytest.mark.parametrize(
    "query",
    [
        {"timeMin": "2027-01-01T00:00:00Z"},
        {"timeMax": "2028-01-01T00:00:00Z"},
        {"updatedMin": "2027-01-01T00:00:00Z"},
        {"q": "tea"},
        {"iCalUID": "aaaaa@google.com"},
        {"orderBy": "updated"},
        {"privateExtendedProperty": "a=b"},
        {"sharedExtendedProperty": "a=b"},
        {"showDeleted": "false"},
        {"singleEvents": "true"},
        {"eventTypes": "default"},
    ],
    ids=lambda query: next(iter(query)),
)
async def test_a_token_goes_with_no_other_restriction(sync, query):
    """What Google forbids beside a sync token, and what was not there at first, is refused."""
    _, token = await sync()
    assert await sync(token, **query) == (400, "invalid")
    assert (await sync(token, maxResults="7"))[0] == {}


async def test_a_restricted_list_gives_no_token(call, sync):
    """Only a list that can be followed gives one; a window may begin it."""
    for query in ({"q": "tea"}, {"orderBy": "updated"}, {"iCalUID": "x"}):
        assert (await sync(**query))[1] is None
    _, token = await sync(timeMin="2027-03-02T00:00:00Z")
    await call("POST", EVENTS, body=event("aaaaa"))
    assert (await sync(token))[0] == {"aaaaa": "confirmed"}


async def test_a_token_that_was_not_given_is_unreadable(call, sync):
    """Made up, changed, of another calendar or of another kind: 400, and nothing is told."""
    (_, token), (_, other) = await sync(), await sync(who=BEN)
    await call("POST", EVENTS, body=event("aaaaa"))
    await call("POST", EVENTS, body=event("bbbbb"))
    _, page, _ = await call("GET", EVENTS, maxResults="1")
    sealed = base64.urlsafe_b64decode(token)
    forged = base64.urlsafe_b64encode(sealed[:-2] + b"1]").decode()
    for wrong in ("", "made up", "é", "AAAA", token[:-4], forged, other, page["nextPageToken"]):
        assert await sync(wrong) == (400, "invalid"), wrong
    for wrong in ("", "0", "250", token, page["nextPageToken"][:-4]):
        assert (await call("GET", EVENTS, pageToken=wrong))[::2] == (400, "invalid"), wrong
    assert (await call("GET", EVENTS, maxResults="0"))[::2] == (400, "invalid")


async def test_tokens_become_too_old(call, sync, hands):
    """All that were given at once, or all there are; afterwards new ones work."""
    _, token = await sync()
    hands.sandbox.forget_changes()
    assert await sync(token) == (410, "fullSyncRequired")
    _, token = await sync()
    await call("POST", EVENTS, body=event("aaaaa"))
    hands.sandbox.switches.set({"sync_tokens_dead": True})
    assert await sync(token) == (410, "fullSyncRequired")
    hands.sandbox.switches.set({"sync_tokens_dead": False})
    assert (await sync(token))[0] == {"aaaaa": "confirmed"}


async def test_tokens_die_between_two_pages(call, sync, hands):
    """The second page of what a token tells is refused like the first."""
    _, token = await sync()
    for event_id in ("aaaaa", "bbbbb"):
        await call("POST", EVENTS, body=event(event_id))
    _, page, _ = await call("GET", EVENTS, syncToken=token, maxResults="1")
    hands.sandbox.forget_changes()
    query = {"syncToken": token, "pageToken": page["nextPageToken"]}
    assert (await call("GET", EVENTS, **query))[::2] == (410, "fullSyncRequired")


async def test_tokens_outlive_the_process_and_no_older_state(call, sync, hands):
    """A restart changes nothing; who brings a token from what was not kept begins anew."""
    _, token = await sync()
    kept = json.loads(json.dumps(hands.sandbox.dump()))
    await call("POST", EVENTS, body=event("aaaaa"))
    _, later = await sync(token)
    hands.sandbox.load(json.loads(json.dumps(hands.sandbox.dump())))
    assert (await sync(token))[0] == {"aaaaa": "confirmed"}
    hands.sandbox.load(kept)
    assert (await sync(token))[0] == {}
    assert await sync(later) == (410, "fullSyncRequired")


async def test_an_answer_has_what_was_selected(call):
    """`fields` names what is to come, of lists and of objects in them."""
    await call("POST", EVENTS, body=event("aaaaa"))
    _, answer, _ = await call("GET", EVENTS, fields="items(id,start/timeZone),summary,never")
    assert answer == {
        "summary": "Ada",
        "items": [{"id": "aaaaa", "start": {"timeZone": "Europe/Stockholm"}}],
    }
    assert (await call("GET", EVENTS, fields="items("))[::2] == (400, "invalidParameter")
    assert (await call("GET", f"{EVENTS}/aaaaa", fields="id"))[1] == {"id": "aaaaa"}


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ("*", {"*": {}}),
        ("a,b", {"a": {}, "b": {}}),
        ("a/b/c", {"a": {"b": {"c": {}}}}),
        ("a(b,c(d)),e", {"a": {"b": {}, "c": {"d": {}}}, "e": {}}),
        ("a/b(c),a/d", {"a": {"b": {"c": {}}, "d": {}}}),
    ],
)
def test_a_selection_is_read(fields, wanted):
    """Names, paths and lists in brackets, one in the other."""
    assert selection(fields) == wanted


@pytest.mark.parametrize(
    "fields",
    ["", ",", "a,", "a(", "a()", "a)", "a(b))", "a b", "a/", "(a)", "a(" * 50, "a/" * 50 + "b"],
)
def test_a_selection_that_is_none_is_refused(fields):
    """What is not written as Google writes it selects nothing."""
    with pytest.raises(ValueError, match="selected"):
        selection(fields)


async def test_what_was_forgotten_from_outside_is_forgotten(hands, checker, sync):
    """The control page lets every token be too old, and takes no form of another site's."""
    _, token = await sync()
    url = "http://127.0.0.1:8765/sandbox/_control/forget_changes"
    assert (await hands.web.post(url, data={"a": "b"})).status_code == 400
    assert (await sync(token))[0] == {}
    assert (await hands.web.post(url, json={})).json() == {"forgotten": 1}
    assert await sync(token) == (410, "fullSyncRequired")
