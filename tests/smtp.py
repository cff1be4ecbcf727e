"""A real mail server on loopback, in the loop of the test, with every switch at hand."""

from __future__ import annotations

import asyncio
import logging
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from together.domain.mail_servers import Encryption, MailServer
from together.providers.values import Secret

USER, PASSWORD = "together", "pass word/:@%"
TAKEN = "250 2.0.0 taken"


@dataclass(slots=True)
class Arrived:
    """One message as the server took it."""

    sender: str
    receivers: list[str]
    raw: bytes
    options: list[str]
    encrypted: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        """The message as the standard library reads it."""
        return message_from_string(self.raw.decode(), policy=default)

    def part(self, kind: str) -> str:
        """Its text, ``plain`` or ``html``."""
        return self.message.get_body((kind,)).get_content()


@dataclass(slots=True)
class Mailboxes:
    """What arrived, and what becomes of the next commands."""

    port: int = 0
    arrived: list[Arrived] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    """For each command the next answers that are no: ``{"RCPT": ["450 4.2.1 later"]}``."""
    hanging: asyncio.Event | None = None
    """Where ``DATA`` waits, when there is one."""
    said: list[str] = field(default_factory=list)
    """The commands, in their order."""
    unknown: set[str] = field(default_factory=set)
    """Addresses that nobody has."""

    def server(
        self, encryption: Encryption = Encryption.NONE, *, login: bool = False
    ) -> MailServer:
        """Name it as settings would."""
        user, password = (USER, Secret(PASSWORD)) if login else (None, None)
        return MailServer("localhost", self.port, encryption, user, password)

    @property
    def ids(self) -> list[str]:
        return [str(each.message["Message-ID"]) for each in self.arrived]

    # What aiosmtpd calls

    def _no(self, command: str) -> str | None:
        self.said.append(command)
        left = self.answers.get(command)
        return left.pop(0) if left else None

    async def handle_EHLO(  # noqa: N802  (aiosmtpd's name)
        self, _server: Any, session: Session, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        no = self._no("EHLO")
        return responses if no is None else [no]

    async def handle_MAIL(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if no := self._no("MAIL"):
            return no
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 yes"

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if no := self._no("RCPT"):
            return no
        if address in self.unknown:
            return "550 5.1.1 nobody has that address"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 yes"

    async def handle_DATA(  # noqa: N802
        self, _server: Any, session: Session, envelope: Envelope
    ) -> str:
        if self.hanging is not None:
            await self.hanging.wait()
        if no := self._no("DATA"):
            return no
        login = session.auth_data
        self.arrived.append(
            Arrived(
                sender=envelope.mail_from or "",
                receivers=list(envelope.rcpt_tos),
                raw=bytes(envelope.original_content or b""),
                options=list(envelope.mail_options),
                encrypted=session.ssl is not None,
                user=login.login.decode() if isinstance(login, LoginPassword) else None,
            )
        )
        return TAKEN

    def authenticated(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, login: LoginPassword
    ) -> AuthResult:
        """Whether this is the login."""
        self.said.append("AUTH")
        good = (login.login, login.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=good, auth_data=login if good else None)


@asynccontextmanager
async def mailboxes(
    *,
    certificate: Certificate | None = None,
    implicit: bool = False,
    login: bool = False,
    wide: bool = True,
) -> AsyncIterator[Mailboxes]:
    """Serve; with a certificate over STARTTLS, or `implicit` TLS.  `wide` is SMTPUTF8."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd's own, with all that is said
    boxes = Mailboxes()
    loop = asyncio.get_running_loop()
    tls = None if certificate is None else certificate.serving()
    protocols: list[SMTP] = []

    def made() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a login is asked for without encryption, too
            protocol = SMTP(
                boxes,
                hostname="mail.example.org",
                enable_SMTPUTF8=wide,
                tls_context=None if implicit else tls,
                require_starttls=tls is not None and not implicit,
                authenticator=boxes.authenticated if login else None,
                auth_required=login,
                auth_require_tls=False,
                loop=loop,
            )
        protocols.append(protocol)
        return protocol

    serving = await loop.create_server(made, "127.0.0.1", 0, ssl=tls if implicit else None)
    boxes.port = serving.sockets[0].getsockname()[1]
    try:
        yield boxes
    finally:
        if boxes.hanging is not None:
            boxes.hanging.set()
        serving.close()
        for one in protocols:
            if one.transport is not None:
                one.transport.abort()
        await serving.wait_closed()
        await asyncio.sleep(0.01)  # until the ends of its connections have been noticed


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that signed itself, and its key, in one file."""

    path: Path

    def serving(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        return context

    def trusted(self) -> ssl.SSLContext:
        """What a client knows that trusts this certificate and no other."""
        return ssl.create_default_context(cafile=self.path)


def self_signed(folder: Path, *, name: str = "localhost") -> Certificate:
    """Make one that is good for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "localhost":
        names.append(x509.IPAddress(ip_address("127.0.0.1")))
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return Certificate(path)
