"""The log holds ids, outcomes and durations, at every level."""

from __future__ import annotations

import logging
import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute

from together.cli.logs import HELD, AccessLog, configure, discreet, held


@pytest.mark.parametrize(
    "name", ["httpx", "httpcore", "hpack", "aiosqlite", "tortoise", "asyncpg", "aiosmtplib"]
)
def test_a_library_that_prints_what_passes_is_held(name, capsys):
    """At DEBUG, these libraries and their own children still write warnings only."""
    configure("DEBUG")
    for logger in (logging.getLogger(name), logging.getLogger(f"{name}.inner")):
        logger.setLevel(logging.DEBUG if logger.name != name else logger.level)
        logger.debug("canary-debug")
        logger.info("canary-info")
        logger.warning("noticed")
    out = capsys.readouterr()
    assert (out.out, out.err.count("noticed"), "canary" in out.err) == ("", 2, False)


@pytest.mark.parametrize("name", ["strawberry.execution", "strawberry", "uvicorn.access"])
def test_a_log_of_documents_and_queries_is_off(name, capsys):
    """Strawberry's error log and uvicorn's access log write nothing at all."""
    configure("DEBUG")
    logging.getLogger(name).critical("canary")
    assert capsys.readouterr().err == ""


def test_our_own_log_is_one_line_with_the_time(capsys):
    """A line says when (UTC), how bad, where, and what."""
    configure("INFO")
    logging.getLogger("together.x").info("job %d done", 7)
    logging.getLogger("together.x").debug("canary")
    line = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO together\.x job 7 done\n"
    assert re.fullmatch(line, capsys.readouterr().err)


def test_a_fault_is_written_without_its_text(capsys):
    """A traceback in the log says where and of which kind, also of what caused it."""
    configure("DEBUG")

    def look_up():
        raise KeyError("canary-cause")

    def read():
        try:
            look_up()
        except KeyError as cause:
            raise ValueError("canary-text") from cause

    try:
        read()
    except ValueError:
        logging.getLogger("together.x").exception("it broke")
    err = capsys.readouterr().err
    assert "it broke\nbuiltins.ValueError\n" in err
    assert "builtins.KeyError" in err
    assert "test_logs.py" in err
    assert "canary" not in err


def test_a_group_of_faults_is_written_whole():
    """Each fault of a group is told, and none of their texts."""
    group = ExceptionGroup("canary", [ValueError("canary"), KeyError("canary")])
    assert discreet(group) == "builtins.ExceptionGroup\nbuiltins.ValueError\nbuiltins.KeyError"


def test_configuring_twice_writes_each_line_once(capsys):
    """The second configuration takes the place of the first."""
    configure("INFO")
    configure("INFO")
    logging.getLogger("together.x").info("once")
    assert capsys.readouterr().err.count("once") == 1


def test_a_record_of_nobody_is_held_by_nobody():
    """Loggers that are not listed write at the level that was asked for."""
    record = logging.LogRecord("together", logging.DEBUG, "", 0, "", (), None)
    assert held(record)
    assert not held(logging.LogRecord("httpx", HELD["httpx"] - 1, "", 0, "", (), None))


async def _hello(_request):
    return PlainTextResponse("hello")


async def _broken(_request):
    raise ValueError("canary")


async def _socket(socket):
    await socket.accept()
    await socket.close()


APP = Starlette(
    routes=[
        Route("/hello", _hello, methods=["GET", "POST"]),
        Route("/broken", _broken),
        WebSocketRoute("/socket", _socket),
        Mount("/sandbox/google", routes=[Route("/{rest:path}", _hello)]),
        Route("/answers/{token}", _hello),
    ]
)


@pytest.fixture
async def client(caplog):
    caplog.set_level(logging.INFO, logger="together.access")
    transport = httpx.ASGITransport(AccessLog(APP), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        yield http


def lines(caplog):
    said = [r.getMessage() for r in caplog.records if r.name == "together.access"]
    return [re.sub(r"\d+ms$", "_ms", line) for line in said]


async def test_a_request_is_a_line_without_its_query(client, caplog):
    """Method, path, status and duration; never the query, where codes and states travel."""
    await client.get("/hello?code=canary", headers={"Authorization": "Bearer canary"})
    await client.post("/nowhere?x=canary")
    await client.get("/broken?x=canary")
    assert lines(caplog) == [
        "GET /hello 200 _ms",
        "POST /nowhere 404 _ms",
        "GET /broken 500 _ms",
    ]


async def test_a_socket_is_a_line(caplog):
    """A web socket is told when it is over."""
    caplog.set_level(logging.INFO, logger="together.access")
    sent = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message["type"])

    scope = {
        "type": "websocket", "path": "/socket", "root_path": "", "query_string": b"token=canary",
        "headers": [], "subprotocols": [],
    }  # fmt: skip
    await AccessLog(APP)(scope, receive, send)
    assert sent == ["websocket.accept", "websocket.close"]
    assert lines(caplog) == ["WS /socket 101 _ms"]


async def test_a_path_cannot_forge_a_line(client, caplog):
    """Line breaks and other control characters of a path are written as escapes."""
    await client.get("/a%0A2026-01-01T00:00:00Z INFO together forged")
    assert lines(caplog) == ["GET /a%0A2026-01-01T00%3A00%3A00Z%20INFO%20together%20forged 404 _ms"]


async def test_a_path_below_a_stand_in_is_folded(client, caplog):
    """A stand-in's paths can hold an address, so only its mount is written."""
    await client.get("/sandbox/google/calendars/ada@saltmarsh.example.org/events")
    assert lines(caplog) == ["GET /sandbox/… 200 _ms"]


async def test_a_link_to_answer_is_folded(client, caplog):
    """Whoever has the address of an answer can answer, so it is not in the log."""
    await client.get("/answers/canary.canary.0.canary")
    await client.post("/answers/canary.canary.0.canary")
    assert lines(caplog) == ["GET /answers/… 200 _ms", "POST /answers/… 405 _ms"]


async def test_an_odd_method_is_not_written(client, caplog):
    """A method that is no word is written as a question mark."""
    await client.request("CANARY-METHOD", "/hello")
    assert lines(caplog) == ["? /hello 405 _ms"]
