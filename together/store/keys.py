"""The file that holds the master keys: one line a key, the first of them in use."""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SIZE = 32
_LINE = re.compile(r"(?P<id>[A-Za-z0-9_-]{1,40}) (?P<key>[A-Za-z0-9_=-]+)")
_HEAD = """\
# Together's master keys. Whoever has this file and the database can read every token in it, so
# keep it secret, and apart from the database and its backups. Without it no token opens.
# The first key seals; the others open what was sealed before, until it is sealed again.
"""


class BadKeyFile(Exception):  # noqa: N818  (told to people as it is)
    """The key file cannot be used; the words say why and what to do."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Master keys by their id, and the id of the one in use."""

    master: Mapping[str, bytes] = field(repr=False)
    current: str


def load_keys(path: Path) -> Keys:
    """Read the keys, from a file that nobody but its owner can read."""
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii")
    except FileNotFoundError:
        raise BadKeyFile(f"There is no key file at {path}.") from None
    except OSError as error:
        raise BadKeyFile(f"The key file {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadKeyFile(f"{path} is not a key file.") from None
    if mode & 0o077:
        raise BadKeyFile(f"Others can read the key file {path}: run chmod 600 {path}.")
    keys: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, key = _parsed(line, f"Line {number} of the key file {path}")
        if name in keys:
            raise BadKeyFile(f"The key file {path} holds two keys named {name}.")
        keys[name] = key
    if not keys:
        raise BadKeyFile(f"The key file {path} holds no key.")
    return Keys(keys, next(iter(keys)))


def make_key_file(path: Path) -> Keys:
    """Make a file with one new key.  A file that exists is left alone and refused."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(_HEAD + _new_line())
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise BadKeyFile(f"There is a key file at {path} already.") from None
    except OSError as error:
        raise BadKeyFile(f"No key file can be made at {path}: {error.strerror}.") from None
    return load_keys(path)


def add_key(path: Path) -> Keys:
    """Put a new key first.  The old ones stay until everything is sealed under the new one."""
    load_keys(path)
    lines = [line for line in path.read_text("ascii").splitlines(keepends=True) if line[0] != "#"]
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w") as file:
            file.write("".join([_HEAD, _new_line(), *lines]))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return load_keys(path)


def _new_line() -> str:
    key = base64.urlsafe_b64encode(secrets.token_bytes(SIZE)).decode()
    return f"k{secrets.token_hex(4)} {key}\n"


def _parsed(line: str, where: str) -> tuple[str, bytes]:
    found = _LINE.fullmatch(line.strip())
    try:
        key = base64.b64decode(found["key"], altchars=b"-_", validate=True) if found else b""
    except (binascii.Error, ValueError):
        key = b""
    if found is None or len(key) != SIZE:
        raise BadKeyFile(f"{where} is damaged: it must be a name and 32 bytes in base64.")
    return found["id"], key
