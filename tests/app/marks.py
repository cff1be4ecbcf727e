"""Marked secrets and facts, and the places that are searched for them."""

from __future__ import annotations

import base64
import gc
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from tortoise.models import Model

from tests.app.site import Site
from together.store import models

SECRET_FIELDS = {"code", "code_verifier", "refresh_token", "access_token", "client_secret", "token"}
OURS = ("together.", "together_google.")
THEIRS = ("together.testing", "together_google.sandbox", "together_google.testing")
"""The service's side, which knows what it gave away."""
SHORTEST = 16
"""Characters of a mark: what is shorter could be found by chance."""


class Marks:
    """Learns every secret as it passes, and puts marks of its own into what the service says."""

    said = "canary of the service’s own words"
    """Stands in every field of every error body."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.secrets: dict[str, set[str]] = defaultdict(set)
        self.answers: list[tuple[str, str, str]] = []
        """Who asked, what, and the whole answer."""
        self.shown: set[str] = set()
        """Secrets that some `repr` showed."""
        self.kinds: set[str] = set()
        """Classes whose objects were looked at while a request was under way."""
        self.learn("client_secret", site.sandbox.world.client_secret)
        for line in site.app.settings.keys.read_text().splitlines():
            self.learn("master_key", line.partition(" ")[2] if line[0] != "#" else "")
        site.tap.before, site.tap.after = self._sent, self._replied
        site.web.event_hooks["response"].append(self._answered)

    def all(self, *, but: Iterable[str] = ()) -> set[str]:
        """Every secret that has passed so far."""
        kinds = self.secrets.keys() - set(but)
        return set().union(*(self.secrets[kind] for kind in kinds))

    def learn(self, kind: str, text: str) -> None:
        if len(text) >= SHORTEST:
            self.secrets[kind].add(text)

    # What the application says to Google, and is answered

    def _sent(self, request: httpx.Request) -> None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind == "Bearer":
            self.learn("access_token", token)
        for name, value in parse_qsl(request.content.decode("utf-8", "replace")):
            if name in SECRET_FIELDS:
                self.learn(name, value)
        self._look_around()

    def _replied(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        try:
            body = json.loads(response.content)
        except ValueError:
            body = None
        if isinstance(body, dict):
            for name in SECRET_FIELDS & body.keys():
                self.learn(name, str(body[name]))
        if body is None and response.content:
            return httpx.Response(response.status_code, html=f"<p>{self.said}</p>")
        if response.status_code < 400:
            return response
        headers = {"x-request-id": self.said.encode(), "www-authenticate": self.said.encode()}
        return httpx.Response(response.status_code, headers=headers, json=self._marked(body))

    def _marked(self, body: Any) -> Any:
        """Put the mark wherever a person could read; keep the codes that decide what it means."""
        match body:
            case {"error": {"errors": [line, *_], "code": code}}:
                lines = [{**line, "message": self.said, "location": self.said, "extra": self.said}]
                said = {"errors": lines, "code": code, "message": self.said, "details": [self.said]}
                return {"error": said}
            case {"error": str() as error}:
                return {"error": error, "error_description": self.said, "error_uri": self.said}
        return {"error": self.said, "error_description": self.said, self.said: self.said}

    def _look_around(self) -> None:
        """Ask every living object of ours for its `repr`, in the middle of the work."""
        known = self.all()
        for thing in gc.get_objects():
            kind = type(thing)
            module = getattr(kind, "__module__", None)
            if not isinstance(module, str) or not module.startswith(OURS):
                continue
            if module.startswith(THEIRS) or isinstance(thing, type):
                continue
            self.kinds.add(kind.__name__)
            text = repr(thing)
            self.shown |= {f"{kind.__name__}: {mark}" for mark in known if mark in text}

    # What the application is asked, and answers

    async def _answered(self, response: httpx.Response) -> None:
        await response.aread()
        request = response.request
        path, query = request.url.path, dict(parse_qsl(request.url.query.decode()))
        if path.startswith("/sandbox"):
            return
        for name in ("state", "code"):
            if path.startswith("/callback"):
                self.learn(name, query.get(name, ""))
        moved = dict(parse_qsl(urlsplit(response.headers.get("location", "")).query))
        self.learn("handle", moved.get("handle", ""))
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.learn("bearer", bearer)
        self.learn("signature", bearer.rpartition(".")[2])
        asked = request.content.decode() if path == "/graphql" else path
        self.answers.append((_who(bearer), asked, response.text))


def found_in(text: str, marks: Iterable[str]) -> set[str]:
    """Which of the marks stand in a text, as they are or as JSON or an address writes them."""
    return {mark for mark in marks if any(form in text for form in _forms(mark))}


def _forms(mark: str) -> Iterator[str]:
    yield mark
    yield json.dumps(mark)[1:-1]
    yield str(httpx.QueryParams({"": mark}))[1:]


def _who(bearer: str) -> str:
    try:
        part = bearer.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["email"]
    except (IndexError, ValueError):
        return "nobody"


async def every_row() -> str:
    """Write every row of every table out as a text."""
    tables = [
        table
        for table in vars(models).values()
        if isinstance(table, type) and issubclass(table, Model) and table is not Model
    ]
    assert len(tables) > 15
    rows = [(table.__name__, row) for table in tables for row in await table.all().values()]
    return "\n".join(f"{name} {row}" for name, row in rows)


def every_byte(database_url: str) -> bytes:
    """Read SQLite's files, its write-ahead log among them; of a server there is nothing to read."""
    scheme, _, path = database_url.partition(":///")
    if scheme != "sqlite":
        return b""
    files = sorted(Path(path).parent.glob(Path(path).name + "*"))
    assert any(each.name.endswith("-wal") for each in files), files
    return b"".join(each.read_bytes() for each in files)
