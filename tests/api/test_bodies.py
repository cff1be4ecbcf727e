"""Every malformed request is a 400 that says what is wrong."""

from __future__ import annotations

import pytest

from tests.api.conftest import Api

ADA = {"Authorization": "Bearer ada"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def dialect() -> str:
    """Nothing here depends on the kind of database."""
    return "sqlite"


NO_OBJECT = "The body is a JSON object with `query`."


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'"a text"', NO_OBJECT),
        (b"null", NO_OBJECT),
        (b"7", NO_OBJECT),
        (b"true", NO_OBJECT),
        (b"[]", "Several requests in one are not accepted. Send them one by one."),
        (b'[{"query": "{a}"}]', "Several requests in one are not accepted. Send them one by one."),
        (b"{}", "The request has no `query`."),
        (b'{"query": ""}', "The request has no `query`."),
        (b'{"query": null}', "The request has no `query`."),
        (b'{"query": 7}', "`query` is a text."),
        (b'{"query": ["{a}"]}', "`query` is a text."),
        (b'{"documentId": 7}', "`documentId` is a text."),
        (
            b'{"query": "{a}", "documentId": "a"}',
            "The request has `query` and `documentId`. Send one of them.",
        ),
        (b'{"query": "{a}", "variables": []}', "`variables` is an object."),
        (b'{"query": "{a}", "variables": "{}"}', "`variables` is an object."),
        (b'{"query": "{a}", "operationName": 7}', "`operationName` is a text."),
        (b'{"query": "{a}", "extensions": 7}', "`extensions` is an object."),
        (b'{"query": "{a}"', "The body is not JSON: Expecting ',' delimiter at 15."),
        (b'{"query": "{a', "The body is not JSON: Unterminated string starting at at 10."),
        (b'{"query": "{a}"} x', "The body is not JSON: Extra data at 17."),
        (b"query=%7Ba%7D", "The body is not JSON: Expecting value at 0."),
        (b'{"query": "\xff\xfe"}', "The body is not UTF-8: byte 11 is wrong."),
        (b'{"query": "\xe4"}', "The body is not UTF-8: byte 11 is wrong."),
        ('{"query": "{a}"}'.encode("utf-16"), "The body is not UTF-8: byte 0 is wrong."),
        (
            '{"query": "{a}"}'.encode("utf-16-be"),
            "The body is not JSON: Expecting value at 0.",
        ),
        (
            '{"query": "{a}"}'.encode("utf-8-sig"),
            "The body begins with a byte order mark. Leave it out.",
        ),
        (
            b'{"query": "{a}", "query": "{b}"}',
            "The body names the same key twice in one object.",
        ),
        (
            b'{"query": "{a}", "variables": {"a": {"b": 1, "b": 1}}}',
            "The body names the same key twice in one object.",
        ),
        (
            b'{"query": "{a}", "variables": {"a": NaN}}',
            "The body is not JSON: NaN is no number.",
        ),
        (
            b'{"query": "{a}", "variables": {"a": -Infinity}}',
            "The body is not JSON: -Infinity is no number.",
        ),
        (
            b'{"query": "{a}", "variables": {"a": 1e999}}',
            "The body holds a number that is too large.",
        ),
        (
            b'{"query": "{a}", "variables": {"a": ' + b"9" * 5000 + b"}}",
            "The body holds a number of 5000 characters; 400 are allowed.",
        ),
        (
            b'{"query": "{a}", "variables": {"a": 0.' + b"1" * 5000 + b"}}",
            "The body holds a number of 5002 characters; 400 are allowed.",
        ),
        (
            b'{"query": "{a}", "variables": ' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}",
            "The body is nested too deep.",
        ),
        (b"[" * 100_000, "The body is nested too deep."),
        (b"", "The body is not JSON: Expecting value at 0."),
    ],
)
async def test_malformed_bodies(api: Api, body, words):
    """Whatever a client sends as a body, it is at worst the client's mistake, and said."""
    answer = await api.client.post("/graphql", content=body, headers=ADA | JSON)
    assert (answer.status_code, answer.json()) == (
        400,
        {"errors": [{"message": words, "extensions": {"code": "BAD_REQUEST"}}]},
    )


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ("", "The request has no `query`."),
        ("query=", "The request has no `query`."),
        ("query=%7Ba%7D&query=%7Bb%7D", "The parameter `query` is there twice."),
        ("query=%FF", "The parameters are not UTF-8."),
        ("&".join(["a=1"] * 101), "There are too many parameters."),
        ("query=%7Ba%7D&variables=%7B", "`variables` is not JSON: Expecting property name "
         "enclosed in double quotes at 1."),
        ("query=%7Ba%7D&variables=7", "`variables` is an object."),
        ("query=%7Ba%7D&extensions=[1,", "`extensions` is not JSON: Expecting value at 3."),
        ("query=%7Ba%7D&variables=" + "[" * 60_000, "`variables` is nested too deep."),
        ("query=%7Ba%7D&documentId=a", "The request has `query` and `documentId`. "
         "Send one of them."),
    ],
)  # fmt: skip
async def test_malformed_parameters(api: Api, parameters, words):
    """The parameters of a GET request are read as strictly as a body."""
    headers = ADA | {"GraphQL-Require-Preflight": "1"}
    answer = await api.client.get(f"/graphql?{parameters}", headers=headers)
    assert (answer.status_code, answer.json()) == (
        400,
        {"errors": [{"message": words, "extensions": {"code": "BAD_REQUEST"}}]},
    )
