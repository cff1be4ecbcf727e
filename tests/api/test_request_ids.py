"""Each request has an id of ours: in its answer, in its lines of the log, in its masked errors."""

from __future__ import annotations

import json
import logging
import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from together.api.masking import mask
from together.api.request_ids import RequestIds, request_id
from together.cli import logs
from together.cli.logs import AccessLog

CANARY = "canary-of-a-client"


async def _works(_request):
    logging.getLogger("together.x").info("worked")
    return JSONResponse({"id": request_id()})


async def _fails(_request):
    return JSONResponse(mask(ValueError(CANARY)).extensions)


async def _boasts(_request):
    return JSONResponse({}, headers={"X-Request-Id": CANARY})


APP = AccessLog(
    RequestIds(
        Starlette(
            routes=[
                Route("/works", _works),
                Route("/fails", _fails),
                Route("/boasts", _boasts),
            ]
        )
    )
)


@pytest.fixture
async def client():
    transport = httpx.ASGITransport(APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        yield http


@pytest.fixture
def written(capsys):
    """Give the log as it is written, in the form that is asked for."""
    root = logging.getLogger()
    before, level, held = root.handlers[:], root.level, {}
    for name in logs.HELD:
        logger = logging.getLogger(name)
        held[logger] = (logger.level, logger.handlers[:], logger.propagate)

    def begin(form):
        logs.configure("INFO", form=form)
        return lambda: capsys.readouterr().err

    yield begin
    root.handlers[:], root.level = before, level
    for logger, (its_level, handlers, propagate) in held.items():
        logger.setLevel(its_level)
        logger.handlers[:], logger.propagate = handlers, propagate


async def test_every_answer_has_an_id_of_its_own(client):
    """Made here, for each request anew, also where nothing is found."""
    answers = [await client.get(path) for path in ("/works", "/works", "/nowhere", "/boasts")]
    ids = [answer.headers.get_list("x-request-id") for answer in answers]
    assert [len(each) for each in ids] == [1, 1, 1, 1]
    assert all(re.fullmatch("[0-9a-f]{16}", each[0]) for each in ids)
    assert len({each[0] for each in ids}) == 4
    assert answers[0].json() == {"id": ids[0][0]}
    assert request_id() is None


@pytest.mark.parametrize("sent", [CANARY, "0123456789abcdef", "x" * 5000])
async def test_none_is_taken_over(client, sent):
    """Whatever a client or a proxy sends as an id is in no answer."""
    answer = await client.get("/works", headers={"X-Request-Id": sent})
    assert answer.headers["x-request-id"] != sent
    assert answer.json() == {"id": answer.headers["x-request-id"]}


async def test_a_masked_error_has_the_same_id(client, written):
    """The number that somebody tells the operator finds all lines of that request."""
    log = written("text")
    answer = await client.get("/fails")
    made = answer.headers["x-request-id"]
    assert answer.json() == {"code": "INTERNAL_SERVER_ERROR", "errorId": made}
    said = log()
    lines = [line for line in said.splitlines() if "together" in line]
    assert [line.endswith(f" request={made}") for line in lines] == [True, True]
    assert CANARY not in said


async def test_the_log_in_json(client, written):
    """Each line is an object, with the request's id, and of a fault no text."""
    log = written("json")
    made = (await client.get(f"/works?x={CANARY}")).headers["x-request-id"]
    try:
        int(CANARY)
    except ValueError:
        logging.getLogger("together.y").exception("it broke")
    said = log()
    worked, access, broke = [json.loads(line) for line in said.splitlines()]
    for each in (worked, access, broke):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", each.pop("time"))
    assert worked == {
        "level": "INFO", "logger": "together.x", "message": "worked", "request_id": made,
    }  # fmt: skip
    took = access.pop("milliseconds")
    assert access == {
        "level": "INFO", "logger": "together.access", "message": f"GET /works 200 {took}ms",
        "request_id": made, "method": "GET", "path": "/works", "status": 200,
    }  # fmt: skip
    assert broke.pop("error").startswith("builtins.ValueError\n  ")
    assert broke == {"level": "ERROR", "logger": "together.y", "message": "it broke"}
    assert CANARY not in said
