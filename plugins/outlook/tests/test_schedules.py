"""The sandbox's getSchedule: what takes time, whose schedule is told, and what is too much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from together_outlook.sandbox.world import Token

ADA = "ada@saltmarsh.example.org"
BEN = "ben@saltmarsh.example.org"
FARID = "farid@saltmarsh.example.org"
MIRA = "mira@northlight.example.com"
STRANGER = "someone@elsewhere.example.net"
DAY = datetime(2027, 3, 1, tzinfo=UTC)
NINE = ("2027-03-01T09:00", "2027-03-01T10:00")
GUESTS = [{"emailAddress": {"address": BEN}, "type": "required"}]


def at(hour, zone="UTC"):
    wall = (DAY + timedelta(hours=hour)).isoformat()[:19]
    return {"dateTime": wall, "timeZone": zone}


def event(first=9, last=10, **fields):
    return {"subject": "Tea", "start": at(first), "end": at(last), **fields}


def asked(*mailboxes, first=0, last=24, **more):
    window = {"startTime": at(first), "endTime": at(last)}
    return {"schedules": [*mailboxes] or [ADA], **window, **more}


async def schedule(call, body=None, *, path="me/calendar/getSchedule", **how):
    status, answer, code = await call("POST", path, body=body or asked(), **how)
    assert (status, code) == (200, None)
    return answer["value"]


def items(found):
    return [
        (item["status"], item["start"]["dateTime"][:16], item["end"]["dateTime"][:16])
        for item in found["scheduleItems"]
    ]


async def test_a_schedule_has_items_a_view_and_hours(call):
    """One entry tells what stands in the mailbox, what weighs most in each slot, and the hours."""
    await call("POST", "me/events", body=event(location={"displayName": "Room 4"}))
    assert await schedule(call, asked(first=8, last=12, availabilityViewInterval=60)) == [
        {
            "scheduleId": ADA,
            "availabilityView": "0200",
            "scheduleItems": [
                {
                    "isPrivate": False,
                    "status": "busy",
                    "subject": "Tea",
                    "location": "Room 4",
                    "start": {"dateTime": "2027-03-01T09:00:00.0000000", "timeZone": "UTC"},
                    "end": {"dateTime": "2027-03-01T10:00:00.0000000", "timeZone": "UTC"},
                }
            ],
            "workingHours": {
                "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
                "startTime": "08:00:00.0000000",
                "endTime": "17:00:00.0000000",
                "timeZone": {"name": "W. Europe Standard Time"},
            },
        }
    ]


@pytest.mark.parametrize(
    ("status", "digit"),
    [
        ("free", "0"),
        ("workingElsewhere", "0"),
        ("unknown", "0"),
        ("tentative", "1"),
        ("busy", "2"),
        ("oof", "3"),
    ],
)
async def test_every_status_is_told(call, status, digit):
    """Whatever an event shows is an item of the schedule, and has its digit in the view."""
    await call("POST", "me/events", body=event(showAs=status))
    (found,) = await schedule(call, asked(first=9, last=10, availabilityViewInterval=30))
    assert (items(found), found["availabilityView"]) == ([(status, *NINE)], digit * 2)


async def test_the_heaviest_status_of_a_slot_is_shown(call):
    """Of what overlaps in a slot the view shows one; a slot may be cut short by the window."""
    shows = [(8, 9, "oof"), (8, 11, "busy"), (10.5, 12, "tentative"), (11.2, 11.4, "free")]
    for first, last, status in shows:
        await call("POST", "me/events", body=event(first, last, showAs=status))
    (found,) = await schedule(call, asked(first=7, last=12.5, availabilityViewInterval=60))
    assert found["availabilityView"] == "032210"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (None, [("tentative", *NINE)]),
        ("accepted", [("busy", *NINE)]),
        ("tentativelyAccepted", [("tentative", *NINE)]),
        ("declined", []),
    ],
)
async def test_an_invitation_takes_time_by_its_answer(call, sandbox, answer, found):
    """Unanswered it is tentative, declined it is not there; the organizer's stays busy."""
    _, made, _ = await call("POST", "me/events", body=event(attendees=GUESTS))
    if answer:
        sandbox.answer(BEN, made["id"], answer)
    mine, theirs = await schedule(call, asked(ADA, BEN))
    assert (items(mine), items(theirs)) == ([("busy", *NINE)], found)
    await call("DELETE", f"me/events/{made['id']}")
    assert [items(one) for one in await schedule(call, asked(ADA, BEN))] == [[], []]


