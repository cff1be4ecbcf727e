"""The sandbox's Teams meetings: where they are allowed, and when their link is there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

ADA = "ada@saltmarsh.example.org"
DAY = datetime(2027, 3, 1, tzinfo=UTC)
ONLINE = {"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness"}


def at(hour, zone="UTC"):
    wall = (DAY + timedelta(hours=hour)).isoformat()[:19]
    return {"dateTime": wall, "timeZone": zone}


def event(first=9, last=10, *, zone="UTC", **fields):
    return {"subject": "Tea", "start": at(first, zone), "end": at(last, zone), **fields}


async def make(call, body, *, path="me/events", who=ADA):
    status, made, code = await call("POST", path, who=who, body=body)
    assert (status, code) == (201, None)
    return made


async def test_a_teams_meeting_has_its_link(call):
    """The link is in the answer and in the text, and stays however the event changes."""
    made = await make(call, event(**ONLINE, body={"contentType": "html", "content": "<p>Hi</p>"}))
    link = made["onlineMeeting"]["joinUrl"]
    assert link.startswith("https://teams.microsoft.com/l/meetup-join/19%3Ameeting_")
    assert link in made["body"]["content"].replace("&amp;", "&")
    assert made["bodyPreview"].startswith("Hi")
    path = f"me/events/{made['id']}"
    for change in (
        {"start": at(8)},
        {"isOnlineMeeting": False},
        {"isOnlineMeeting": True, "onlineMeetingProvider": "skypeForBusiness"},
        {"body": {"contentType": "html", "content": "<p>Now</p>" + made["body"]["content"]}},
    ):
        _, seen, _ = await call("PATCH", path, body=change)
        online = ("isOnlineMeeting", "onlineMeetingProvider")
        assert [seen[name] for name in online] == [True, "teamsForBusiness"]
        assert seen["onlineMeeting"] == {"joinUrl": link}


async def test_a_text_without_the_meeting_ends_it(call):
    """A new text that lost the part about the meeting leaves the event without one, until asked."""
    made = await make(call, event(**ONLINE))
    path = f"me/events/{made['id']}"
    text = {"body": {"contentType": "html", "content": "<p>Now</p>"}}
    _, seen, _ = await call("PATCH", path, body=text)
    assert (seen["isOnlineMeeting"], seen["onlineMeeting"]) == (False, None)
    _, seen, _ = await call("PATCH", path, body=ONLINE)
    assert seen["onlineMeeting"]["joinUrl"] != made["onlineMeeting"]["joinUrl"]


async def test_a_link_may_come_later_elsewhere_or_never(call, sandbox):
    """Switches let the link come after some reads, on another host, or not at all."""
    sandbox.switches.set({"teams_pending_polls": 2, "foreign_links": True})
    made = await make(call, event(**ONLINE))
    path = f"me/events/{made['id']}"
    links = [made["onlineMeeting"]]
    for _ in range(3):
        links.append((await call("GET", path))[1]["onlineMeeting"])
    assert links[:2] == [None, None]
    assert links[2] == links[3]
    assert links[2]["joinUrl"].startswith("https://teams.example.net/")
    sandbox.switches.set({"teams_pending_polls": 0, "foreign_links": False, "teams_fails": True})
    made = await make(call, event(**ONLINE))
    assert (made["isOnlineMeeting"], made["onlineMeeting"]) == (True, None)


async def test_where_teams_is_not_allowed_the_event_is_made_without(call, sandbox):
    """A calendar that allows none, and a switch for all of them, leave the event as it is."""
    other = sandbox.world.add_book(ADA, "Projects", "UTC", teams=False).id
    made = [await make(call, event(**ONLINE), path=f"me/calendars/{other}/events")]
    sandbox.switches.set({"teams_refused": True})
    made.append(await make(call, event(**ONLINE)))
    for found in made:
        assert (found["isOnlineMeeting"], found["onlineMeetingProvider"]) == (False, "unknown")
        assert found["onlineMeeting"] is None
