"""Whether an installation can be served: each no is a sentence that says what to do."""

from __future__ import annotations

import errno
import socket
from pathlib import Path
from urllib.parse import urlsplit

from together.cli.folder import ISSUER_PATH, KEY_PREFIX, is_demos
from together.cli.stop import Stop
from together.domain.web_addresses import host_of, is_loopback
from together.settings import Settings
from together.store.database import Database
from together.store.keys import Keys, load_keys
from together.store.models import DataKey


async def check_ready(settings: Settings) -> None:
    """Refuse what is the demo's, what is not migrated, and what lacks its keys."""
    path = database_path(settings)
    if path is not None and is_demos(path):
        raise Stop(_demos("TOGETHER_DATABASE", "database"))
    if wrong := wrong_issuers(settings):
        raise Stop(wrong[0])
    _check_keys(settings)
    database = await Database.open(settings.database)
    try:
        async with database.entered():
            if await DataKey.filter(sealed__contains=f".{KEY_PREFIX}").exists():
                raise Stop(_demos("TOGETHER_DATABASE", "database"))
    finally:
        await database.close()


def wrong_issuers(settings: Settings) -> list[str]:
    """The issuers that must not sign anybody in, each in a sentence."""
    here = [one.issuer for one in settings.issuers if is_loopback(host_of(one.issuer))]
    # Whatever its port and spelling: anybody who can read the demo's folder makes its tokens.
    demos = [one for one in here if urlsplit(one).path.rstrip("/").lower() == ISSUER_PATH]
    return [
        f"The issuer {one} is the demo's, or named like it, and is trusted by the demo only. Name "
        "a real one in TOGETHER_ISSUERS."
        for one in dict.fromkeys(demos)
    ] + [
        f"The issuer {one} is on this machine, as the demo's is, so anybody who can listen here "
        "could sign in as anybody. Name a real one in TOGETHER_ISSUERS."
        for one in dict.fromkeys(here)
        if settings.production and one not in demos
    ]


def database_path(settings: Settings) -> Path | None:
    """The file of a SQLite database; None for a server."""
    return Database(settings.database).path


def usable_keys(settings: Settings) -> Keys:
    """Load the master keys, or say how to make them."""
    if not _may_be(settings.keys):
        raise Stop(
            f"There is no key file at {settings.keys}. Make one with `together keys new "
            f"{settings.keys}`, or set TOGETHER_KEYS to the one you have."
        )
    return load_keys(settings.keys)


def _may_be(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # where it cannot be looked at, reading it says why


def lies_beside(keys: Path, database: Path | None) -> bool:
    """Whether one copy of a folder would take both, and with both every token."""
    return database is not None and keys.resolve().parent == database.resolve().parent


def bound(host: str, port: int, *, instead: str = "") -> socket.socket:
    """Take the port before anything else is started, or say why it cannot be had.

    `instead` is the command that takes another one.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        taken = socket.socket(family, kind, protocol)
    except (OSError, ValueError):  # ValueError: IDNA cannot write it
        raise Stop(f"{host[:80]!r} is no address of this machine. Correct TOGETHER_HOST.") from None
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(address)
        taken.listen(2048)
    except OSError as error:
        taken.close()
        raise Stop(_no_port(error, host, port, instead)) from None
    taken.set_inheritable(True)
    return taken


def _no_port(error: OSError, host: str, port: int, instead: str) -> str:
    if error.errno == errno.EADDRINUSE:
        other = f": {instead}." if instead else "."
        return f"Port {port} is taken. End what listens there, or choose another one{other}"
    if error.errno == errno.EACCES:
        return f"This user may not listen on port {port}. Choose one above 1023."
    return f"Nothing can listen on {host} port {port}. Correct TOGETHER_HOST and TOGETHER_PORT."


def _check_keys(settings: Settings) -> None:
    if is_demos(settings.keys):
        raise Stop(_demos("TOGETHER_KEYS", "keys"))
    keys = usable_keys(settings)
    if any(name.startswith(KEY_PREFIX) for name in keys.master):
        raise Stop(_demos("TOGETHER_KEYS", "keys"))
    if settings.production and lies_beside(settings.keys, database_path(settings)):
        raise Stop(
            f"The key file {settings.keys} lies beside the database, so one copy of that folder "
            "would hold every token in the clear. Move it, and set TOGETHER_KEYS."
        )


def _demos(name: str, what: str) -> str:
    return f"{name} names the demo's {what}, which is not served. Name your own."
