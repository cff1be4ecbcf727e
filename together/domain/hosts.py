"""Which texts name a machine, or a database."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")


def is_host(text: str) -> bool:
    """Whether this is an IP address, or has the shape of a name that DNS could know."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return _NAME.fullmatch(text) is not None
    return True


def is_database(address: str) -> bool:
    """Whether this has the shape of an address of SQLite or PostgreSQL."""
    try:
        parts = urlsplit(address)
        server = parts.port != 0 and len(parts.path) > 1
    except ValueError:  # its port or host
        return False
    if parts.scheme in {"postgres", "postgresql"}:
        return server
    return bool(re.fullmatch(r"sqlite:///[^?#\0]+", address))
