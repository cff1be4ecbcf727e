"""What a mail looks like, and the worker's part in it: words are made when it is sent.

A mail is a job of the outbox, in ids only.  It is sent at least once: whoever dies between the
server's acceptance and our note of it leaves a second copy, with the same Message-ID.
"""

from __future__ import annotations

import logging
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from html import escape

from together.domain.addresses import BadAddress, checked_email
from together.domain.texts import one_line
from together.providers.errors import Misconfigured, Refused
from together.providers.registry import Registry
from together.services.connections import holders, reminders, trouble
from together.services.organization import connect_letters, owner_letters
from together.services.outbox import session_reminders
from together.services.outbox.answer_links import AnswerLinks
from together.services.outbox.invitations import Invitations
from together.services.outbox.itip import Person
from together.services.outbox.letters import CalendarPart, Letter
from together.services.outbox.postbox import AddressRefused, Post, Printed
from together.services.people import matched
from together.store.models import Job, JobKind

log = logging.getLogger(__name__)

NAME = "Together"
SENDER = "together@localhost"
"""Whom mails come from where nobody has said it; such mails are printed only."""

_MARKS = frozenset('()<>[]@,:;.\\"')
"""What has a meaning of its own where addresses are listed."""
_WHOLE = re.compile(r'"(?:\\.|[^"\\])*"|=\?[^?]*\?[^?]*\?[^?]*\?=')
"""What stands in quotation marks, or is encoded, and has none."""

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body style="font: 16px/1.5 sans-serif; max-width: 40em">
{paragraphs}
</body>
</html>
"""


class Mails:
    """Sends the mails of the outbox."""

    def __init__(
        self,
        registry: Registry,
        clock: Callable[[], int],
        *,
        post: Post | None = None,
        sender: str = SENDER,
        page: str | None = None,
        answers: AnswerLinks | None = None,
    ) -> None:
        """`page` is the address at which people connect calendars, for the link in a mail;
        `answers` makes those at which they answer an invitation.
        """
        self._registry, self._clock = registry, clock
        self._post, self._sender, self._page = post or Printed(), sender, page
        self._invitations = Invitations(
            clock,
            organizer=Person(NAME, sender),
            reaches=self.reaches,
            links=answers,
        )

    @property
    def reaches(self) -> bool:
        """Whether there is a mail server: what is printed reaches nobody."""
        return not isinstance(self._post, Printed)

    async def remind(self) -> int:
        """Write down the reminders that are due; say for how many calendars that was."""
        return await reminders.write_down(now=self._clock())

    async def remind_of_sessions(self) -> int:
        """Write down the reminders of sessions that are due; say how many there are."""
        return await session_reminders.write_down(now=self._clock())

    async def send(self, job: Job) -> None:
        """Send the mail of a job, unless there is nothing to say any more."""
        if job.kind is JobKind.INVITE:
            await self._invitations.send(job, partial(self._hand_over, job))
            return
        letter = await self._worded(job)
        if letter is not None:
            await self._hand_over(job, letter, job.uid)

    async def _hand_over(self, job: Job, letter: Letter, key: str) -> None:
        try:
            message = written(letter, sender=self._sender, key=key, at=self._clock())
            await self._post.send(message)
        except Misconfigured as error:
            trouble.tell_the_operator(error, about=f"job {job.id}")
            raise
        except Refused as error:
            words = "job %s: its mail is not taken: status=%s code=%s"
            log.warning(words, job.id, error.status, error.code)
            raise

    async def _worded(self, job: Job) -> Letter | None:
        match job.kind:
            case JobKind.REMIND_RECONNECT:
                return await reminders.letter(job, registry=self._registry, page=self._page)
            case JobKind.TELL_HOLDER:
                return await holders.letter(job, registry=self._registry)
            case JobKind.TELL_MATCHED:
                return await matched.letter(job)
            case JobKind.REMIND_DAY | JobKind.REMIND_HOUR:
                return await session_reminders.letter(job, now=self._clock())
            case JobKind.TELL_FAILING | JobKind.TELL_HEALTHY:
                return await owner_letters.letter(job, registry=self._registry)
            case JobKind.TELL_VIDEO_FAILING | JobKind.TELL_VIDEO_HEALTHY:
                return await owner_letters.about_video(job, registry=self._registry)
            case JobKind.ASK_TO_CONNECT:
                return await connect_letters.letter(job, registry=self._registry, page=self._page)
        raise Misconfigured  # it is no mail


@dataclass(frozen=True, slots=True)
class _Name:
    local: str
    domain: str

    @classmethod
    def of(cls, address: str) -> _Name:
        local, _, domain = address.rpartition("@")
        return cls(local, domain)


def written(letter: Letter, *, sender: str, key: str, at: int) -> EmailMessage:
    """Write a letter down as a message; the same `key` makes the same Message-ID."""
    message = EmailMessage(policy=SMTP)
    ours = _Name.of(sender)
    message["From"] = Address(NAME, ours.local, ours.domain)
    theirs = _Name.of(_said_to_a_server(letter.address))
    message["To"] = _receiver(_heading(letter.name), theirs)
    message["Subject"] = _heading(letter.subject)
    message["Date"] = datetime.fromtimestamp(at, UTC)
    message["Message-ID"] = f"<{key}@{ours.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(letter), cte="quoted-printable")
    message.add_alternative(_html(letter), subtype="html", cte="quoted-printable")
    if letter.calendar is not None:
        _enclose(message, letter.calendar)
    return message


def _enclose(message: EmailMessage, part: CalendarPart) -> None:
    """Put it in twice: as one way to read the mail, which mail programs act on, and as a file for
    those that do not.
    """
    message.add_alternative(
        part.text, subtype="calendar", cte="base64", params={"method": part.method}
    )
    message.add_attachment(
        part.text.encode(), maintype="application", subtype="ics", filename="invite.ics"
    )


def _said_to_a_server(address: str) -> str:
    try:
        checked = checked_email(address)
    except BadAddress:
        raise AddressRefused from None
    if _heading(checked) != checked:
        raise AddressRefused
    return checked


def _receiver(name: str, theirs: _Name) -> Address:
    """Say whom it is for, so that whoever reads the header finds this one address in it.

    Python drops the quotation marks of a name that it breaks into lines, and what is in the name
    would be read as further addresses; such a name goes without the marks of a list of them.
    """
    receiver = Address(name, theirs.local, theirs.domain)
    folded = SMTP.header_factory("To", str(receiver)).fold(policy=SMTP)
    bare = _WHOLE.sub("", folded.removeprefix("To:").rpartition("<")[0])
    if _MARKS.isdisjoint(bare):
        return receiver
    plain = "".join(" " if each in _MARKS else each for each in name)
    return Address(one_line(plain), theirs.local, theirs.domain)


def _heading(text: str) -> str:
    """Write a text for a header, where a line break would begin another one.

    Python's own parser reads an encoded word even where it was given as a plain text, and what that
    decodes to can hold a line break.
    """
    return one_line(text).replace("=?", "= ?")


def _text(letter: Letter) -> str:
    """Write it for a screen of letters; an address stands alone in its line, and whole."""
    paragraphs = [
        textwrap.fill(one_line(each), 72, break_long_words=False, break_on_hyphens=False)
        for each in letter.paragraphs
    ]
    if letter.link is not None:
        paragraphs.insert(letter.link.after, f"{letter.link.words}:\n{letter.link.address}")
    return "\n\n".join(paragraphs) + "\n"


def _html(letter: Letter) -> str:
    """Write it for a browser: nothing is fetched, so nobody is told that it was opened."""
    paragraphs = [escape(one_line(each)) for each in letter.paragraphs]
    if letter.link is not None:
        link = f'<a href="{escape(letter.link.address)}">{escape(letter.link.words)}</a>'
        paragraphs.insert(letter.link.after, link)
    return _PAGE.format(
        title=escape(one_line(letter.subject)),
        paragraphs="\n".join(f"<p>{each}</p>" for each in paragraphs),
    )
