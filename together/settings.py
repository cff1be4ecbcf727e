"""What the operator decides, read once from the environment and a ``.env``.

Everything that is wrong is told at once, each with what to do.  An import reads nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Self

from together.document_settings import document_settings
from together.domain.hosts import is_database, is_host
from together.domain.issuers import TrustedIssuer, trusted_issuers
from together.domain.limits import Limits, limits_of
from together.domain.mail_servers import MailServer
from together.domain.web_addresses import BadAddress, host_of, web_address
from together.dotenv_file import read_dotenv
from together.mail_settings import mail_settings
from together.operations_settings import operations_settings
from together.setting_words import OURS as OURS

PREFIX = "TOGETHER_"
_TESTS = "TOGETHER_TEST_"
"""What the test suite itself is told; no setting of an installation."""


class Mode(StrEnum):
    """Whether this installation serves people or somebody who builds a frontend."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


class BadSettings(Exception):  # noqa: N818  (an answer, not a fault)
    """The environment is wrong.  `problems` says every one, each with what to do."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one installation."""

    public_url: str = "http://127.0.0.1:8000"
    """What every absolute address that Together makes begins with; no slash at the end."""
    database: str = field(default="sqlite:///together.db", repr=False)
    keys: Path = Path("keys/together.txt")
    """The master keys; kept away from the database, so that one copy of a folder is not both."""
    host: str = "127.0.0.1"
    port: int = 8000
    issuers: tuple[TrustedIssuer, ...] = ()
    return_to: tuple[str, ...] = ()
    """Where a consent may send the browser back to: an origin and the beginning of a path.
    Pages of these origins may call the API."""
    mail_server: MailServer | None = None
    """What takes our mail; None prints it where the worker runs."""
    mail_from: str | None = None
    app_url: str | None = None
    """The frontend's page for calendars, where the link in a mail leads."""
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    """The ``Host`` names that are answered."""
    plugins: frozenset[str] | None = None
    """The plugins to load, by entry point; None is every one installed."""
    limits: Limits = field(default_factory=Limits)
    """How large a request may be."""
    documents: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Trusted documents by their hashes."""
    documents_only: bool = False
    """Whether no other document is accepted."""
    mode: Mode = Mode.PRODUCTION
    log_level: str = "INFO"
    log_format: str = "text"
    operations: tuple[str, int] | None = None
    """Where health and metrics are had; None is nowhere."""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Every TOGETHER_ name with its value: what the registry shows each plugin its part of."""

    @property
    def production(self) -> bool:
        return self.mode is Mode.PRODUCTION

    @classmethod
    def read(
        cls,
        environ: Mapping[str, str],
        dotenv_path: Path | None = None,
        *,
        needs: Collection[str] = (),
        installed: Collection[str] | None = None,
    ) -> Self:
        """Read the environment, which wins over the ``.env``; raise `BadSettings` with all of it.

        `needs` names what cannot be left out for the work at hand, `installed` the plugins.
        """
        names = installed_plugins() if installed is None else frozenset(installed)
        written, problems = read_dotenv(dotenv_path)
        ours = {
            name: value
            for name, value in (written | dict(environ)).items()
            if name.startswith(PREFIX) and not name.startswith(_TESTS)
        }
        return cls(**_Reader(ours, names, problems).everything(needs))


def installed_plugins() -> frozenset[str]:
    """The entry points of every plugin in this environment."""
    return frozenset(point.name for point in entry_points(group="together"))


def plugin_prefix(name: str) -> str:
    """The beginning of a plugin's settings: ``TOGETHER_GOOGLE_`` of ``google``."""
    return f"{PREFIX}{re.sub(r'[^A-Z0-9]', '_', name.upper())}_"


