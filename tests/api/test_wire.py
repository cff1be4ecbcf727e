"""GraphQL over HTTP: types, statuses, and every malformed body."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.api.conftest import Api
from together.api import wire

ADA = {"Authorization": "Bearer ada"}
JSON = {"Content-Type": "application/json"}
NAME = {"viewer": {"name": "Ada Lindqvist"}}
QUERY = "{ viewer { name } }"


@pytest.fixture
def dialect() -> str:
    """Nothing here depends on the kind of database."""
    return "sqlite"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, wire.CLASSIC),
        ("*/*", wire.CLASSIC),
        ("application/*", wire.CLASSIC),
        ("application/json", wire.CLASSIC),
        ("application/graphql-response+json", wire.MODERN),
        ("application/graphql-response+json, application/json;q=0.9", wire.MODERN),
        ("application/json;q=0.2, application/graphql-response+json;q=0.3", wire.MODERN),
        ("application/graphql-response+json;charset=utf-8", wire.MODERN),
        ("text/html, application/json", wire.CLASSIC),
        ("application/json;q=0, */*", wire.MODERN),
        ("application/json;q=0.1, application/*;q=0.5", wire.MODERN),
        ("*/*;q=0.9, application/*;q=0.2, application/json;q=0.3", wire.CLASSIC),
        ("application/json, application/graphql-response+json", wire.CLASSIC),
        ("application/graphql-response+json;q=nan, application/json;q=0.1", wire.CLASSIC),
        ("application/graphql-response+json;charset=latin-1, application/json", wire.CLASSIC),
    ],
)
async def test_the_type_of_an_answer(api: Api, accept, kind):
    """The answer has the type that is wanted most."""
    answer = await api.post({"query": QUERY}, **({"Accept": accept} if accept else {}))
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{kind}; charset=utf-8")
    assert answer.json() == {"data": NAME}


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/json;q=0",
        "image/*",
        "nonsense",
        "*/*;q=0",
        "application/json;q=2",
        "application/json;charset=latin-1",
    ],
)
async def test_no_type_that_is_wanted(api: Api, accept):
    """A client that wants neither type is told so, as a GraphQL error."""
    answer = await api.post({"query": QUERY}, Accept=accept)
    assert answer.status_code == 406
    assert answer.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        (
            {
                "query": "query Q($id: ID!) { node(id: $id) { id } }",
                "variables": {"id": None},
            },
            "BAD_USER_INPUT",
        ),
        (
            {"query": "query A { __typename } query B { __typename }"},
            "OPERATION_RESOLUTION_FAILURE",
        ),
    ],
)
async def test_a_request_that_cannot_run(api: Api, body, code):
    """What cannot run is a 400 without data in the modern type, and a 200 in the classic one."""
    modern = await api.post(body, Accept=wire.MODERN)
    classic = await api.post(body)
    assert (modern.status_code, classic.status_code) == (400, 200)
    assert modern.json() == classic.json()
    assert set(modern.json()) == {"errors"}
    assert modern.json()["errors"][0]["extensions"]["code"] == code


async def test_an_operation_that_is_not_there(api: Api):
    """An unknown operation name is an error, and an empty one is none at all."""
    both = "query A { viewer { name } } query B { __typename }"
    answer = await api.post({"query": both, "operationName": "C"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"] == {"code": "OPERATION_RESOLUTION_FAILURE"}
    assert (await api.post({"query": both, "operationName": "A"})).json() == {"data": NAME}
    assert (await api.post({"query": QUERY, "operationName": ""})).json() == {"data": NAME}


async def test_accept_in_several_lines(api: Api):
    """What is accepted may be said in several lines, as any list in a header."""
    wishes = [("Accept", "image/*"), ("Accept", wire.MODERN)]
    answer = await api.client.post(
        "/graphql", json={"query": QUERY}, headers=[*ADA.items(), *wishes]
    )
    assert answer.headers["content-type"] == f"{wire.MODERN}; charset=utf-8"


NODE = "query Q($i: ID!) { node(id: $i) { id } }"


@pytest.mark.parametrize(
    "body",
    [
        {"query": '{ node(id: "\ud800") { id } }'},
        {"query": '{ node(id: "\\ud800") { id } }'},
        {"query": "{ \ud800 }"},
        {"query": "{ a }", "operationName": "\udfff"},
        {"query": NODE, "variables": {"i": "\ud800"}},
        {"query": NODE, "variables": {"i": {"\udc00": "\ud800é😀"}}},
        {"query": "query Q($n: Int) { viewer { matches(first: $n) { totalCount } } }",
         "variables": {"n": "\udbff"}},
        {"query": "mutation M($i: UpdateProfileInput!) { updateProfile(input: $i) { __typename } }",
         "variables": {"i": {"\ud800": 1}}},
    ],
)  # fmt: skip
async def test_lone_surrogates(api: Api, body):
    """Half a character is at worst the client's mistake, and the answer is UTF-8 all the same."""
    for kind in (wire.CLASSIC, wire.MODERN):
        headers = ADA | JSON | {"Accept": kind}
        answer = await api.client.post("/graphql", content=json.dumps(body), headers=headers)
        told = json.loads(answer.content.decode("utf-8"))
        assert answer.status_code in {200, 400}
        codes = {error["extensions"]["code"] for error in told.get("errors", ())}
        assert "INTERNAL_SERVER_ERROR" not in codes
        json.dumps(told, ensure_ascii=False).encode("utf-8")


