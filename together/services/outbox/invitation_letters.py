"""What an invitation to a session says, an update of one, and a cancellation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from together.providers.values import Answer
from together.services.outbox.itip import Meeting, Method, Person, calendar_text
from together.services.outbox.letters import CalendarPart, Letter, Link, day, listed, moment
from together.store.models import Booking, Member, Organization


@dataclass(frozen=True, slots=True)
class Told:
    """What one receiver is told of a session."""

    booking: Booking
    organization: Organization
    receiver: Member
    people: Sequence[Person]
    organizer: Person
    again: bool
    """Whether they were told before, and this is a change."""
    replaces: bool
    """Whether they had it from a calendar before, which does not hold it any more."""
    answer_at: str | None
    """Where they answer; None where nobody can any more."""
    at: int

    @property
    def me(self) -> Person:
        mine = [each for each in self.people if each.address == self.receiver.email]
        return mine[0] if mine else Person(self.receiver.name, self.receiver.email)

    @property
    def when(self) -> str:
        minutes = (self.booking.ends - self.booking.starts) // 60
        return f"{moment(self.booking.starts, zone=self.receiver.zone)}, {minutes} minutes"


def worded(told: Told, method: Method) -> Letter:
    """Word it, for people and for their mail programs."""
    booking, title = told.booking, told.organization.event_title
    text = calendar_text(
        method,
        Meeting(
            key=booking.event_key,
            sequence=booking.sequence,
            starts=booking.starts,
            ends=booking.ends,
            zone=booking.zone,
            title=title,
            description="\n".join(_ways_to_meet(told) or ["Booked in Together."]),
            people=told.people,
            place=booking.place,
            join_url=booking.join_url,
        ),
        organizer=told.organizer,
        receiver=told.me,
        at=told.at,
    )
    said, link_after = _cancelled(told) if method is Method.CANCEL else _invited(told)
    about = day(booking.starts, zone=told.receiver.zone)
    word = "Cancelled" if method is Method.CANCEL else "Updated" if told.again else "Invitation"
    link = None
    if told.answer_at is not None and link_after is not None:
        link = Link("Say whether you come", told.answer_at, after=link_after)
    return Letter(
        name=told.receiver.name,
        address=told.receiver.email,
        subject=f"{word}: {title}, {about}",
        paragraphs=(*said, f"Together, for {told.organization.name}"),
        link=link,
        calendar=CalendarPart(method.value, text),
    )


def _cancelled(told: Told) -> tuple[list[str], None]:
    """Say it without a name or a reason: those stay in Together."""
    return [
        f"Hello {told.receiver.name},",
        f"A session is cancelled: {told.organization.event_title}, {told.when}.",
        "Your mail program takes it out of your calendar, if it had put it there.",
    ], None


def _invited(told: Told) -> tuple[list[str], int]:
    booking, title = told.booking, told.organization.event_title
    others = listed([each.name for each in told.people if each.address != told.receiver.email])
    if told.again:
        first = f"Your session with {others} has changed. It is now: {title}, {told.when}."
    elif told.replaces:
        first = (
            f"Your session with {others} goes on as planned, and Together invites you to it from "
            f"now on: {title}, {told.when}. This replaces the invitation, or the event, that is in "
            "your calendar. If that is not taken away there, delete it: it is not kept up to date."
        )
    elif booking.booked_by_id == told.receiver.id:
        first = f"You have booked a session with {others}: {title}, {told.when}."
    else:
        first = f"You are invited to a session with {others}: {title}, {told.when}."
    said = [f"Hello {told.receiver.name},", first, *_ways_to_meet(told)]
    if booking.video is not None and booking.join_url is None:
        said.append(_of_the_link(told))
    if told.answer_at is None:
        return said, len(said)
    if told.me.answer is Answer.NEEDS_ACTION:
        said.append(
            "Whether you come, please say on the page below. What your mail program answers "
            "by itself is not read."
        )
    else:
        said.append("Should it change whether you come, say so on the page below.")
    return said, len(said)


def _of_the_link(told: Told) -> str:
    if not told.booking.link_given_up:
        return "Its video link is still being made. You are written to again once it is there."
    if told.replaces and not told.again:
        return "It has no video link any more: that of before ended. Agree on another way to meet."
    return "Its video link could not be made. Agree on another way to meet."


def _ways_to_meet(told: Told) -> list[str]:
    ways = []
    if told.booking.place:
        ways.append(f"Place: {told.booking.place}")
    if told.booking.join_url:
        ways.append(f"Join: {told.booking.join_url}")
    return ways