class _Reader:
    """Reads each setting and collects what is wrong."""

    def __init__(
        self, environ: Mapping[str, str], installed: frozenset[str], problems: list[str]
    ) -> None:
        self.environ = environ
        self.installed = installed
        self.problems = problems

    def everything(self, needs: Collection[str]) -> dict[str, Any]:
        mode = self._mode()
        host, port = self._host(), self._port()
        public_url = self._public_url(mode, host=host, port=port)
        values: dict[str, Any] = {
            "mode": mode,
            "host": host,
            "port": port,
            "public_url": public_url,
            "database": self._database(),
            "keys": self._keys(),
            "issuers": self._issuers(),
            "return_to": self._return_to(),
            **mail_settings(self._text, self.problems),
            "allowed_hosts": self._allowed_hosts(mode, public_url),
            "plugins": self._plugins(),
            "limits": self._limits(),
            **document_settings(self._text, self.problems),
            **operations_settings(self._text, self.problems),
            "environ": dict(self.environ),
        }
        self._strangers()
        optional = {"PUBLIC_URL"} if mode is Mode.DEVELOPMENT else set()
        for name in sorted(set(needs) - optional):
            if not self._text(name):
                self.problems.append(f"{PREFIX}{name} is not set. Set it to {OURS[name]}.")
        if self.problems:
            raise BadSettings(self.problems)
        return values

    def _text(self, name: str) -> str:
        return self.environ.get(PREFIX + name, "").strip()

    def _wrong(self, name: str, value: str) -> None:
        self.problems.append(f"{PREFIX}{name} is {value[:80]!r}. Set it to {OURS[name]}.")

    def _list(self, name: str) -> list[str]:
        return [part.strip() for part in self._text(name).split(",") if part.strip()]

    def _mode(self) -> Mode:
        text = self._text("MODE").lower() or Mode.PRODUCTION
        if text in set(Mode):
            return Mode(text)
        self._wrong("MODE", text)
        return Mode.PRODUCTION

    def _keys(self) -> Path:
        text = self._text("KEYS") or "keys/together.txt"
        try:
            return Path(text).expanduser()
        except RuntimeError:  # no user has that name
            self._wrong("KEYS", text)
            return Path(text)

    def _host(self) -> str:
        text = self._text("HOST") or "127.0.0.1"
        if is_host(text):
            return text
        self._wrong("HOST", text)
        return "127.0.0.1"

    def _port(self) -> int:
        text = self._text("PORT") or "8000"
        if re.fullmatch("[0-9]{1,5}", text) and 0 < int(text) < 65536:
            return int(text)
        self._wrong("PORT", text)
        return 8000

    def _public_url(self, mode: Mode, *, host: str, port: int) -> str:
        text = self._text("PUBLIC_URL")
        if not text:
            bare = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104  (compared)
            return f"http://{f'[{bare}]' if ':' in bare else bare}:{port}"
        try:
            url = web_address(text)
        except BadAddress as bad:
            self.problems.append(f"{PREFIX}PUBLIC_URL: {bad} Set it to {OURS['PUBLIC_URL']}.")
            return "http://127.0.0.1"
        if mode is Mode.PRODUCTION and url.startswith("http:"):
            self.problems.append(
                f"{PREFIX}PUBLIC_URL is {url!r}, which only works on this machine. Set it to the "
                f"https address that people's browsers see, or set {PREFIX}MODE=development."
            )
        return url.rstrip("/")

    def _database(self) -> str:
        text = self._text("DATABASE") or "sqlite:///together.db"
        if not is_database(text):
            # The value may hold a password, so it is not shown.
            self.problems.append(
                f"{PREFIX}DATABASE is not an address of a database. Set it to {OURS['DATABASE']}."
            )
        return text

    def _issuers(self) -> tuple[TrustedIssuer, ...]:
        text = self._text("ISSUERS")
        if not text:
            return ()
        if not text.startswith("["):
            try:
                text = Path(text).expanduser().read_text(encoding="utf-8")
            except (OSError, RuntimeError, ValueError):
                self.problems.append(
                    f"{PREFIX}ISSUERS names the file {text[:200]!r}, which cannot be read. "
                    f"Set it to {OURS['ISSUERS']}."
                )
                return ()
        found, problems = trusted_issuers(text)
        self.problems += [f"{PREFIX}ISSUERS: {problem}" for problem in problems]
        return found

    def _return_to(self) -> tuple[str, ...]:
        addresses = []
        for text in self._list("RETURN_TO"):
            try:
                addresses.append(web_address(text))
            except BadAddress as bad:
                self.problems.append(f"{PREFIX}RETURN_TO: {bad} Set it to {OURS['RETURN_TO']}.")
        return tuple(addresses)

    def _allowed_hosts(self, mode: Mode, public_url: str) -> tuple[str, ...]:
        hosts = [name.lower() for name in self._list("ALLOWED_HOSTS")]
        for name in hosts:
            if not re.fullmatch(r"[a-z0-9.-]+|\[?[0-9a-f:]+\]?", name):
                self._wrong("ALLOWED_HOSTS", name)
        hosts.append(host_of(public_url))
        if mode is Mode.DEVELOPMENT:
            hosts += ["127.0.0.1", "localhost"]
        return tuple(dict.fromkeys(hosts))

    def _plugins(self) -> frozenset[str] | None:
        if PREFIX + "PLUGINS" not in self.environ:
            return None
        named = frozenset(self._list("PLUGINS"))
        here = ", ".join(sorted(self.installed)) or "none"
        self.problems += [
            f"{PREFIX}PLUGINS names {name[:80]!r}, which is not installed"
            f"{_meant(name, self.installed)}. Install it, or take it out. Installed: {here}."
            for name in sorted(named - self.installed)
        ]
        return named

    def _limits(self) -> Limits:
        found, problems = limits_of(self._text("LIMITS") or "{}")
        self.problems += [f"{PREFIX}LIMITS: {problem}" for problem in problems]
        return found

    def _strangers(self) -> None:
        prefixes = tuple(plugin_prefix(name) for name in self.installed)
        known = {PREFIX + name for name in OURS}
        for name in sorted(self.environ):
            if name in known or name.startswith(prefixes):
                continue
            self.problems.append(
                f"{name[:80]} is not a setting of Together or of a plugin installed here"
                f"{_meant(name, known | set(prefixes))}. Correct it, or take it out."
            )


def _meant(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1, cutoff=0.75)
    if near:
        return f" (did you mean {near[0]}{'…' if near[0].endswith('_') else ''}?)"
    return ""
