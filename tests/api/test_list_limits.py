"""Lists in lists, pages, and what a document that is too large is told it asked for."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from graphql import GraphQLError, parse

from tests.api.conftest import _SCHEMA, Api, documents
from together.api.context import Context
from together.api.counts import brackets, nested, tokens
from together.api.limits import Limits, check
from together.api.pages import Cursors
from together.api.schema import build
from together.services.signing_in.viewer import Viewer

SCHEMA = build()._schema
LISTS = (
    "{ viewer { matches { nodes { ...m } } } } fragment m on Match { bookings { edges { %s } } }"
)


@pytest.fixture
def dialect() -> str:
    """Nothing here depends on the kind of database."""
    return "sqlite"


@pytest.mark.parametrize(
    ("text", "lists"),
    [
        ("{ viewer { name } }", 0),
        ("{ viewer { matches { nodes { id } } } }", 1),
        ("{ viewer { matches { nodes { id } edges { node { id } } } } }", 1),
        (LISTS % "node { id }", 2),
        (LISTS % "node { participants { answer } }", 3),
        ('{ node(id: "x") { ... on Match { bookings { nodes { id } } } } }', 1),
        ('{ nodes(ids: ["x"]) { ...m } } fragment m on Match { bookings { nodes { id } } }', 2),
        ("{ viewer { nothing { nodes { id } } } }", 0),
        ("{ __schema { types { fields { args { name } } } } }", 0),
        ("mutation { nothing { nodes { id } } }", 0),
    ],
)
def test_lists_in_lists(text: str, lists: int):
    """Lists of objects are counted through fragments, by the types of the schema."""
    for allowed in (lists - 1, lists):
        errors = check(parse(text), replace(Limits(), list_depth=allowed), SCHEMA)
        told = [error.extensions["limit"] for error in errors]
        over = {"name": "list_depth", "allowed": allowed, "asked": lists}
        assert told == ([over] if lists > allowed else [])


async def test_the_usual_depth_of_lists(api: Api):
    """A document that nests lists too deep is refused, with the number it asked for."""
    deep = LISTS % "node { match { bookings { nodes { %s } } } }"
    deep %= (
        "match { bookings { nodes { match { bookings { nodes { participants { role } } } } } } }"
    )
    [*_, (words, extensions)] = await api.errors(deep)
    assert (words, extensions["limit"]) == (
        "6 lists are nested; 5 are allowed.",
        {"name": "list_depth", "allowed": 5, "asked": 6},
    )


@pytest.mark.parametrize(
    ("sizes", "told"),
    [("first: 3", None), ("first: 4", 4), ("last: 9", 9), ("first: 0", 0), ("", None)],
)
async def test_pages(api: Api, sizes: str, told: int | None):
    """A page is as large as is set at most, and says so; without a size it is never larger."""
    context = Context.of(
        api.services, Viewer.of(api.world.people["ada"]), Cursors(b"c" * 32, most=3)
    )
    text = f"{{ viewer {{ matches({sizes}) {{ nodes {{ id }} }} }} }}".replace("()", "")
    answer = await _SCHEMA.execute(text, context_value=context)
    limits = [error.extensions for error in answer.errors or ()]
    over = {"name": "page", "allowed": 3, "asked": told}
    assert limits == ([{"code": "BAD_USER_INPUT", "limit": over}] if told is not None else [])


async def test_ids_at_once(api: Api):
    """As many things as a page holds can be asked for by their ids, and no more."""
    text = "query Q($i: [ID!]!) { nodes(ids: $i) { id } }"
    assert (await api.ask(text, i=["x"] * 100))["nodes"] == [None] * 100
    [(_, extensions)] = await api.errors(text, i=["x"] * 101)
    assert extensions == {
        "code": "BAD_USER_INPUT",
        "limit": {"name": "page", "allowed": 100, "asked": 101},
    }


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("{ a }", 3),
        ('{ a(b: "x # { y", c: -1.5e3) } # { z', 12),
        ('{ a(b: """x " \\""" { """) }', 8),
        ("query Q($a: [Int!] = [1]) @b { ...f ... on C { d } }", 27),
        ('{ a(b: "never ended', 6),
    ],
)
def test_tokens_are_counted_as_they_are_parsed(text: str, count: int):
    """What is counted for the error is what the parser counts, strings and comments included."""
    assert tokens(text) == count
    if "never" in text:
        return
    parse(text, max_tokens=count)
    with pytest.raises(GraphQLError, match="tokens"):
        parse(text, max_tokens=count - 1)


def test_what_is_nested():
    """Braces are counted as they are written, and through fragments, circles included."""
    assert brackets('{ a(b: [{c: "]]"}]) { d } }') == 4
    chain = " ".join(f"fragment f{n} on A {{ b {{ ...f{n + 1} }} }}" for n in range(300))
    text = f"{{ a {{ ...f0 }} }} {chain} fragment f300 on A {{ b }}"
    assert nested(parse(text)) == 603
    assert nested(parse("{ ...a } fragment a on A { b { ...c } } fragment c on A { ...a }")) == 4
    limits = [each.extensions["limit"] for each in check(parse(text), Limits(fragments=500))]
    assert limits[-1] == {"name": "nesting", "allowed": 100, "asked": 603}


@pytest.mark.parametrize("text", ['"' * 60_000, '"""' + "\\" * 200_000, '"""a' * 50_001, "-" * 99])
def test_counting_takes_no_time(text: str):
    """Whatever is sent, counting what is in it takes time by its length and no more."""
    started = time.perf_counter()
    assert tokens(text) < len(text)
    assert brackets(text) == 0
    assert time.perf_counter() - started < 1


async def test_a_mutation_has_a_limit_of_its_own(api: Api):
    """A mutation that takes too long names its own limit."""
    import asyncio

    class Slow:
        async def update(self, *args, **kwargs):
            await asyncio.sleep(30)

        def __getattr__(self, name):
            return self.update

    api.documents.limits = replace(api.documents.limits, mutation_seconds=0.05)
    api.serve_with(profiles=Slow())
    [(words, extensions)] = await api.errors(
        'mutation { updateProfile(input: {name: "X"}) { __typename } }'
    )
    assert (words, extensions) == (
        "This took more than 0.05 seconds and was given up. Ask for less at once.",
        {
            "code": "INTERNAL_SERVER_ERROR",
            "limit": {"name": "mutation_seconds", "allowed": 0.05},
        },
    )
    assert documents().limits.mutation_seconds == 60
