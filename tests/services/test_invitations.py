"""Where no calendar of the booker's invites, Together does: one invitation a person, by mail."""

from __future__ import annotations

import pytest

from tests.services.desk import NINE
from tests.services.diary import connect
from tests.services.secretary import SENDER, Secretary
from tests.world import DAY, NOW, match
from together.providers.values import Capability
from together.services.outbox import invitations
from together.services.outbox.delivery_state import DeliveryState
from together.services.outbox.spreading import spread
from together.services.outbox.targets import NotYet
from together.store.clock import database_now
from together.store.models import (
    Booking,
    CalendarEvent,
    Integration,
    Invitation,
    Job,
    JobKind,
    Match,
    MatchState,
    Member,
    Organization,
)
from together.store.transaction import transaction

REQUEST, CANCEL = ("REQUEST", 0), ("CANCEL", 1)


PLAIN = """\
Hello Ben Okafor,

You are invited to a session with Ada Lindqvist: Mentoring session,
Tuesday 1 December 2026, 10:00 (Africa/Lagos), 45 minutes.

Whether you come, please say on the page below. What your mail program
answers by itself is not read.

Say whether you come:
https://together.example.org/answers/"""


async def test_what_an_invitation_looks_like(secretary: Secretary):
    """A mail says it in text, in HTML and in iCalendar, which is enclosed once more as a file."""
    ada, ben = secretary.world.ada, secretary.world.ben
    booking = await secretary.book()
    await secretary.run()
    [received] = secretary.received(ben)
    message = received.arrived.message
    assert [(part.get_content_type(), part.get_filename()) for part in message.walk()] == [
        ("multipart/mixed", None),
        ("multipart/alternative", None),
        ("text/plain", None),
        ("text/html", None),
        ("text/calendar", None),
        ("application/ics", "invite.ics"),
    ]
    [part] = [each for each in message.walk() if each.get_content_type() == "text/calendar"]
    assert (part.get_param("charset"), part.get_param("method")) == ("utf-8", "REQUEST")
    assert received.subject == ("Invitation: Mentoring session, Tue 1 Dec 2026, 10:00")
    plain = received.arrived.part("plain").replace("\r\n", "\n")
    assert plain.startswith(PLAIN)
    assert plain.endswith("\n\nTogether, for Saltmarsh Institute\n")
    event = received.event
    assert (event.uid, event.sequence, event.summary) == (
        booking.event_key,
        0,
        "Mentoring session",
    )
    assert (int(event.start_datetime.timestamp()), int(event.end_datetime.timestamp())) == (
        NINE,
        NINE + 45 * 60,
    )
    assert (event.organizer.uri, event.organizer.common_name) == (f"mailto:{SENDER}", "Together")
    assert [(each.uri, each.common_name, each.status, each.rsvp) for each in event.attendees] == [
        (f"mailto:{ada.email}", "Ada Lindqvist", "ACCEPTED", False),
        (f"mailto:{ben.email}", "Ben Okafor", "NEEDS-ACTION", True),
    ]
    assert received.arrived.raw.isascii()


@pytest.mark.parametrize(
    ("connected", "events", "mails"),
    [
        ((), (), ("ada", "ben", "dev")),
        (("ada",), (("ada", 2),), ()),
        (("ben",), (("ben", 0),), ("ada", "dev")),
        (("ben", "dev"), (("ben", 0), ("dev", 0)), ("ada",)),
        (("ada", "ben", "dev"), (("ada", 2),), ()),
    ],
    ids=lambda value: "+".join(map(str, value)) or "nobody",
)
async def test_one_invitation_a_person(secretary: Secretary, connected, events, mails):
    """The booker's calendar invites everybody, or Together does: by event or mail, not both."""
    world = secretary.world
    people = {name: getattr(world, name) for name in ("ada", "ben", "dev")}
    trio = await match(*people.values(), now=NOW - DAY)
    for name in connected:
        await connect(people[name])
    booking = await secretary.book(of=trio)
    for who in people.values():
        assert await secretary.state(booking, who) is DeliveryState.PENDING
    await secretary.run()
    written = [
        (name, len(draft.guests)) for name, who in people.items() for draft in secretary.events(who)
    ]
    assert (tuple(written), tuple(sorted(secretary.told_by_name()))) == (events, mails)
    for who in people.values():
        assert await secretary.state(booking, who) is DeliveryState.DELIVERED


@pytest.mark.parametrize("cannot", ["read only", "lost grant", "no calendar receives"])
async def test_whose_calendar_cannot_be_written(secretary: Secretary, cannot: str):
    """A guest whose calendar cannot be written when the session is spread gets a mail."""
    ben = secretary.world.ben
    await connect(ben)
    theirs = Integration.filter(member_id=ben.id)
    booking = await secretary.book()
    match cannot:
        case "read only":
            await theirs.update(capabilities=Capability.FREE_BUSY.value)
        case "lost grant":
            await theirs.update(state="NEEDS_RECONNECT", reason="AuthorizationExpired")
        case "no calendar receives":
            await secretary.receives_nothing(ben)
    await secretary.run()
    assert (secretary.told(ben), secretary.events(ben)) == ([REQUEST], [])
    assert await secretary.state(booking, ben) is DeliveryState.DELIVERED
    assert await CalendarEvent.all().count() == 0


