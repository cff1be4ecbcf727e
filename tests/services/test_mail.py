"""Messages, as a real mail server takes them and the standard library reads them."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.smtp import mailboxes
from tests.world import NOW
from together.domain.texts import one_line
from together.providers.errors import Misconfigured
from together.providers.registry import Registry
from together.services.outbox.letters import Letter, Link, moment
from together.services.outbox.mail import Mails, written
from together.services.outbox.postbox import (
    AddressRefused,
    MailServerPost,
    Printed,
)
from together.store.models import Job, JobKind

LETTER = Letter(
    name="Åda Lindqvist",
    address="ada@saltmarsh.example.org",
    subject="Please reconnect your Gøøgle <Calendar>",
    paragraphs=(
        "Hello Åda Lindqvist,",
        "A line of more than seventy-two letters, so that it is broken where one word ends & no "
        "other place.",
        "Bye <b>now</b>",
    ),
    link=Link("Calendar Integrations", "https://together.example.org/calendar?a=1&b=2", after=2),
)
PLAIN = """\
Hello Åda Lindqvist,

A line of more than seventy-two letters, so that it is broken where one
word ends & no other place.

Calendar Integrations:
https://together.example.org/calendar?a=1&b=2

Bye <b>now</b>
"""
HTML = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Please reconnect your Gøøgle &lt;Calendar&gt;</title></head>
<body style="font: 16px/1.5 sans-serif; max-width: 40em">
<p>Hello Åda Lindqvist,</p>
<p>A line of more than seventy-two letters, so that it is broken where one word ends &amp; no \
other place.</p>
<p><a href="https://together.example.org/calendar?a=1&amp;b=2">Calendar Integrations</a></p>
<p>Bye &lt;b&gt;now&lt;/b&gt;</p>
</body>
</html>
"""


def message(**changes):
    given = {
        "name": LETTER.name,
        "address": LETTER.address,
        "subject": LETTER.subject,
        "paragraphs": LETTER.paragraphs,
        "link": LETTER.link,
    } | changes
    return written(Letter(**given), sender="post@example.org", key="k3y_-x", at=NOW)


EVIL = [
    "Ada\r\nBcc: mira@northlight.example.com",
    "Ada\nContent-Type: text/html\n\n<h1>",
    "Ada\u2028Bcc: x@example.com",
    "Ada\x00\x1b[31m\x85",
    'Ada" <mira@northlight.example.com>, "',
    "Ada, mira@northlight.example.com",
    "=?utf-8?q?Ada=0ABcc=3A_mira=40northlight=2Eexample=2Ecom?=",
    "Ada\u202egro",
]