async def test_only_the_default_calendar_is_told(call, sandbox):
    """What stands in another calendar of the mailbox is not in its schedule."""
    other = sandbox.world.add_book(ADA, "Projects", "UTC").id
    status, _, _ = await call("POST", f"me/calendars/{other}/events", body=event())
    (found,) = await schedule(call)
    assert (status, found["scheduleItems"], set(found["availabilityView"])) == (201, [], {"0"})


async def test_items_reach_over_the_window_and_are_instants(call):
    """Items that overlap are whole, those that touch are outside, and days are of their zone."""
    for first, last in ((-1, 1), (-2, 0), (23, 26), (24, 25), (5, 5)):
        await call("POST", "me/events", body=event(first, last))
    day = {"isAllDay": True, "showAs": "oof"}
    edges = (at(24, "Eastern Standard Time"), at(48, "Eastern Standard Time"))
    await call("POST", "me/events", body={**day, "start": edges[0], "end": edges[1]})
    wish = {"prefer": 'outlook.timezone="Tokyo Standard Time"'}
    assert [items(one) for one in await schedule(call)] == [
        [
            ("busy", "2027-02-28T23:00", "2027-03-01T01:00"),
            ("busy", "2027-03-01T23:00", "2027-03-02T02:00"),
        ]
    ]
    (found,) = await schedule(call, asked(first=30, last=40), headers=wish)
    assert items(found) == [("oof", "2027-03-02T14:00", "2027-03-03T14:00")]
    assert found["scheduleItems"][0]["end"]["timeZone"] == "Tokyo Standard Time"


async def test_a_window_may_be_of_any_zone(call):
    """The window's edges are wall times, each of its own zone."""
    await call("POST", "me/events", body=event())
    window = {
        "startTime": at(10, "W. Europe Standard Time"),
        "endTime": at(18.5, "Asia/Tokyo"),
    }
    (found,) = await schedule(call, {"schedules": [ADA], **window, "availabilityViewInterval": 5})
    assert (items(found), found["availabilityView"]) == ([("busy", *NINE)], "2" * 6)


async def test_others_learn_when_and_not_what(call, sandbox):
    """A colleague sees the times; whom the calendar is shared with sees more, never the private."""
    for fields in ({"sensitivity": "private"}, {"subject": "Plan"}):
        await call("POST", "me/events", body=event(**fields))
    (found,) = await schedule(call, asked(ADA), who=BEN)
    assert [[*item] for item in found["scheduleItems"]] == [["status", "start", "end"]] * 2
    sandbox.world.default_book(ADA).readers[BEN] = "read"
    (found,) = await schedule(call, asked(ADA), who=BEN)
    shown = sorted((item["isPrivate"], item.get("subject")) for item in found["scheduleItems"])
    assert shown == [(False, "Plan"), (True, None)]
    (found,) = await schedule(call, asked(ADA))
    shown = sorted((item["isPrivate"], item.get("subject")) for item in found["scheduleItems"])
    assert shown == [(False, "Plan"), (True, "Tea")]


async def test_a_mailbox_that_cannot_be_read_is_an_error_of_its_own(call, sandbox):
    """In a 200 the others are told, and one without items is told apart by its error."""
    sandbox.add_account(MIRA, name="Mira Holt")
    sandbox.add_account("nobox@saltmarsh.example.org", has_calendar=False)
    sandbox.switches.set({"unreadable": {FARID: "ErrorMailboxMoveInProgress"}})
    names = [ADA.upper(), "no@saltmarsh.example.org", MIRA, "nobox@saltmarsh.example.org", FARID]
    found = await schedule(call, asked(*names))
    assert [one["scheduleId"] for one in found] == names
    assert [one.get("error", {}).get("responseCode") for one in found] == [
        None,
        "ErrorMailRecipientNotFound",
        "ErrorMailRecipientNotFound",
        "ErrorMailRecipientNotFound",
        "ErrorMailboxMoveInProgress",
    ]
    assert {(one["availabilityView"], *one["scheduleItems"]) for one in found[1:]} == {("",)}


