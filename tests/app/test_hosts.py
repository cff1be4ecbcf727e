"""Under which names this installation answers, and which name it calls itself."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.app.site import BASE_URL, START, Site
from together.api.hosts import KnownHosts, host_in

KNOWN = ["127.0.0.1", "127.0.0.1:8000", "localhost:1", "LOCALHOST", "localhost."]
UNKNOWN = [
    "together.attacker.example",
    "127.0.0.1.attacker.example",
    "127.0.0.1@attacker.example",
    "attacker.example:127.0.0.1",
    "127.0.0.1:8000:8000",
    "[::1]",
    "::1",
    "localhost:٣",
    "",
]


@pytest.fixture
def dialect() -> str:
    """What is refused here is refused before any database is asked: one kind is enough."""
    return "sqlite"


@pytest.mark.parametrize("path", ["/graphql", "/callback/google?state=x", "/nowhere"])
async def test_an_unknown_name_is_refused(site: Site, path: str) -> None:
    """Under any name but the listed ones nothing is served, and the answer does not repeat it."""
    for name in UNKNOWN:
        reply = await site.web.get(path, headers={"host": name.encode()})
        assert reply.status_code == 400, name
        assert reply.text == (
            "Nothing is served here under the host name of this request. "
            "Whoever runs this installation lists its names in TOGETHER_ALLOWED_HOSTS.\n"
        )
    expected = {"/graphql": 401, "/callback/google?state=x": 400, "/nowhere": 404}[path]
    for name in KNOWN:
        reply = await site.web.get(
            path, headers={"host": name, "GraphQL-Require-Preflight": "1", "accept": "*/*"}
        )
        assert (reply.status_code, "TOGETHER_ALLOWED_HOSTS" in reply.text) == (expected, False)


async def test_two_names_or_none_are_refused(site: Site) -> None:
    """A request that names two hosts, or no host, is not guessed at."""
    sent: list[int] = []

    async def receive() -> dict:
        return {"type": "http.request"}

    async def send(message: dict) -> None:
        if message["type"] == "http.response.start":
            sent.append(message["status"])

    for headers in ([], [(b"host", b"127.0.0.1"), (b"host", b"attacker.example")]):
        scope = {"type": "http", "method": "GET", "path": "/graphql", "headers": headers}
        await site.app.asgi(scope, receive, send)
    assert sent == [400, 400]


async def test_a_socket_under_an_unknown_name_is_closed() -> None:
    """A web socket to a name that is not listed is closed before it is opened."""
    sent: list[dict] = []

    async def inner(scope, receive, send) -> None:
        await send({"type": "websocket.accept"})

    async def receive() -> dict:
        return {"type": "websocket.connect"}

    async def send(message: dict) -> None:
        sent.append(message["type"])

    hosts = KnownHosts(inner, ["[::1]"])
    for name in (b"attacker.example", b"[::1]:8000"):
        scope = {"type": "websocket", "path": "/graphql", "headers": [(b"host", name)]}
        await hosts(scope, receive, send)
    assert sent == ["websocket.close", "websocket.accept"]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Together.Example.ORG:443", "together.example.org"),
        ("together.example.org.", "together.example.org"),
        ("[0:0::1]:80", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("a.example:", None),
        ("a.example:b", None),
    ],
)
def test_a_name_is_read_in_one_way(header: str, name: str | None) -> None:
    """Port, case, a dot at the end and the spelling of an address make no other name."""
    assert host_in(header) == name


async def test_no_address_of_ours_comes_from_a_request(site: Site) -> None:
    """Where a consent comes back to is the public address, whatever headers a request carries."""
    elsewhere = {
        "host": "localhost:9",
        "x-forwarded-host": "attacker.example",
        "x-forwarded-proto": "gopher",
        "forwarded": "host=attacker.example;proto=http",
        "x-forwarded-for": "10.0.0.1",
    }
    given = {"provider": "google", "returnTo": f"{BASE_URL}/connected"}
    reply: httpx.Response = await site.web.post(
        "/graphql",
        json={"query": START, "variables": {"input": given}},
        headers=elsewhere | {"authorization": f"Bearer {site.token(site.world.ada)}"},
    )
    address = reply.json()["data"]["startCalendarConnection"]["authorizationUrl"]
    asked = parse_qs(urlsplit(address).query)
    assert asked["redirect_uri"] == [f"{BASE_URL}/callback/google"]
    assert "attacker" not in address


@pytest.mark.parametrize("path", ["/graphql/", "/callback/google/", "/callback/google/?state=x"])
async def test_a_slash_too_many_is_not_found(site: Site, path: str) -> None:
    """An address with a slash at its end is not sent on to one made of the request's Host."""
    for method in ("GET", "POST"):
        reply = await site.web.request(method, path, headers={"host": "127.0.0.1:9999"})
        assert (reply.status_code, reply.headers.get("location")) == (404, None)


async def test_a_frontend_does_not_make_a_name_ours(site: Site) -> None:
    """Under an unknown name a listed frontend's request is refused like any other's."""
    asked = {"origin": BASE_URL, "access-control-request-method": "POST"}
    known = await site.web.options("/graphql", headers=asked)
    assert (known.status_code, known.headers["access-control-allow-origin"]) == (200, BASE_URL)
    reply = await site.web.options("/graphql", headers=asked | {"host": "attacker.example"})
    assert (reply.status_code, "access-control-allow-origin" in reply.headers) == (400, False)
