"""Documents that would take long to check, or that nobody could read: refused by name."""

from __future__ import annotations

import time

import pytest

from tests.api.conftest import Api, documents
from tests.api.test_limits import SCHEMA, told


@pytest.fixture
def dialect() -> str:
    """Nothing here depends on the kind of database."""
    return "sqlite"


def spread_in_a_row(links: int) -> str:
    """Fragments that each spread the next."""
    fragments = " ".join(f"fragment f{n} on Viewer {{ ...f{n + 1} }}" for n in range(links))
    return f"{{ viewer {{ ...f0 }} }} {fragments} fragment f{links} on Viewer {{ name }}"


LONG = "9" * 5000


def nested(asked: int) -> dict[str, str | int]:
    return {"name": "nesting", "allowed": 100, "asked": asked}


@pytest.mark.parametrize(
    ("text", "over"),
    [
        (spread_in_a_row(550), [nested(553), {"name": "fragments", "allowed": 100, "asked": 551}]),
        (spread_in_a_row(98), [nested(101)]),
        ("{ viewer {" + " ...{" * 200 + "name" + "}" * 202, [nested(202)]),
        ("{ viewer {" + " ...{" * 150 + "name" + "}" * 152, [nested(152)]),
        ("{ node(id: " + "[" * 300 + "]" * 300 + ") { id } }", [nested(302)]),
        (
            "query Q($a: " + "[" * 300 + "ID" + "]" * 300 + ") { node(id: $a) { id } }",
            [nested(301)],
        ),
        (
            f"{{ viewer {{ matches(first: {LONG}) {{ nodes {{ id }} }} }} }}",
            [{"name": "digits", "allowed": 100, "asked": 5000}],
        ),
        (
            f"query Q($n: Int = {LONG}) {{ viewer {{ matches(first: $n) {{ nodes {{ id }} }} }} }}",
            [{"name": "digits", "allowed": 100, "asked": 5000}],
        ),
        (
            f"mutation {{ bookSession(input: {{duration: -{LONG}}}) {{ __typename }} }}",
            [{"name": "digits", "allowed": 100, "asked": 5001}],
        ),
        (
            " ".join(f"query Q{n} {{ viewer {{ name }} }}" for n in range(21)),
            [{"name": "operations", "allowed": 20, "asked": 21}],
        ),
        (
            " ".join(f"query Q{n} {{ viewer {{ {'name ' * 50} }} }}" for n in range(20)),
            [{"name": "selections", "allowed": 1000, "asked": 1020}],
        ),
    ],
)
async def test_what_is_too_large_is_told_by_name(api: Api, text, over):
    """However a document is too large, its client is told which limit it is over."""
    errors = await api.errors(text)
    assert [extensions for _, extensions in errors] == [
        {"code": "GRAPHQL_VALIDATION_FAILED", "limit": limit} for limit in over
    ]
    assert not any("None" in words for words, _ in errors)


def test_fragments_of_one_name_are_all_measured():
    """A second fragment of a name hides nothing of the first one from the limits."""
    text = "{ a { ...f } } fragment f on A { b { c { d } } } fragment f on A { b }"
    assert told(text, depth=2) == [{"name": "depth", "allowed": 2, "asked": 3}]
    assert told(text, selections=5) == [{"name": "selections", "allowed": 5, "asked": 6}]


def copies(times: int, levels: int) -> str:
    """The same field several times, at each of several levels."""
    inner = "id"
    for level in reversed(range(levels)):
        around = "match { %s }" if level % 2 else "bookings { nodes { %s } }"
        inner = " ".join([around % inner] * times)
    return f"{{ viewer {{ matches {{ nodes {{ {inner} }} }} }} }}"


SLOW = [
    copies(2, 7),
    copies(4, 4),
    copies(6, 3),
    copies(20, 2),
    copies(90, 1),
    "{ viewer { name } } "
    + " ".join(f"fragment f{n} on Viewer {{ {'name ' * 99}}}" for n in range(45)),
    " ".join(f"query Q{n} {{ viewer {{ {'name ' * 60}}} }}" for n in range(70)),
    " ".join(f"query Q{n} {{ viewer {{ {'name ' * 48}}} }}" for n in range(20)),
    " ".join(
        f"query Q{n} {{ viewer {{ {' '.join(f'...f{m}' for m in range(90))} }} }}"
        for n in range(10)
    )
    + " ".join(f" fragment f{m} on Viewer {{ name }}" for m in range(90)),
]


@pytest.mark.parametrize("text", SLOW, ids=range(len(SLOW)))
def test_no_document_takes_long_to_prepare(text):
    """What would take seconds to check is refused before, in words for whoever wrote it."""
    started = time.thread_time()
    errors = documents().prepare(text, SCHEMA).errors
    assert time.thread_time() - started < 0.7
    assert {error.extensions["code"] for error in errors} == {"GRAPHQL_VALIDATION_FAILED"}
    assert not any(error.message.endswith("aborted.") for error in errors)
