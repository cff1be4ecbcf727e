"""The demo's folder, keys and database: what makes them known, so that nothing else serves them."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jwt
from cryptography.exceptions import UnsupportedAlgorithm

from together.cli.stop import Stop
from together.store.database import BadDatabaseUrl, DatabaseUnavailable
from together.store.keys import BadKeyFile, Keys, load_keys, make_key_file
from together.store.migrate import NewerDatabase

if TYPE_CHECKING:
    from together.services.signing_in.issuer import BuiltInIssuer

MARK = "together-demo.json"
LOCK = "lock"
DEFAULT = Path(".together")
KEY_PREFIX = "demo-"
"""Begins the id of every master key of a demo, and so every data key sealed under one."""
ISSUER_PATH = "/issuer"
ISSUER = f"http://127.0.0.1{ISSUER_PATH}"
"""The name of the demo's issuer.  It has no port, so that a login outlives a change of port; the
demo reads its keys inside its own process, and nobody else trusts it."""


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """Where the demo keeps what it made on this machine."""

    path: Path = DEFAULT

    @property
    def database_path(self) -> Path:
        return self.path / "together.db"

    @property
    def database(self) -> str:
        return f"sqlite:///{self.database_path.resolve()}"

    @property
    def lock(self) -> Path:
        return self.path / LOCK

    @property
    def keys(self) -> Path:
        return self.path / "keys" / "keys.txt"

    @property
    def issuer_key(self) -> Path:
        return self.path / "keys" / "issuer.pem"

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Keep the folder to this process until it ends: two demos would undo each other's work."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self.lock.open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Stop(
                    f"A demo is served from {self.path} already, on {self.url()}. Use that one, or "
                    "name another folder and port: together demo --folder DIR --port PORT."
                ) from None
            yield

    @contextmanager
    def told(self) -> Iterator[None]:
        """Say in a sentence what keeps the folder from being used, and what to do."""
        try:
            yield
        except BrokenPipeError:
            raise  # of whoever reads the output; nothing is wrong with the folder
        except OSError as error:
            where = error.filename if isinstance(error.filename, str) else self.path
            raise self._unusable(f"{str(where)[:200]}: {error.strerror}") from None
        except BadKeyFile as bad:
            raise self._unusable(str(bad).rstrip(".")) from None
        except NewerDatabase as newer:
            raise self._unusable(str(newer).rstrip(".")) from None
        except (DatabaseUnavailable, BadDatabaseUrl):
            words = f"{self.database_path} is no database that can be used here"
            raise self._unusable(words) from None

    def _unusable(self, why: str) -> Stop:
        return Stop(
            f"The demo cannot use its folder: {why}. Mend that; or delete {str(self.path)[:200]}, "
            "which holds the demo's data only; or name another folder with --folder DIR."
        )

    def issuer(self) -> BuiltInIssuer:
        """The demo's issuer, with the key that was made at the first start."""
        from together.services.signing_in.issuer import BuiltInIssuer  # only a demo knows it

        try:
            issuer = BuiltInIssuer.kept(ISSUER, self.issuer_key)
            issuer.token("", organization="", now=0)  # a key of another kind signs nothing
        except (ValueError, TypeError, UnsupportedAlgorithm, jwt.PyJWTError):
            raise self._unusable(f"{self.issuer_key} is not the key that it made") from None
        return issuer

    def mark(self, *, url: str) -> None:
        """Make the folder, known as the demo's, with the address it is served at."""
        self.keys.parent.mkdir(parents=True, exist_ok=True)
        (self.path / MARK).write_text(json.dumps({"url": url}) + "\n", encoding="utf-8")

    def url(self) -> str | None:
        """The address the demo was last served at; None where there is no demo."""
        try:
            return str(json.loads((self.path / MARK).read_text(encoding="utf-8"))["url"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def made_keys(self) -> Keys:
        """The demo's master key, made at the first start and named as a demo's for good."""
        if not self.keys.exists():
            # Beside it until it is whole: a start that is broken off leaves no half-made file.
            fresh = self.keys.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            name = make_key_file(fresh).current
            text = fresh.read_text("ascii")
            fresh.write_text(text.replace(f"\n{name} ", f"\n{KEY_PREFIX}{name} "), "ascii")
            load_keys(fresh)
            fresh.replace(self.keys)
        return load_keys(self.keys)


def is_demos(path: Path) -> bool:
    """Whether a file lies in a demo's folder, or in one below it."""
    # os.path.exists is False, where Path.exists raises, in a folder that may not be entered.
    return any(os.path.exists(folder / MARK) for folder in path.resolve().parents)  # noqa: PTH110
