"""Hands a message over: to the mail server, or to whoever looks at the console where none is set.

What a server answers is kept as its numbers alone; they say who has to act.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import Protocol

import aiosmtplib

from together.domain.mail_servers import Encryption, MailServer
from together.providers.errors import Misconfigured, NeedsTime, ProviderError, Refused

PATIENCE = 60.0
"""Seconds that handing one message over may take."""

_GOODBYE = 2.0
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
_ABOUT_US = frozenset({530, 534, 535, 538})
"""What a server says to whoever is not signed in as it wants."""


class MailServerAway(NeedsTime):
    """No mail server answered, or it fell silent."""

    words = "The mail server cannot be reached, or stopped answering."


class PerhapsTaken(MailServerAway):
    """It was lost while a message was handed over, which it may have taken."""


class NotAcceptedYet(NeedsTime):
    """The server asks to be asked again."""

    words = "The mail server does not take this message now."


class CannotEncrypt(Misconfigured):
    """The server offers no encryption, or nothing vouches for who it is."""

    words = "The connection to the mail server cannot be encrypted, or its certificate is not good."


class LoginRefused(Misconfigured):
    """User and password are not what the server knows."""

    words = "The mail server refuses user and password."


class MailNotAllowed(Misconfigured):
    """The server takes no such mail from us, whoever it is for."""

    words = "The mail server does not let this installation send mail."


class AddressRefused(Refused):
    """The message never reaches this address."""

    words = "The mail server refuses this message for this address."


class Post(Protocol):
    """Where messages are handed over."""

    async def send(self, message: EmailMessage) -> None:
        """Hand it over; once this returns, it is somebody else's to deliver."""
        ...


class MailServerPost:
    """Hands messages to a mail server, each over a connection of its own."""

    def __init__(
        self, server: MailServer, *, tls: ssl.SSLContext | None = None, patience: float = PATIENCE
    ) -> None:
        """`tls` is what certificates are judged by: by default, those the system trusts."""
        self._server, self._tls, self._patience = server, tls, patience

    async def send(self, message: EmailMessage) -> None:
        """Send it to the one address in ``To``, as the address in ``From``."""
        [sender], [receiver] = message["From"].addresses, message["To"].addresses
        # Most servers know ASCII only; where a message needs more, the server has to say it can.
        wide = not f"{sender.addr_spec}{receiver.addr_spec}".isascii()
        said = False
        try:
            async with self._connected(greets_as=sender.domain) as client:
                said = True
                await client.sendmail(
                    sender.addr_spec,
                    [receiver.addr_spec],
                    message.as_bytes(policy=SMTPUTF8 if wide else SMTP.clone(cte_type="7bit")),
                    mail_options=["SMTPUTF8", "BODY=8BITMIME"] if wide else [],
                )
        except MailServerAway:
            raise PerhapsTaken if said else MailServerAway from None

    async def check(self, *, sender: str) -> None:
        """Go as far as a message would, and hand none over."""
        async with self._connected(greets_as=sender.rpartition("@")[2]) as client:
            await client.mail(sender)

    @asynccontextmanager
    async def _connected(self, *, greets_as: str) -> AsyncGenerator[aiosmtplib.SMTP]:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.encryption is Encryption.TLS,
            start_tls=False,
            tls_context=self._tls,
            local_hostname=greets_as,
            timeout=self._patience,
        )
        try:
            async with asyncio.timeout(self._patience):
                await client.connect()
                await self._introduced(client)
                yield client
            # It is handed over: whatever becomes of the goodbye, it must not be sent again.
            with suppress(Exception):
                async with asyncio.timeout(_GOODBYE):
                    await client.quit()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise judged(error) from None
        finally:
            client.close()

    async def _introduced(self, client: aiosmtplib.SMTP) -> None:
        """Encrypt before anything is said that matters, and sign in where there is a login."""
        server = self._server
        await client.ehlo()
        if server.encryption is Encryption.STARTTLS:
            if not client.supports_extension("starttls"):
                raise CannotEncrypt
            await client.starttls()
            await client.ehlo()
        if server.user is None or server.password is None:
            return
        if not client.supported_auth_methods:
            raise LoginRefused
        await client.login(server.user, server.password.reveal())


def judged(error: Exception) -> ProviderError:
    """Say by what went wrong who has to act."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return judged(error.recipients[0])
    if isinstance(error, aiosmtplib.SMTPResponseException) and 400 <= error.code < 600:
        return _answered(error)
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return CannotEncrypt()
    if isinstance(error, (aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPNotSupported)):
        return _kind(error)()
    if isinstance(error, ValueError):  # an address that cannot be said to a server
        return AddressRefused()
    return MailServerAway()


def _answered(error: aiosmtplib.SMTPResponseException) -> ProviderError:
    found = _ENHANCED.match(error.message)
    code = found[0] if found else None
    if error.code < 500:
        return NotAcceptedYet(status=error.code, code=code)
    kind = _kind(error)
    if kind is AddressRefused and (error.code in _ABOUT_US or (code or "").startswith("5.7.")):
        kind = MailNotAllowed
    return kind(status=error.code, code=code)


def _kind(error: Exception) -> type[ProviderError]:
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            return LoginRefused
        case (
            aiosmtplib.SMTPRecipientRefused()
            | aiosmtplib.SMTPDataError()
            | aiosmtplib.SMTPNotSupported()
        ):
            return AddressRefused
    return MailNotAllowed


class Printed:
    """Prints messages on the console: what there is where no mail server is set."""

    async def send(self, message: EmailMessage) -> None:
        """Write who it is for, and what it says."""
        body = message.get_body(("plain",))
        words = "" if body is None else str(body.get_content())
        lines = [f"To: {message['To']}", f"Subject: {message['Subject']}", "", *words.splitlines()]
        block = "\n".join(["", "-- mail " + "-" * 64, "", *lines, "", "-" * 72, "", ""])
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(block.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
