"""Limits of requests, as a client hears of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from limits.aio.storage import MemoryStorage

from tests.api.conftest import _SCHEMA, Api
from together.api import wire
from together.api.context import Context
from together.api.limits import Limits
from together.api.pages import Cursors
from together.api.scalars import print_instant
from together.services.signing_in.admission import Admission
from together.services.signing_in.viewer import Viewer

QUERY = {"query": "{ rateLimit { allowed remaining resetsAt } }"}
LIMITS = Limits(member_requests=2, organization_requests=4, busy_requests=1)
ADA = {"Authorization": "Bearer ada"}


@pytest.fixture
def dialect() -> str:
    """What is counted where is tested elsewhere, on both databases."""
    return "sqlite"


class Minute(MemoryStorage):
    """Every count ends in 42 seconds."""

    async def get_expiry(self, key: str) -> float:
        return 42.0


@pytest.fixture
def limited(api: Api) -> Api:
    api.serve_with(admission=Admission(LIMITS, storage=Minute(), now=lambda: 0.0))
    return api


async def test_headers_and_the_field(limited: Api):
    """Every answer says what is left, in the draft's headers, and a query can ask for it."""
    answer = await limited.post(QUERY)
    assert (answer.headers["ratelimit-policy"], answer.headers["ratelimit"]) == (
        '"member";q=2;w=60',
        '"member";r=1;t=42',
    )
    ends = print_instant(limited.town.clock() + 42)
    assert answer.json() == {
        "data": {"rateLimit": {"allowed": 2, "remaining": 1, "resetsAt": ends}}
    }


async def test_a_refusal(limited: Api):
    """Who sends too many is told by a GraphQL error which limit it is, and when to come again."""
    await limited.post(QUERY)
    await limited.post(QUERY)
    answer = await limited.post(QUERY, Accept=wire.MODERN)
    assert answer.status_code == 429
    assert answer.headers["content-type"] == f"{wire.MODERN}; charset=utf-8"
    names = ("retry-after", "ratelimit-policy", "ratelimit")
    assert [answer.headers[name] for name in names] == [
        "42",
        '"member";q=2;w=60',
        '"member";r=0;t=42',
    ]
    assert answer.json() == {
        "errors": [
            {
                "message": "You sent 3 requests within a minute; 2 are allowed. Wait 42 seconds.",
                "extensions": {
                    "code": "REQUEST_RATE_LIMITED",
                    "limit": {
                        "name": "member_requests",
                        "allowed": 2,
                        "asked": 3,
                        "seconds": 42,
                    },
                },
            }
        ]
    }
    assert (await limited.post(QUERY, who="ben")).status_code == 200


async def test_a_busy_organization(limited: Api):
    """A member of a busy organization is told their own numbers, and nobody else's."""
    for who in ("ada", "ada", "ben", "ben"):
        assert (await limited.post(QUERY, who=who)).status_code == 200
    assert (await limited.post(QUERY, who="chiara")).status_code == 200
    answer = await limited.post(QUERY, who="chiara")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["limit"]) == (
        429,
        {"name": "busy_requests", "allowed": 1, "asked": 2, "seconds": 42},
    )
    assert (await limited.post(QUERY, who="mira")).status_code == 200


async def test_what_is_malformed_is_counted_too(limited: Api):
    """A request counts once its sender is known, whatever is in it; a stranger's does not."""
    client, bad = limited.client, {"content": b"{", "headers": ADA}
    for headers in ({}, {"Authorization": "Bearer nobody"}):
        answer = await client.post("/graphql", content=b"{", headers=headers)
        assert (answer.status_code, "ratelimit" in answer.headers) == (401, False)
    told = [await client.post("/graphql", **bad) for _ in range(3)]
    assert [each.status_code for each in told] == [415, 415, 429]
    assert [each.headers["ratelimit"] for each in told] == [
        '"member";r=1;t=42',
        '"member";r=0;t=42',
        '"member";r=0;t=42',
    ]


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [(ConnectionRefusedError, 503, "DATABASE_UNAVAILABLE"), (KeyError, 500, None)],
)
async def test_nothing_fails_open(api: Api, fault, status, reason):
    """Where requests cannot be counted they are refused, before anything of them is read."""

    class Away(MemoryStorage):
        async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
            raise fault("of whatever kind")

    api.serve_with(admission=Admission(LIMITS, storage=Away()))
    answer = await api.post({"query": "{ viewer { name } }"}, Accept=wire.MODERN)
    [error] = answer.json()["errors"]
    assert (answer.status_code, set(answer.json())) == (status, {"errors"})
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert error["extensions"].get("reason") == reason
    assert "of whatever kind" not in answer.text


async def test_every_operation_of_one_context_is_counted(api: Api):
    """On a transport that keeps one context for many operations, each is counted once."""
    viewer = Viewer.of(api.world.people["ada"])
    services = replace(api.services, admission=Admission(LIMITS, storage=Minute(), now=lambda: 0.0))
    context = Context.of(services, viewer, Cursors(b"c" * 32))
    text = "{ rateLimit { remaining } }"
    told = [await _SCHEMA.execute(text, context_value=context) for _ in range(3)]
    assert [each.data for each in told] == [
        {"rateLimit": {"remaining": 1}},
        {"rateLimit": {"remaining": 0}},
        None,
    ]
    assert [error.message for error in told[2].errors] == [
        "You sent 3 requests within a minute; 2 are allowed. Wait 42 seconds."
    ]
