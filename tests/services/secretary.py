"""A desk with a real mail server, and letters read as mail programs read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ical.calendar import Calendar
from ical.calendar_stream import IcsCalendarStream
from ical.event import Event

from tests.services.desk import Desk
from tests.services.diary import REGISTRY
from tests.smtp import Arrived, Mailboxes
from tests.world import World
from together.services.outbox.answer_links import AnswerLinks
from together.services.outbox.delivery import Delivery
from together.services.outbox.mail import Mails
from together.services.outbox.postbox import MailServerPost
from together.store.models import CalendarRow, Member

SENDER = "post@saltmarsh.example.org"
LINKS = AnswerLinks([b"k" * 32], public_url="https://together.example.org")


@dataclass(frozen=True, slots=True)
class Received:
    """One letter about a session."""

    arrived: Arrived
    method: str
    text: str
    """The iCalendar object."""

    @property
    def calendar(self) -> Calendar:
        """As a parser reads it that had no part in writing it."""
        return IcsCalendarStream.calendar_from_ics(self.text)

    @property
    def event(self) -> Event:
        [event] = self.calendar.events
        return event

    @property
    def subject(self) -> str:
        return str(self.arrived.message["Subject"])

    @property
    def plain(self) -> str:
        return " ".join(self.arrived.part("plain").split())

    @property
    def brief(self) -> tuple[str, int | None]:
        return self.method, self.event.sequence

    @property
    def id(self) -> str:
        return str(self.arrived.message["Message-ID"])


def read(arrived: Arrived) -> Received:
    """Take the calendar out of a letter, as a mail program does that acts on it."""
    alternative, attached = arrived.message.iter_parts()
    *_, part = alternative.iter_parts()
    assert part.get_content_type() == "text/calendar"
    text = part.get_payload(decode=True).decode(part.get_content_charset())
    assert attached.get_payload(decode=True).decode() == text
    return Received(arrived, part.get_param("method"), text)


class Secretary(Desk):
    """Sessions are booked here, and mails about them go to a real mail server."""

    def __init__(self, world: World, boxes: Mailboxes, **post: Any) -> None:
        super().__init__(world)
        self.boxes = boxes
        self.post = MailServerPost(boxes.server(), **{"patience": 5} | post)
        self.delivery = self.another()

    def another(self) -> Delivery:
        """The same worker in another process."""
        mails = Mails(REGISTRY, self.clock, post=self.post, sender=SENDER, answers=LINKS)
        return Delivery(self.diaries, REGISTRY, self.clock, mails)

    def received(self, who: Member) -> list[Received]:
        return [read(each) for each in self.boxes.arrived if each.receivers == [who.email]]

    def told(self, who: Member) -> list[tuple[str, int | None]]:
        """Method and SEQUENCE of each letter that somebody got, in order."""
        return [each.brief for each in self.received(who)]

    def told_by_name(self) -> list[str]:
        """Who got a letter, by the first part of their addresses."""
        return [each.receivers[0].partition("@")[0] for each in self.boxes.arrived]

    async def receives_nothing(self, who: Member) -> None:
        """None of their calendars receives events any more."""
        await CalendarRow.filter(integration__member_id=who.id).update(receives=False)
