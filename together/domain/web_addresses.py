"""Addresses of the web that an operator or a person names, compared after parsing."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from together.domain.hosts import is_host

_LONGEST = 2000
_PORTS = {"https": 443, "http": 80}


class BadAddress(ValueError):  # noqa: N818  (an answer, not a fault)
    """The text is not an address that may be used here."""


def web_address(text: str) -> str:
    """Give the address back in one spelling, or raise `BadAddress` with what is wrong.

    It is https, or http on this machine, has the name of a host that DNS could know, and no
    userinfo, query, fragment, backslash, dot segment or control character.
    """
    return _spelled(_parsed(text, query=False))


def host_of(address: str) -> str:
    """The host of an address, in lower case and without its port."""
    return (urlsplit(address).hostname or "").lower()


def origin_of(address: str) -> str:
    """The origin of an address, as a browser writes it in the ``Origin`` header."""
    return _spelled(urlsplit(address)._replace(path=""))


def is_loopback(host: str) -> bool:
    """Whether this name can only mean the machine itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def returns_to(address: str, allowed: Iterable[str]) -> bool:
    """Whether the address has the origin of a listed one, and a path under the listed path."""
    try:
        asked = _parsed(address, query=True)
    except BadAddress:
        return False
    for listed in allowed:
        known = urlsplit(listed)
        if _origin(asked) != _origin(known):
            continue
        base = known.path.rstrip("/")
        if asked.path == base or asked.path.startswith(base + "/"):
            return True
        if not base and not asked.path:
            return True
    return False


def _parsed(text: str, *, query: bool) -> SplitResult:
    shown = ascii(text[:80])
    if len(text) > _LONGEST:
        raise BadAddress(f"{shown}… is too long for an address.")
    if not text.isascii() or not text.isprintable() or "\\" in text or " " in text:
        raise BadAddress(f"{shown} holds a character that an address does not have.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadAddress(f"{shown} is not an address.") from None
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise BadAddress(f"{shown} is not an address of the web.")
    if not is_host(parts.hostname):
        raise BadAddress(
            f"{shown} has no host's name: each part between its dots has 1 to 63 letters, digits, "
            "hyphens or underscores, and all of it at most 253."
        )
    if "@" in parts.netloc:
        raise BadAddress("An address holds no user name or password.")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise BadAddress(f"{shown} has to begin with https://.")
    if "#" in text or ("?" in text and not query):
        raise BadAddress(f"{shown} has to end after its path.")
    lowered = parts.path.lower()
    dots = {".", "..", "%2e", "%2e%2e", ".%2e", "%2e."}
    if "%5c" in lowered or "%2f" in lowered or dots & set(lowered.split("/")):
        raise BadAddress(f"{shown} has a path that can be read in two ways.")
    return parts


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)


def _spelled(parts: SplitResult) -> str:
    scheme, host, port = _origin(parts)
    shown = f"[{host}]" if ":" in host else host
    origin = f"{scheme}://{shown}" + ("" if port == _PORTS[scheme] else f":{port}")
    return origin + parts.path
