"""The sandbox's delta query: rounds, pages, windows, and tokens that are dead."""

from __future__ import annotations

import httpx
import pytest

from together.testing.hands import BASE_URL

ADA, BEN = "ada@saltmarsh.example.org", "ben@saltmarsh.example.org"
PLACE = "me/calendarView/delta"
WINDOW = {"startDateTime": "2027-01-01T00:00:00Z", "endDateTime": "2027-07-01T00:00:00Z"}
LOST = (410, "SyncStateNotFound")
LINKS = {"@odata.nextLink": "$skiptoken", "@odata.deltaLink": "$deltatoken"}


def event(name, *, month=3, guests=()):
    times = {
        edge: {"dateTime": f"2027-{month:02}-01T{hour}:00:00", "timeZone": "UTC"}
        for edge, hour in (("start", "09"), ("end", "10"))
    }
    return {
        "subject": name,
        **times,
        "attendees": [{"emailAddress": {"address": each}, "type": "required"} for each in guests],
    }


@pytest.fixture
def make(call):
    async def make(name, **more):
        return (await call("POST", "me/events", body=event(name, **more)))[1]["id"]

    return make


def further(answer):
    """Give the token of an answer's one link, as the parameters of what comes next."""
    ((name, mark),) = [(name, mark) for name, mark in LINKS.items() if name in answer]
    url = httpx.URL(answer[name])
    assert f"{url.copy_with(query=None)}" == f"{BASE_URL}/v1.0/{PLACE}"
    assert {*url.params} == {mark}
    return mark, url.params[mark]


async def rounds(call, *, size=None, **query):
    """Go through a round; give its pages, and how to go on with the next one."""
    headers = {"prefer": f"odata.maxpagesize={size}"} if size else {}
    pages = []
    while True:
        status, answer, _ = await call("GET", PLACE, headers=headers, **query)
        assert status == 200
        pages.append(answer["value"])
        mark, token = further(answer)
        query = {mark: token}
        if mark == "$deltatoken":
            return pages, query


def names(pages):
    return [[each.get("subject", "removed") for each in page] for page in pages]


async def test_a_round_is_everything_and_then_what_changes(call, make):
    """First all that is in the window is told, then what changed, and then nothing."""
    tea, soup = await make("Tea"), await make("Soup")
    await make("Far away", month=9)
    pages, then = await rounds(call, **WINDOW)
    assert sorted(names(pages)[0]) == ["Soup", "Tea"]
    await call("PATCH", f"me/events/{tea}", body={"subject": "Green tea"})
    await call("DELETE", f"me/events/{soup}")
    for _ in range(2):
        ((green, gone),), later = await rounds(call, **then)
        assert (green["id"], green["subject"]) == (tea, "Green tea")
        assert gone == {"id": soup, "@removed": {"reason": "deleted"}}
    assert names((await rounds(call, **later))[0]) == [[]]


async def test_pages_are_as_small_as_is_asked(call, make, sandbox):
    """A round of several pages tells of every event once, also of what changes meanwhile."""
    made = [await make(f"e{n}") for n in range(5)]
    pages, then = await rounds(call, size=2, **WINDOW)
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(each["id"] for page in pages for each in page) == sorted(made)
    for event_id in made:
        await call("PATCH", f"me/events/{event_id}", body={"subject": "again"})
    sandbox.switches.set({"delta_page": 3})
    pages, _ = await rounds(call, size=100, **then)
    assert [len(page) for page in pages] == [3, 2]
    _, first, _ = await call("GET", PLACE, **then)
    await call("PATCH", f"me/events/{made[4]}", body={"subject": "meanwhile"})
    rest, later = await rounds(call, **dict([further(first)]))
    assert names(rest) == [["again"]]
    assert names((await rounds(call, **later))[0]) == [["meanwhile"]]


async def test_what_leaves_the_window_is_removed(call, make):
    """An event outside the window is told of as removed, also where it never was inside."""
    tea = await make("Tea")
    _, then = await rounds(call, **WINDOW)
    away = event("Tea", month=9)
    await call("PATCH", f"me/events/{tea}", body={"start": away["start"], "end": away["end"]})
    other = await make("Far away", month=10)
    ((first, second),), _ = await rounds(call, **then)
    assert [first["id"], second["id"]] == [tea, other]
    assert all(each["@removed"] == {"reason": "deleted"} for each in (first, second))