async def test_the_way_is_kept(secretary: Secretary):
    """Who is invited by mail stays so for the session's life, whatever they connect afterwards."""
    world = secretary.world
    booking = await secretary.book()
    await secretary.run()
    for who in (world.ada, world.ben):
        await connect(who)
    await secretary.cancel(booking)
    await secretary.run()
    assert [secretary.told(who) for who in (world.ada, world.ben)] == [[REQUEST, CANCEL]] * 2
    assert secretary.diaries.calls == {}


async def test_a_closed_match_invites_nobody(secretary: Secretary):
    """An invitation that waits while its match ends is not sent."""
    await secretary.book()
    await secretary.once()
    await Match.filter(id=secretary.world.match.id).update(state=MatchState.ENDED)
    await secretary.run()
    assert secretary.boxes.arrived == []


async def test_a_link_that_comes_later(secretary: Secretary):
    """An invitation waits a while for its link, goes out without it, and is followed by one."""
    world = secretary.world
    booking = await secretary.book()
    await Booking.filter(id=booking.id).update(video="memory_meet")
    for _ in range(3):
        await secretary.once()
    assert secretary.boxes.arrived == []
    await Job.filter(kind=JobKind.INVITE).update(
        created_at=await database_now() - invitations.LINK_AWAITED
    )
    await secretary.run()

    async def linked() -> None:
        there = await Booking.filter(id=booking.id).select_for_update().get()
        there.join_url = "https://meet.example.net/abc"
        await there.save(update_fields=["join_url"])
        await invitations.tell_of_change(there, at=await database_now())

    await transaction(linked)
    assert await secretary.state(booking, world.ben) is DeliveryState.PENDING
    await secretary.run()
    first, second = secretary.received(world.ben)
    assert (first.brief, second.brief) == (REQUEST, ("REQUEST", 1))
    assert "link is still being made" in first.plain
    assert (first.event.url, first.event.location) == (None, None)
    assert second.subject.startswith("Updated: Mentoring session")
    assert "Join: https://meet.example.net/abc" in second.plain
    event = second.event
    assert (event.uid, event.url, event.location, event.conference[0].uri) == (
        booking.event_key,
        *["https://meet.example.net/abc"] * 3,
    )
    await secretary.cancel(booking)
    await secretary.run()
    assert secretary.told(world.ben)[-1] == ("CANCEL", 2)


async def test_what_an_organization_calls_its_sessions(secretary: Secretary):
    """Title, names and place stay what they are, whatever letters are in them."""
    world = secretary.world
    title, name = 'Talk; a, "b"\\n: c', 'Ada "Å"; Lindqvist, X=1:2'
    await Organization.filter(id=world.saltmarsh.id).update(event_title=title)
    await Member.filter(id=world.ada.id).update(name=name)
    await secretary.book(place="Room 1; 2nd floor, left\\right")
    await secretary.run()
    event = secretary.received(world.ben)[0].event
    assert (event.summary, event.location) == (title, "Room 1; 2nd floor, left\\right")
    assert event.attendees[0].common_name == name.replace('"', "'")


async def test_spread_in_two_turns(secretary: Secretary):
    """While a copy waits for the link, mails are written down; who has one gets no copy then."""
    ada, ben, dev = secretary.world.ada, secretary.world.ben, secretary.world.dev
    await connect(dev)
    booking = await secretary.book(of=await match(ada, ben, dev, now=NOW - DAY))
    await Booking.filter(id=booking.id).update(video="memory_meet")
    mine = {"organization_id": booking.organization_id, "booking_id": booking.id}
    linking = await Job.create(
        **mine, kind=JobKind.POLL_MEETING, integration_id=0, due_at=0, created_at=0
    )
    job = await Job.get(**mine, kind=JobKind.WRITE_EVENT)
    for _ in range(2):
        with pytest.raises(NotYet):
            await spread(job, mails_reach=True)
        members = await Invitation.all().order_by("member_id").values_list("member_id", flat=True)
        assert members == [ada.id, ben.id]
        assert await CalendarEvent.all().count() == 0
        assert await Job.filter(kind=JobKind.INVITE).count() == 2
    await connect(ben)
    await linking.delete()
    await spread(job, mails_reach=True)
    [copy] = await CalendarEvent.all()
    assert copy.calendar_id == f"calendar-{dev.id}"
    assert await Invitation.all().count() == await Job.filter(kind=JobKind.INVITE).count() == 2