async def test_a_message_arrives_whole():
    """Text and HTML say the same; the headers are ours, and there are no others."""
    async with mailboxes() as boxes:
        await MailServerPost(boxes.server()).send(message())
    [arrived] = boxes.arrived
    assert (arrived.sender, arrived.receivers) == (
        "post@example.org",
        ["ada@saltmarsh.example.org"],
    )
    read = arrived.message
    boundary = read.get_boundary()
    assert {name: str(value) for name, value in read.items()} == {
        "From": "Together <post@example.org>",
        "To": "Åda Lindqvist <ada@saltmarsh.example.org>",
        "Subject": "Please reconnect your Gøøgle <Calendar>",
        "Date": "Mon, 30 Nov 2026 08:00:00 +0000",
        "Message-ID": "<k3y_-x@example.org>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }
    assert [part.get_content_type() for part in read.iter_parts()] == ["text/plain", "text/html"]
    assert arrived.part("plain").replace("\r\n", "\n") == PLAIN
    assert arrived.part("html").replace("\r\n", "\n") == HTML
    assert arrived.raw.isascii()
    assert max(map(len, arrived.raw.splitlines())) < 100


def test_nothing_tells_that_a_mail_was_opened():
    """The HTML fetches nothing: no image, style sheet, font, script or frame."""
    html = message().get_body(("html",)).get_content()
    fetching = re.compile(r"<(img|link|script|iframe|object|embed)|src=|url\(|@import")
    assert fetching.findall(html) == []


@pytest.mark.parametrize("evil", EVIL)
async def test_no_header_is_slipped_in(evil: str):
    """A name or a label with line breaks, quotes or encoded words stays one name and one text."""
    async with mailboxes() as boxes:
        await MailServerPost(boxes.server()).send(message(name=evil, subject=evil))
    [arrived] = boxes.arrived
    assert arrived.receivers == ["ada@saltmarsh.example.org"]
    read = arrived.message
    assert sorted(read.keys()) == sorted(message().keys())
    [to] = read["To"].addresses
    assert to.addr_spec == "ada@saltmarsh.example.org"
    assert "\n" not in f"{read['Subject']}{to.display_name}"
    assert "\x1b" not in arrived.raw.decode()


@pytest.mark.parametrize(
    "name",
    [
        "Ada of the House by the Long Water, mira@northlight.example.com, and of the Far Shore",
        f"Ada <mira@northlight.example.com>, {'x' * 80}",
        f'a\\"b, <mira@northlight.example.com>, {"y" * 80}',
        f"team: mira@northlight.example.com; {'z' * 80}",
        f"Åda <mira@northlight.example.com>, {'ø' * 80}",
    ],
)
def test_a_long_name_is_no_list_of_receivers(name: str):
    """A name that does not fit into a line is read as a name too, and never as further people."""
    read = message_from_bytes(message(name=name).as_bytes(), policy=default)
    assert [each.addr_spec for each in read["To"].addresses] == ["ada@saltmarsh.example.org"]
    assert sorted(read.keys()) == sorted(message().keys())


@given(name=st.text(max_size=60), subject=st.text(max_size=120))
def test_any_name_is_read_as_it_is(name: str, subject: str):
    """Whatever somebody is called, one address is read, and the name letter by letter."""
    raw = message(name=name, subject=subject).as_bytes()
    read = message_from_bytes(raw, policy=default)
    [to] = read["To"].addresses
    assert to.addr_spec == "ada@saltmarsh.example.org"
    assert sorted(read.keys()) == sorted(message().keys())
    # Where a long name is written in two parts, Python reads a space between them.
    assert "".join(to.display_name.split()) == "".join(one_line(name).split())


@pytest.mark.parametrize(
    "address",
    [
        "ada@x.org\r\nBcc: b@x.org",
        "ada@x.org> SIZE=1",
        "a b@x.org",
        "ada<x@x.org",
        "ada",
        "=?utf-8?q?a=0ABcc=3A_b=40x=2Eorg?=@x.org",
    ],
)
async def test_an_address_that_is_none_is_given_up(address: str):
    """An address that could say more to a server than whom it is for is never said."""
    async with mailboxes() as boxes:
        with pytest.raises(AddressRefused):
            await MailServerPost(boxes.server()).send(message(address=address))
    assert (boxes.arrived, [word for word in boxes.said if word == "RCPT"]) == ([], [])


async def test_what_is_no_mail_is_not_sent():
    """A job that is no letter is the operator's trouble, not a letter of another kind."""
    with pytest.raises(Misconfigured):
        await Mails(Registry({}, {}, {}), lambda: NOW).send(Job(kind=JobKind.WRITE_EVENT))


async def test_printed(capsys: pytest.CaptureFixture[str]):
    """Where there is no server, a mail is a block on the console that can be read at a glance."""
    await Printed().send(message(name="Ada \x1b[31mLindqvist"))
    assert capsys.readouterr().out == (
        "\n-- mail " + "-" * 64 + "\n\n"
        "To: \"Ada [31mLindqvist\" <ada@saltmarsh.example.org>\n"
        "Subject: Please reconnect your Gøøgle <Calendar>\n\n" + PLAIN + "\n" + "-" * 72 + "\n\n"
    )  # fmt: skip


def test_a_moment_is_told_in_ones_own_zone():
    """Since when is said as the wall clock of whoever reads it shows it."""
    told = [moment(NOW, zone=zone) for zone in ("Europe/Stockholm", "Asia/Kolkata", "UTC")]
    assert told == [
        "Monday 30 November 2026, 09:00 (Europe/Stockholm)",
        "Monday 30 November 2026, 13:30 (Asia/Kolkata)",
        "Monday 30 November 2026, 08:00 (UTC)",
    ]