async def test_a_lone_surrogate_is_said_as_unreadable(api: Api):
    """What cannot be written stands as U+FFFD in the answer, and what can be stays as it is."""
    hours = "mutation M($i: UpdateHoursInput!) { updateHours(input: $i) { __typename } }"
    bad = {"query": hours, "variables": {"i": {"\ud800é😀": True}}}
    answer = await api.client.post("/graphql", content=json.dumps(bad), headers=ADA | JSON)
    assert "unknown field '\ufffdé😀'" in json.loads(answer.content)["errors"][0]["message"]
    body = {"query": NODE, "variables": {"i": "\ud800"}}
    answer = await api.client.post("/graphql", content=json.dumps(body), headers=ADA | JSON)
    assert answer.json() == {"data": {"node": None}}


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/jsonx",
        "application/json; charset=utf-16",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "",
    ],
)
async def test_the_type_of_a_request(api: Api, kind):
    """A body that is not JSON in UTF-8 by its own word is not read."""
    answer = await api.client.post(
        "/graphql", content=b'{"query": "{ __typename }"}', headers=ADA | {"Content-Type": kind}
    )
    assert answer.status_code == 415
    assert answer.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}


async def test_a_body_that_is_too_long(api: Api):
    """A body over the limit is given up, whether it says its length or not."""

    async def parts():
        for _ in range(10):
            yield b" " * 64 * 1024

    for content, asked in ((b" " * 640 * 1024, 640 * 1024), (parts(), 320 * 1024)):
        answer = await api.client.post("/graphql", content=content, headers=ADA | JSON)
        assert answer.status_code == 413
        assert answer.json()["errors"][0]["extensions"] == {
            "code": "BAD_REQUEST",
            "limit": {"name": "body", "allowed": 262144, "asked": asked},
        }


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
async def test_a_compressed_body(api: Api, encoding):
    """A compressed body is not opened: how long it is would be known too late."""
    headers = ADA | JSON | {"Content-Encoding": encoding}
    content = gzip.compress(json.dumps({"query": QUERY}).encode())
    answer = await api.client.post("/graphql", content=content, headers=headers)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    assert answer.json()["errors"][0]["message"] == "Send the request uncompressed."


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_other_methods(api: Api, method):
    """Other methods are refused, and the answer says which are allowed."""
    answer = await api.client.request(method, "/graphql", headers=ADA)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


async def _got(api: Api, **parameters: Any):
    headers = ADA | {"GraphQL-Require-Preflight": "1"}
    return await api.client.get("/graphql", params=parameters, headers=headers)


async def test_queries_by_get(api: Api):
    """A query may come by GET, with a header that no other site can send unasked."""
    answer = await _got(api, query=QUERY, variables="", operationName="")
    assert (answer.status_code, answer.json()) == (200, {"data": NAME})
    bare = await api.client.get("/graphql", params={"query": QUERY}, headers=ADA)
    assert bare.status_code == 400
    assert "GraphQL-Require-Preflight" in bare.json()["errors"][0]["message"]
    assert (await _got(api, query=QUERY, variables="{")).status_code == 400
    assert (await _got(api)).status_code == 400


async def test_mutations_by_get(api: Api):
    """A mutation never comes by GET."""
    answer = await _got(api, query='mutation { updateProfile(input: {name: "X"}) { __typename } }')
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert await api.ask(QUERY) == NAME


async def test_subscriptions(api: Api):
    """A subscription is refused in words of its own, however it comes."""
    query = "subscription { viewer { name } }"
    for answer in (await api.post({"query": query}), await _got(api, query=query)):
        assert (answer.status_code, answer.headers.get("allow")) == (400, None)
        assert answer.json()["errors"] == [
            {
                "message": "There are no subscriptions here. Ask with a query.",
                "extensions": {"code": "BAD_REQUEST"},
            }
        ]


async def test_headers(api: Api):
    """No answer is kept by anybody on the way, nor read as something else."""
    answer = await api.post({"query": QUERY})
    assert {
        name: answer.headers[name] for name in ("cache-control", "vary", "x-content-type-options")
    } == {
        "cache-control": "no-store",
        "vary": "Accept, Authorization",
        "x-content-type-options": "nosniff",
    }
