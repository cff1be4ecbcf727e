"""Messages are handed to a real mail server, encrypted, and each no is sorted by who must act."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.test_mail import message
from tests.smtp import USER, mailboxes, self_signed
from together.domain.mail_servers import Encryption, MailServer
from together.providers.errors import ProviderError
from together.providers.values import Secret
from together.services.outbox.postbox import (
    AddressRefused,
    CannotEncrypt,
    LoginRefused,
    MailNotAllowed,
    MailServerAway,
    MailServerPost,
    NotAcceptedYet,
    PerhapsTaken,
)


async def refused(post: MailServerPost, kind: type[ProviderError], **changes) -> ProviderError:
    """Send, see it fail in this way, and find nothing of what was said in the error."""
    with pytest.raises(kind) as caught:
        await post.send(message(**changes))
    assert type(caught.value) is kind
    assert (caught.value.__cause__, str(caught.value)) == (None, kind.words)
    return caught.value


@pytest.mark.parametrize("address", ["jörg@saltmarsh.example.org", "jo@sältmarsh.example.org"])
async def test_an_address_beyond_ascii(address: str):
    """It is sent as it is where the server knows such addresses, and else to nobody."""
    async with mailboxes() as boxes:
        await MailServerPost(boxes.server()).send(message(address=address))
    [arrived] = boxes.arrived
    assert arrived.receivers == [address]
    assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(arrived.options)
    assert arrived.message["To"].addresses[0].addr_spec == address
    async with mailboxes(wide=False) as boxes:
        await refused(MailServerPost(boxes.server()), AddressRefused, address=address)
    assert boxes.arrived == []


@pytest.mark.parametrize("implicit", [False, True])
async def test_encrypted_and_signed_in(tmp_path, implicit: bool):
    """Over STARTTLS and over TLS, the login is said after the encryption stands."""
    certificate = self_signed(tmp_path)
    scheme = Encryption.TLS if implicit else Encryption.STARTTLS
    async with mailboxes(certificate=certificate, implicit=implicit, login=True) as boxes:
        server = boxes.server(scheme, login=True)
        post = MailServerPost(server, tls=certificate.trusted())
        await post.send(message())
        await post.check(sender="post@example.org")
        [arrived] = boxes.arrived
        assert (arrived.encrypted or implicit, arrived.user) == (True, USER)
        wrong = MailServer(server.host, server.port, scheme, USER, Secret("wrong"))
        error = await refused(MailServerPost(wrong, tls=certificate.trusted()), LoginRefused)
        assert (error.status, error.code) == (535, "5.7.8")
        nobody = MailServer(server.host, server.port, scheme)
        error = await refused(MailServerPost(nobody, tls=certificate.trusted()), MailNotAllowed)
        assert error.status == 530
    assert len(boxes.arrived) == 1


@pytest.mark.parametrize("implicit", [False, True])
async def test_a_certificate_that_nobody_vouches_for(tmp_path, implicit: bool):
    """By default the system decides whom to trust, and another's name is wrong: no mail leaves."""
    certificate, other = self_signed(tmp_path), self_signed(tmp_path, name="mail.example.net")
    scheme = Encryption.TLS if implicit else Encryption.STARTTLS
    for shown, trusts in ((certificate, None), (other, other.trusted())):
        async with mailboxes(certificate=shown, implicit=implicit, login=True) as boxes:
            server = boxes.server(scheme, login=True)
            await refused(MailServerPost(server, tls=trusts), CannotEncrypt)
        assert (boxes.arrived, "AUTH" in boxes.said) == ([], False)


async def test_no_encryption_no_mail():
    """A server without STARTTLS gets neither the login nor the message."""
    async with mailboxes(login=True) as boxes:
        await refused(MailServerPost(boxes.server(Encryption.STARTTLS, login=True)), CannotEncrypt)
        assert boxes.said == ["EHLO"]
        await refused(MailServerPost(boxes.server(Encryption.TLS, login=True)), CannotEncrypt)
    async with mailboxes() as boxes:  # a server that knows no logins
        await refused(MailServerPost(boxes.server(login=True)), LoginRefused)


@pytest.mark.parametrize(
    ("command", "answer", "kind", "status", "code"),
    [
        ("RCPT", "450 4.2.1 canary, later", NotAcceptedYet, 450, "4.2.1"),
        ("RCPT", "451 canary", NotAcceptedYet, 451, None),
        ("RCPT", "550 5.1.1 canary unknown", AddressRefused, 550, "5.1.1"),
        ("RCPT", "550 canary unknown", AddressRefused, 550, None),
        ("RCPT", "554 5.7.1 canary relaying denied", MailNotAllowed, 554, "5.7.1"),
        ("RCPT", "530 canary sign in", MailNotAllowed, 530, None),
        ("MAIL", "550 5.1.8 canary sender", MailNotAllowed, 550, "5.1.8"),
        ("MAIL", "452 4.3.1 canary full", NotAcceptedYet, 452, "4.3.1"),
        ("DATA", "452 4.3.1 canary full", NotAcceptedYet, 452, "4.3.1"),
        ("DATA", "554 5.6.0 canary content", AddressRefused, 554, "5.6.0"),
        ("EHLO", "421 4.3.2 canary", NotAcceptedYet, 421, "4.3.2"),
    ],
)
async def test_a_no_is_sorted_by_who_must_act(command, answer, kind, status, code):
    """Its numbers decide and are kept; what the server said besides is dropped.

    The same message is taken afterwards.
    """
    async with mailboxes() as boxes:
        boxes.answers[command] = [answer]
        post = MailServerPost(boxes.server())
        error = await refused(post, kind)
        assert (error.status, error.code) == (status, code)
        assert "canary" not in repr(vars(error))
        await post.send(message())
    assert boxes.ids == ["<k3y_-x@example.org>"]


async def test_a_server_that_is_away():
    """A refused connection, an unknown name and a greeting that is none are a passing trouble."""
    async with mailboxes() as boxes:
        server = boxes.server()
    await refused(MailServerPost(server), MailServerAway)
    nowhere = MailServer("mail.nowhere.invalid", 25, Encryption.NONE)
    await refused(MailServerPost(nowhere), MailServerAway)

    async def mumbling(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(mumbling, "127.0.0.1", 0) as odd:
        port = odd.sockets[0].getsockname()[1]
        await refused(
            MailServerPost(MailServer("127.0.0.1", port, Encryption.NONE)), MailServerAway
        )


async def test_a_server_that_falls_silent():
    """A message is waited for as long as was said, and not longer."""
    async with mailboxes() as boxes:
        boxes.hanging = asyncio.Event()
        async with asyncio.timeout(3):
            await refused(MailServerPost(boxes.server(), patience=0.2), PerhapsTaken)
        assert boxes.arrived == []


async def test_a_bad_goodbye_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    """Once the server has taken a message, it is sent, however the connection ends."""

    async def smtp_QUIT(self, arg):  # noqa: N802  (aiosmtpd's name)
        self.transport.abort()

    monkeypatch.setattr("aiosmtpd.smtp.SMTP.smtp_QUIT", smtp_QUIT)
    async with mailboxes() as boxes:
        await MailServerPost(boxes.server()).send(message())
    assert len(boxes.arrived) == 1


async def test_the_check_hands_nothing_over():
    """Looking whether a server takes mail goes up to the sender, and leaves no message."""
    async with mailboxes() as boxes:
        await MailServerPost(boxes.server()).check(sender="post@example.org")
    assert (boxes.said, boxes.arrived) == (["EHLO", "MAIL"], [])
