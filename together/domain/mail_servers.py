"""The server that takes our mail, as an operator names it in one address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from together.domain.addresses import BadAddress, checked_email
from together.domain.hosts import is_host
from together.domain.secret import Secret
from together.domain.web_addresses import is_loopback


class Encryption(StrEnum):
    """How a connection is kept from being read: the scheme of its address."""

    NONE = "smtp"
    STARTTLS = "smtp+starttls"
    TLS = "smtps"


_PORTS = {Encryption.NONE: 25, Encryption.STARTTLS: 587, Encryption.TLS: 465}
_ENCODED = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*")


class BadMailServer(ValueError):  # noqa: N818  (an answer, not a fault)
    """The text names no mail server that may be used.  The words quote nothing of it."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over, and with which login."""

    host: str
    port: int
    encryption: Encryption
    user: str | None = None
    password: Secret | None = None


def mail_server(text: str) -> MailServer:
    """Read an address such as ``smtp+starttls://user:password@mail.example.org:587``.

    Mail leaves this machine encrypted or not at all, so the plain scheme is for this machine.
    """
    if not text.isprintable() or " " in text:
        raise BadMailServer("it holds a character that an address does not have.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadMailServer("it is not an address.") from None
    if parts.scheme not in set(Encryption):
        raise BadMailServer("it has to begin with smtps://, smtp+starttls:// or smtp://.")
    encryption, host = Encryption(parts.scheme), parts.hostname or ""
    if not is_host(host) or not host.isascii() or port == 0:
        raise BadMailServer("it names no server.")
    if parts.path.strip("/") or "?" in text or "#" in text:
        raise BadMailServer(
            "it has to end after the port. Write / ? # in a password as %2F %3F %23."
        )
    if encryption is Encryption.NONE and not is_loopback(host):
        raise BadMailServer("smtp:// is for a server on this machine: mail leaves it encrypted.")
    user, password = _login(parts.netloc)
    return MailServer(host, port or _PORTS[encryption], encryption, user, password)


def mail_sender(text: str) -> str:
    """Read the address that mail comes from, which every mail server has to understand."""
    address = checked_email(text)
    domain = address.rpartition("@")[2]
    if not address.isascii() or not is_host(domain):
        raise BadAddress(f"{address[:80]!a} is not an e-mail address that every server knows.")
    return address


def _login(netloc: str) -> tuple[str | None, Secret | None]:
    userinfo, at, _ = netloc.rpartition("@")
    if not at:
        return None, None
    user, colon, password = userinfo.partition(":")
    if not user or not colon or not password:
        raise BadMailServer("a login is user:password, both of them.")
    if "@" in userinfo or ":" in password or not _ENCODED.fullmatch(userinfo):
        raise BadMailServer("in a user or password, write @ : % as %40 %3A %25.")
    try:
        plain = [unquote(part, errors="strict") for part in (user, password)]
    except UnicodeDecodeError:
        plain = ["\0"]
    if not all(part.isprintable() for part in plain):
        raise BadMailServer("its user or password holds a character that nobody can type.")
    return plain[0], Secret(plain[1])
