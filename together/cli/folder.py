"""The demo's folder, keys and database: what makes them known, so that nothing else serves them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from together.store.keys import Keys, load_keys, make_key_file

MARK = "together-demo.json"
DEFAULT = Path(".together")
KEY_PREFIX = "demo-"
"""Begins the id of every master key of a demo, and so every data key sealed under one."""


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
    def keys(self) -> Path:
        return self.path / "keys" / "keys.txt"

    @property
    def issuer_key(self) -> Path:
        return self.path / "keys" / "issuer.pem"

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
            name = make_key_file(self.keys).current
            text = self.keys.read_text("ascii")
            self.keys.write_text(text.replace(f"\n{name} ", f"\n{KEY_PREFIX}{name} "), "ascii")
        return load_keys(self.keys)


def is_demos(path: Path) -> bool:
    """Whether a file lies in a demo's folder, or in one below it."""
    return any((folder / MARK).exists() for folder in path.resolve().parents)