async def test_a_guests_own_view(call, make):
    """An invitation comes into the guest's calendar, and what they decline leaves it."""
    _, begun, _ = await call("GET", PLACE, who=BEN, **WINDOW)
    await make("Tea", guests=(BEN,))
    _, invited, _ = await call("GET", PLACE, who=BEN, **dict([further(begun)]))
    (mine,) = invited["value"]
    assert mine["responseStatus"]["response"] == "notResponded"
    await call("POST", f"me/events/{mine['id']}/decline", who=BEN, body={})
    _, declined, _ = await call("GET", PLACE, who=BEN, **dict([further(invited)]))
    assert declined["value"] == [{"id": mine["id"], "@removed": {"reason": "deleted"}}]
    assert [each["subject"] for each in invited["value"]] == ["Tea"]


async def test_an_answer_changes_the_organizers_event(call, make, sandbox):
    """What a guest says is told to the organizer, and a guest who is left out loses the event."""
    tea = await make("Tea", guests=(BEN,))
    _, then = await rounds(call, **WINDOW)
    _, theirs, _ = await call("GET", PLACE, who=BEN, **WINDOW)
    (mine,) = theirs["value"]
    sandbox.answer(BEN, tea, "accepted")
    (((told,),), _) = await rounds(call, **then)
    assert [guest["status"]["response"] for guest in told["attendees"]] == ["accepted"]
    await call("PATCH", f"me/events/{tea}", body={"attendees": []})
    _, last, _ = await call("GET", PLACE, who=BEN, **dict([further(theirs)]))
    assert last["value"] == [{"id": mine["id"], "@removed": {"reason": "deleted"}}]


async def test_dead_tokens(call, make, sandbox, web):
    """A token is dead that is garbled, of another calendar, or forgotten, and a new one is not."""
    await make("Tea")
    await make("Soup")
    other = sandbox.world.add_book(ADA, "Family", "UTC").id
    _, then = await rounds(call, **WINDOW)
    _, first, _ = await call("GET", PLACE, headers={"prefer": "odata.maxpagesize=1"}, **WINDOW)
    skip = dict([further(first)])
    for wrong in ("x", "eyJ9", "W10", "\u00e9", "WzFd"):
        assert (await call("GET", PLACE, **{"$deltatoken": wrong}))[0::2] == LOST
    assert (await call("GET", f"me/calendars/{other}/calendarView/delta", **then))[0::2] == LOST
    sandbox.switches.set({"sync_lost": True})
    assert (await call("GET", PLACE, **then))[0::2] == LOST
    sandbox.switches.set({"sync_lost": False})
    assert (await call("GET", PLACE, **then))[0] == 200
    forget = BASE_URL + "/_control/forget"
    assert (await web.post(forget, content=b"{}")).status_code == 400
    assert (await web.post(forget, json={})).status_code == 200
    for token in (then, skip):
        assert (await call("GET", PLACE, **token))[0::2] == LOST
    _, anew = await rounds(call, **WINDOW)
    assert (await call("GET", PLACE, **anew))[0] == 200


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ({}, (400, "ErrorInvalidParameter")),
        ({**WINDOW, "$select": "id"}, (400, "ErrorInvalidUrlQuery")),
        ({**WINDOW, "$top": "5"}, (400, "ErrorInvalidUrlQuery")),
        ({**WINDOW, "$filter": "x eq 1"}, (400, "ErrorInvalidUrlQuery")),
        ({**WINDOW, "endDateTime": "2037-01-01T00:00:00Z"}, (400, "ErrorInvalidRequest")),
        ({**WINDOW, "endDateTime": "2026-01-01T00:00:00Z"}, (400, "ErrorInvalidParameter")),
    ],
)
async def test_what_is_no_round(call, query, refusal):
    """A round has a window that is none too long, and nothing that chooses or sorts."""
    assert (await call("GET", PLACE, **query))[0::2] == refusal


async def test_both_spellings_and_every_place(call, sandbox, make):
    """The function is called with its parentheses or without, in whichever way a calendar is."""
    await make("Tea")
    home = sandbox.world.default_book(ADA).id
    for place in ("me/calendar", f"me/calendars/{home}", f"users/{ADA}", "me"):
        for name in ("delta", "delta()"):
            status, answer, _ = await call("GET", f"{place}/calendarView/{name}", **WINDOW)
            assert (status, names([answer["value"]])) == (200, [["Tea"]])
    sandbox.switches.set({"unreadable": {home: "ErrorAccessDenied"}})
    assert (await call("GET", PLACE, **WINDOW))[0::2] == (403, "ErrorAccessDenied")
