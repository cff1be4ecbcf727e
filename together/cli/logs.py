"""What a log may hold: ids, outcomes and durations, and never what somebody wrote or is called."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from together.api.request_ids import KEY, request_id

HELD: Mapping[str, int] = {
    "httpx": logging.WARNING,  # prints addresses with their queries
    "httpcore": logging.WARNING,
    "hpack": logging.WARNING,
    "aiosqlite": logging.WARNING,  # prints statements with their values
    "tortoise": logging.WARNING,
    "asyncpg": logging.WARNING,
    "aiosmtplib": logging.WARNING,  # may print what is said to a mail server, addresses and all
    "asyncio": logging.WARNING,
    "websockets": logging.WARNING,  # prints headers and frames
    "uvicorn": logging.INFO,
    "uvicorn.error": logging.INFO,
    "uvicorn.access": logging.CRITICAL + 1,  # prints queries: `AccessLog` is ours
    "strawberry": logging.CRITICAL + 1,  # prints documents with their literals
    "strawberry.execution": logging.CRITICAL + 1,
}
"""The least level of each library, whatever our own level is."""

_access = logging.getLogger("together.access")


def configure(level: str, *, form: str = "text") -> None:
    """Send our log to standard error, a line or (``json``) an object each; hold the libraries."""
    handler = logging.StreamHandler(sys.stderr)
    line = "%(asctime)s %(levelname)s %(name)s %(message)s"
    handler.setFormatter(_Objects(line) if form == "json" else _Discreet(line))
    handler.addFilter(held)
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old.formatter, _Discreet):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    hold()


def hold() -> None:
    """Hold every library that prints what passes through it."""
    for name, level in HELD.items():
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.propagate = True
        logger.handlers.clear()


def held(record: logging.LogRecord) -> bool:
    """Whether a record may be written: a library's own child loggers are held as well."""
    if record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError):
        return False  # what an ending server cuts off is no fault
    name = record.name
    while name:
        if name in HELD:
            return record.levelno >= HELD[name]
        name = name.rpartition(".")[0]
    return True


class _Discreet(logging.Formatter):
    """Writes where a fault was and of which kind: its text can hold anything."""

    def __init__(self, line: str) -> None:
        super().__init__(line, datefmt="%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        # Another handler may have left its own, outspoken traceback on the record.
        record.exc_text = None
        try:
            return super().format(record)
        finally:
            record.exc_text = None

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's name)
        made = request_of(record)
        return super().formatMessage(record) + (f" request={made}" if made else "")

    def formatException(  # noqa: N802  (logging's name)
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        return discreet(ei[1]) if ei[1] is not None else ""

    def formatStack(self, stack_info: str) -> str:  # noqa: N802  (logging's name)
        return stack_info


class _Objects(_Discreet):
    """Writes each record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "time": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if made := request_of(record):
            told["request_id"] = made
        told |= getattr(record, "told", {})
        if record.exc_info and record.exc_info[1] is not None:
            told["error"] = discreet(record.exc_info[1])
        return json.dumps(told, default=str)


def request_of(record: logging.LogRecord) -> str | None:
    """Give the id of the request that a record is about."""
    return getattr(record, "request_id", None) or request_id()


def discreet(error: BaseException) -> str:
    """A traceback without the text of its exceptions."""
    lines = []
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        lines.append(f"{type(link).__module__}.{type(link).__qualname__}")
        lines += [
            f"  {frame.filename}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(link.__traceback__)
        ]
        if isinstance(link, BaseExceptionGroup):
            lines += [discreet(inner) for inner in link.exceptions]
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "\n".join(lines)


class AccessLog:
    """Logs each request and socket: method, path without query, status, milliseconds."""

    def __init__(self, app: ASGIApp, *, folded: tuple[str, ...] = ("/sandbox", "/answers")) -> None:
        """`folded` are mounts of which only the mount is logged: below them a path can name a
        person, or let somebody act.
        """
        self.app = app
        self.folded = folded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        status: list[int] = []

        async def watched(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                status.append(message["status"])
            elif message["type"] == "websocket.accept":
                status.append(101)
            await send(message)

        began = time.perf_counter()
        try:
            await self.app(scope, receive, watched)
        finally:
            told = {
                "method": _method(scope),
                "path": self._path(scope),
                "status": status[0] if status else "-",
                "milliseconds": int((time.perf_counter() - began) * 1000),
            }
            # Its id is gone from the context by now, and stays in the scope.
            extra = {"told": told, "request_id": scope.get(KEY)}
            _access.info("%s %s %s %dms", *told.values(), extra=extra)

    def _path(self, scope: Mapping[str, Any]) -> str:
        path = str(scope["path"])
        for mount in self.folded:
            if path == mount or path.startswith(mount + "/"):
                return f"{mount}/…"
        return quote(path[:200], safe="/-_.~")


def _method(scope: Mapping[str, Any]) -> str:
    if scope["type"] == "websocket":
        return "WS"
    method = str(scope["method"])
    return method if method.isalpha() and len(method) <= 10 else "?"
