"""What an error says: our words where the no is expected, and a number everywhere else."""

from __future__ import annotations

import logging
import re

import pytest

from tests.api.conftest import Api
from together.services import refusals

TODOS = "{ viewer { todos { kind } } }"
MARK = "canary-7f3a"


@pytest.fixture
def dialect() -> str:
    """Nothing here depends on the kind of database."""
    return "sqlite"


class Failing:
    """Todos that cannot be read."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def of(self, viewer):
        raise self._error


async def test_what_nobody_expected(api: Api, caplog: pytest.LogCaptureFixture):
    """A fault of ours is a number, which is found in the log; its text is in neither."""
    caplog.set_level(logging.DEBUG)
    api.serve_with(todos=Failing(RuntimeError(f"the token is {MARK}")))
    answer = await api.post({"query": TODOS, "variables": {"x": MARK}})
    [error] = answer.json()["errors"]
    number = error["extensions"]["errorId"]
    assert (
        error["message"] == f"Something went wrong here. Tell the operator this number: {number}."
    )
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "errorId": number}
    [line] = [r.getMessage() for r in caplog.records if r.name == "together.api.masking"]
    assert re.match(
        rf"error {number}: RuntimeError at viewer\.todos; raised in .*test_masking", line
    )
    assert MARK not in answer.text
    assert all(MARK not in record.getMessage() for record in caplog.records)
    assert answer.json()["data"] == {"viewer": None}


@pytest.mark.parametrize(
    ("refusal", "extensions"),
    [
        (refusals.NotFound(), {"code": "NOT_FOUND"}),
        (refusals.Forbidden(), {"code": "FORBIDDEN"}),
        (
            refusals.InvalidInput("a.b", "That is not it."),
            {"code": "BAD_USER_INPUT", "field": "a.b"},
        ),
    ],
)
async def test_an_expected_no_speaks(api: Api, refusal, extensions):
    """A refusal where no union shows it says its words, with a code."""
    api.serve_with(todos=Failing(refusal))
    assert await api.errors(TODOS) == [(refusal.message, extensions)]


async def test_a_refusal_out_of_place(api: Api):
    """A refusal that no type shows there is a fault of ours, and masked."""
    api.serve_with(todos=Failing(refusals.SlotUnavailable((1, 2))))
    [(words, extensions)] = await api.errors(TODOS)
    assert words.startswith("Something went wrong here.")
    assert extensions["code"] == "INTERNAL_SERVER_ERROR"


async def test_a_fault_outside_of_any_field(api: Api):
    """What fails before anything runs is masked as well, with a status of its own."""

    class Broken:
        async def viewer(self, bearer):
            raise RuntimeError(MARK)

    api.serve_with(identity=Broken())
    answer = await api.post({"query": TODOS}, Accept="application/graphql-response+json")
    assert answer.status_code == 500
    assert MARK not in answer.text
    assert answer.json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"


async def test_the_clients_own_mistakes(api: Api):
    """A bad cursor, page or scalar is told as the client's mistake, and blanks nothing else."""
    answer = await api.post({"query": "{ viewer { name matches(first: 0) { nodes { id } } } }"})
    assert answer.json()["data"] == {"viewer": {"name": "Ada Lindqvist", "matches": None}}
    [error] = answer.json()["errors"]
    assert error["message"] == "A page of 0 was asked for; it holds 1 to 100 items."
    assert error["extensions"] == {
        "code": "BAD_USER_INPUT",
        "limit": {"name": "page", "allowed": 100, "asked": 0},
    }
    query = 'mutation { updateProfile(input: {timeZone: "Mars/Base"}) { __typename } }'
    assert await api.errors(query) == [
        (
            "“Mars/Base” is not an IANA time zone. Use a name such as Europe/Paris.",
            {"code": "BAD_USER_INPUT"},
        )
    ]
    variable = "mutation M($i: UpdateProfileInput!) { updateProfile(input: $i) { __typename } }"
    [(words, extensions)] = await api.errors(variable, i={"timeZone": "Mars/Base"})
    assert "is not an IANA time zone" in words
    assert extensions == {"code": "BAD_USER_INPUT"}


USE = " { viewer { matches(first: $n) { nodes { id } } } }"


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("query Q($x: Int) { viewer { name } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ viewer { matches(first: $x) { nodes { id } } } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query Q($n: ID)" + USE, {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query Q($n: Viewer)" + USE, {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query Q($n: Int)" + USE, {"n": "ten"}, "BAD_USER_INPUT"),
        ("query Q($n: Int!)" + USE, {}, "BAD_USER_INPUT"),
        ("query Q($n: Int!)" + USE, {"n": None}, "BAD_USER_INPUT"),
    ],
)
async def test_a_wrong_document_is_told_from_a_wrong_value(api: Api, query, variables, code):
    """What is wrong in the document is a validation error, though it speaks of a variable."""
    told = await api.errors(query, **variables)
    assert told[0][0].startswith("Variable '$")
    assert {extensions["code"] for _, extensions in told} == {code}
