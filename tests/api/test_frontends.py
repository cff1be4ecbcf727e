"""Pages of other origins: those that the operator lists may call the API, and no others."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from tests.api.conftest import Api
from together.api.routes import api_routes
from together.settings import Mode, Settings
from together.store.keys import make_key_file

LISTED = ("https://app.example.org/profile", "http://localhost:3000/")
QUERY = {"query": "{ viewer { name } }"}
ADA = {"Authorization": "Bearer ada"}


@pytest.fixture
def dialect() -> str:
    """Nothing here depends on the kind of database."""
    return "sqlite"


@pytest.fixture(params=list(Mode))
def web(request: pytest.FixtureRequest, api: Api, tmp_path: Path) -> httpx.AsyncClient:
    """The API as it is served in each mode."""
    keys = tmp_path / "keys" / "together.txt"
    make_key_file(keys)
    settings = Settings(keys=keys, mode=request.param, return_to=LISTED)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=list(api_routes(api.services, settings)))),
        base_url="https://together.example.org",
    )


def shared(answer: httpx.Response) -> dict[str, str]:
    """What an answer says about pages of other origins."""
    names = [name for name in answer.headers if name.startswith("access-control-")]
    return {name.removeprefix("access-control-"): answer.headers[name] for name in names}


@pytest.mark.parametrize("origin", ["https://app.example.org", "http://localhost:3000"])
async def test_a_listed_frontend(web: httpx.AsyncClient, origin: str):
    """A browser asks first and is let through, and its page may read what is answered."""
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,graphql-require-preflight",
    }
    first = await web.options("/graphql", headers=asked)
    assert first.status_code == 200
    said = shared(first)
    assert (said["allow-origin"], said["allow-methods"]) == (origin, "GET, POST")
    assert set(said["allow-headers"].lower().split(", ")) >= {
        "authorization", "content-type", "graphql-require-preflight", "apollo-require-preflight",
    }  # fmt: skip
    assert "allow-credentials" not in said
    answer = await web.post("/graphql", json=QUERY, headers=ADA | {"Origin": origin})
    assert answer.json() == {"data": {"viewer": {"name": "Ada Lindqvist"}}}
    assert shared(answer) == {
        "allow-origin": origin,
        "expose-headers": "RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate",
    }
    assert set(answer.headers["vary"].split(", ")) >= {"Accept", "Authorization", "Origin"}
    refused = await web.post("/graphql", json=QUERY, headers={"Origin": origin})
    assert (refused.status_code, shared(refused)["allow-origin"]) == (401, origin)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://app.example.org.evil.example",
        "https://app.example.org:8443",
        "http://app.example.org",
        "http://localhost:3001",
        "null",
        "*",
    ],
)
async def test_any_other_frontend(web: httpx.AsyncClient, origin: str):
    """A page of any other origin is told nothing that lets a browser hand it an answer."""
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    first = await web.options("/graphql", headers=asked)
    assert (first.status_code, shared(first).get("allow-origin")) == (400, None)
    answer = await web.post("/graphql", json=QUERY, headers=ADA | {"Origin": origin})
    assert shared(answer).get("allow-origin") is None


async def test_what_a_frontend_may_not_send(web: httpx.AsyncClient):
    """Other methods and headers are refused before they are sent; the callback is for no page."""
    origin = {"Origin": "https://app.example.org"}
    for asked in (
        {"Access-Control-Request-Method": "DELETE"},
        {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "cookie"},
    ):
        assert (await web.options("/graphql", headers=origin | asked)).status_code == 400
    assert shared(await web.get("/callback/memory", headers=origin)) == {}


async def test_compression(web: httpx.AsyncClient):
    """A longer answer is compressed for whoever takes it, and says that there are two of it."""
    long = {
        "query": "{ " + " ".join(f"number{n}: viewer {{ name email }}" for n in range(29)) + " }"
    }
    told = []
    for body, accepted in ((QUERY, "gzip"), (long, "identity"), (long, "gzip")):
        answer = await web.post("/graphql", json=body, headers=ADA | {"Accept-Encoding": accepted})
        assert answer.status_code == 200
        told.append((answer.headers.get("content-encoding"), len(answer.json()["data"])))
    assert told == [(None, 1), (None, 29), ("gzip", 29)]
    assert "Accept-Encoding" in answer.headers["vary"]