async def test_more_than_a_thousand_items_are_not_told(call, sandbox):
    """A mailbox with too much in the window is an error of its own, never a part of it."""
    _, made, _ = await call("POST", "me/events", body=event())
    book = sandbox.world.default_book(ADA)
    stored = book.events[made["id"]]
    book.events |= {f"{made['id']}{number}": stored for number in range(999)}
    assert len((await schedule(call))[0]["scheduleItems"]) == 1000
    book.events["one more"] = stored
    (found,) = await schedule(call)
    assert (found["error"]["responseCode"], found["scheduleItems"]) == ("5006", [])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (asked(first=9, last=9), "ErrorInvalidTimeInterval"),
        (asked(first=9, last=8), "ErrorInvalidTimeInterval"),
        (asked(last=62 * 24), "ErrorTimeIntervalTooBig"),
        (asked(availabilityViewInterval=4), "ErrorInvalidMergedFreeBusyInterval"),
        (asked(availabilityViewInterval=1441), "ErrorInvalidMergedFreeBusyInterval"),
        (asked(last=1, availabilityViewInterval=60), "ErrorInvalidMergedFreeBusyInterval"),
        (asked(last=0.5), "ErrorInvalidMergedFreeBusyInterval"),
        (asked(*[f"{n}@x.example" for n in range(21)]), "ErrorMailboxDataArrayTooBig"),
        (asked() | {"schedules": []}, "ErrorPropertyValidationFailure"),
        (asked() | {"schedules": ADA}, "RequestBodyRead"),
        (asked(availabilityViewInterval="long"), "RequestBodyRead"),
        (asked(zone="UTC"), "RequestBodyRead"),
        (asked() | {"startTime": None}, "ErrorPropertyValidationFailure"),
        (asked() | {"endTime": at(9, "Mars")}, "TimeZoneNotSupportedException"),
    ],
    ids=[
        "empty", "reversed", "long", "short slots", "long slots", "one slot", "slots unasked",
        "many", "nobody", "no list", "no number", "unknown", "no start", "zone",
    ],
)  # fmt: skip
async def test_a_wrong_question_is_refused(call, body, code):
    """A question that Graph does not take is refused as a whole, with its code."""
    status, _, told = await call("POST", "me/calendar/getSchedule", body=body)
    assert (status, told) == (400, code)


async def test_limits_are_reached(call):
    """Twenty mailboxes and a second less than 62 days are answered, and a day more is not."""
    most = asked(*[f"{n}@x.example" for n in range(20)])
    assert len(await schedule(call, most)) == 20
    late = {"dateTime": "2027-03-01T00:00:01.0000000", "timeZone": "UTC"}
    assert len(await schedule(call, asked(last=62 * 24) | {"startTime": late})) == 1
    words = "The allowed limit = 62 days; the actual limit = 63 days."
    _, body, _ = await call("POST", "me/calendar/getSchedule", body=asked(last=63 * 24))
    assert body["error"]["message"].endswith(words)


async def test_a_schedule_is_asked_for_as_somebody(call, sandbox):
    """By the id or the address of a user it is the same; an unknown user is not found."""
    oid = sandbox.world.people[BEN].oid
    for user in (BEN, oid):
        path = f"users/{user}/calendar/getSchedule"
        assert [one["scheduleId"] for one in await schedule(call, path=path)] == [ADA]
    path = f"users/{STRANGER}/calendar/getSchedule"
    status, _, code = await call("POST", path, body=asked())
    assert (status, code) == (404, "ErrorInvalidUser")


async def test_a_personal_account_has_no_schedule(call, sandbox):
    """Personal accounts are not served here, and their calendars are viewed all the same."""
    sandbox.add_account(MIRA, name="Mira Holt", personal=True)
    sandbox.world.access[MIRA] = Token(MIRA, ["Calendars.ReadWrite"], 2**40)
    path = "me/calendar/getSchedule"
    status, _, code = await call("POST", path, who=MIRA, body=asked(MIRA))
    assert (status, code) == (404, "MailboxNotEnabledForRESTAPI")
    window = {"startDateTime": "2027-03-01T00:00:00Z", "endDateTime": "2027-03-02T00:00:00Z"}
    assert (await call("GET", "me/calendarView", who=MIRA, **window))[0] == 200


async def test_a_zone_without_a_windows_name_has_no_name(call, sandbox):
    """Where Windows has no name for a mailbox's zone, its hours are of a customized one."""
    sandbox.world.people[ADA].zone = "Antarctica/Troll"
    (found,) = await schedule(call)
    assert found["workingHours"]["timeZone"] == {"name": "Customized Time Zone"}
