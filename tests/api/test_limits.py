"""How large an operation may be, and that each fragment is measured once."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from graphql import GraphQLError, get_introspection_query, parse

from tests.api.conftest import Api, documents
from together.api.limits import Limits, check, measure
from together.api.schema import build

SCHEMA = build()._schema
HOME = "query Home { viewer { name matches(first: 5) { nodes { id } } } }"


@pytest.fixture
def dialect() -> str:
    """Nothing here depends on the kind of database."""
    return "sqlite"


def chain(links: int) -> str:
    """Fragments that each spread the next one twice."""
    fragments = " ".join(
        f"fragment f{n} on Viewer {{ ...f{n + 1} ...f{n + 1} }}" for n in range(links)
    )
    return f"{{ viewer {{ ...f0 }} }} {fragments} fragment f{links} on Viewer {{ a: name }}"


def told(text: str, **limits) -> list[dict]:
    """The limits that a document is over."""
    errors = check(parse(text), replace(Limits(), **limits))
    return [error.extensions["limit"] for error in errors]


def test_a_chain_of_fragments_is_measured_at_once():
    """Thirty fragments that double each other are refused in no time, with the number they make."""
    started = time.perf_counter()
    over = told(chain(60))
    assert time.perf_counter() - started < 0.5
    assert over == [
        {"name": "aliases", "allowed": 30, "asked": 2**60},
        {"name": "width", "allowed": 100, "asked": 2**60},
    ]


def test_a_circle_of_fragments():
    """Fragments that spread each other are measured to the end; validation names the circle."""
    text = "{ viewer { ...a } } fragment a on Viewer { ...b } fragment b on Viewer { ...a name }"
    assert told(text) == []
    prepared = documents().prepare(text, SCHEMA)
    assert "Cannot spread fragment" in prepared.errors[0].message


@pytest.mark.parametrize(
    ("text", "limits", "over"),
    [
        ("{ a { b { c } } }", {"depth": 2}, {"name": "depth", "allowed": 2, "asked": 3}),
        (
            "{ a { ...f } } fragment f on A { b { c } }",
            {"depth": 2},
            {"name": "depth", "allowed": 2, "asked": 3},
        ),
        (
            "{ __schema { types { name } } }",
            {"introspection_depth": 2, "depth": 1},
            {"name": "introspection_depth", "allowed": 2, "asked": 3},
        ),
        ("{ x: a y: a }", {"aliases": 1}, {"name": "aliases", "allowed": 1, "asked": 2}),
        (
            "query @a @b { a @c ...f @d } fragment f on Q @e { b @f }",
            {"directives": 5},
            {"name": "directives", "allowed": 5, "asked": 6},
        ),
        (
            "{ a a ... { a ...f } } fragment f on Q { b b }",
            {"width": 4},
            {"name": "width", "allowed": 4, "asked": 5},
        ),
    ],
)
def test_each_limit(text, limits, over):
    """Each limit says its name, its value and what was asked; on the value itself it is silent."""
    assert told(text, **limits) == [over]
    assert told(text, **dict.fromkeys([over["name"]], over["asked"])) == []


def test_an_unused_fragment_is_measured():
    """A fragment that nothing spreads is validated, and so it is measured."""
    text = "{ a } fragment f on Q { x: a y: a }"
    assert max(made.aliases for made in measure(parse(text))) == 2


def price(text: str, **variables) -> int:
    prepared = documents().prepare(text, SCHEMA)
    assert prepared.errors == ()
    from together.api.costs import Bill

    return prepared.prices[prepared.operations[0]](Bill(variables))


def test_pages_multiply():
    """An operation costs one for each object, times the pages around it."""
    nested = "{ viewer { matches(first: %s) { nodes { bookings(first: %s) { nodes { id } } } } } }"
    assert price("{ viewer { name } }") == 1
    assert price(nested % (1, 1)) == 1 + 1 + 1 + 1 + 1
    assert price(nested % (10, 7)) == 1 + 1 + 10 * (1 + 1 + 7)
    by_variable = "query Q($n: Int) " + nested % ("$n", 7)
    assert price(by_variable, n=10) == price(nested % (10, 7))
    assert price(by_variable) == price(nested % (20, 7))
    with_default = "query Q($n: Int = 90) " + nested % ("$n", 7)
    assert price(with_default) == price(nested % (90, 7))
    assert price(by_variable, n=-1000) == price(nested % (1, 7))
    assert price("query Q($i: [ID!]!) { nodes(ids: $i) { id } }", i=["a"] * 50) == 50
    spread = "{ viewer { matches(first: 10) { nodes { ...m } } } } fragment m on Match { %s }"
    assert price(spread % "bookings(first: 7) { nodes { id } }") == price(nested % (10, 7))


@pytest.mark.parametrize(
    ("sizes", "variables", "counts"),
    [
        ("first: $n", {"n": 100.0}, 100),
        ("first: $n", {"n": 7.0}, 7),
        ("first: $n", {"n": "seven"}, 100),
        ("first: $n", {"n": True}, 100),
        ("first: $n", {"n": float("nan")}, 100),
        ("first: $n", {"n": float("inf")}, 100),
        ("first: $n", {"n": 10**5000}, 101),
        ("first: $n", {"n": -(10**5000)}, 1),
        ("first: $n", {"n": None}, 20),
        ("first: $n", {}, 20),
        ("last: $n", {"n": 100.0}, 100),
        ("first: null, last: 100", {}, 100),
        ("last: 100, first: null", {}, 100),
        ("first: 1, last: 100", {}, 100),
        ("first: $n, last: 100", {}, 100),
        ("first: $n, last: 100", {"n": None}, 100),
        ("first: $n, last: $m", {"n": 1, "m": 100.0}, 100),
        ("first: 2147483647", {}, 101),
        ("first: null, last: null", {}, 20),
        ("", {}, 20),
    ],
)
def test_a_page_costs_what_it_may_hold(sizes, variables, counts):
    """A size is priced as it will be read: the larger of two, and never less than may come."""
    head = f"query Q({declared}) " if (declared := _declared(sizes)) else ""
    asked = f"{head}{{ viewer {{ matches({sizes}) {{ nodes {{ id }} }} }} }}".replace("()", "")
    assert price(asked, **variables) == 1 + 1 + counts


def _declared(sizes: str) -> str:
    return ", ".join(f"{name}: Int" for name in ("$n", "$m") if name in sizes)


def test_a_default_is_priced_unless_null_is_given():
    """A variable's default counts where nothing is given; an explicit null is the usual page."""
    asked = "query Q($n: Int = 90) { viewer { matches(first: $n) { nodes { id } } } }"
    assert (price(asked), price(asked, n=None), price(asked, n=3)) == (92, 22, 5)
    listed = 'query Q($i: [ID!]! = ["a", "b"]) { nodes(ids: $i) { id } }'
    assert (price(listed), price(listed, i=["a"] * 10**4)) == (2, 101)


async def test_no_number_slips_past_the_cost(api: Api):
    """A page given as 100.0 is a page of a hundred, and a query of such pages is refused."""
    wide = """query Q($n: Int) {
        viewer { matches(first: $n) { nodes { bookings(%s) { nodes { id } } } } }
    }"""
    for sizes, variables in [("first: $n", {"n": 100.0}), ("first: null, last: 100", {"n": 100})]:
        [(_, extensions)] = await api.errors(wide % sizes, **variables)
        assert extensions["limit"] == {"name": "cost", "allowed": 5000, "asked": 10202}


async def test_limits_hold_over_http(api: Api):
    """A client that asks for too much is told which limit it hit."""
    wide = "{ viewer { matches(first: 100) { nodes { bookings(first: 100) { nodes { id } } } } } }"
    assert await api.errors(wide) == [
        (
            "This operation may answer with 10202 objects; 5000 are allowed. Ask for smaller "
            "pages.",
            {
                "code": "GRAPHQL_VALIDATION_FAILED",
                "limit": {"name": "cost", "allowed": 5000, "asked": 10202},
            },
        )
    ]
    [(words, extensions)] = await api.errors("{" + "viewer{name}" * 2000 + "}")
    assert words == "The document has 8002 tokens; 5000 are allowed."
    assert extensions["limit"] == {"name": "tokens", "allowed": 5000, "asked": 8002}
    assert [each["limit"]["name"] for _, each in await api.errors(chain(30))] == [
        "aliases",
        "width",
    ]


async def test_errors_are_few_and_suggest_nothing(api: Api):
    """A document full of mistakes is told of five, and learns no name from them."""
    told = await api.errors("{ viewer { " + " ".join(f"nam{n}" for n in range(50)) + " } }")
    assert len(told) == 6
    assert told[0] == (
        "Cannot query field 'nam0' on type 'Viewer'.",
        {"code": "GRAPHQL_VALIDATION_FAILED"},
    )
    assert told[5] == (
        "There are more than 5 mistakes; mend these first.",
        {"code": "GRAPHQL_VALIDATION_FAILED", "limit": {"name": "errors", "allowed": 5}},
    )
    [(words, _)] = await api.errors("{ viewer { matches(frst: 1) { nodes { id } } } }")
    assert words == "Unknown argument 'frst' on field 'Viewer.matches'."


async def test_caches_hit(api: Api):
    """The second request of a document is neither parsed nor validated again."""
    for _ in range(5):
        await api.ask(HOME)
    assert (api.documents.misses, api.documents.hits) == (1, 4)


def test_caches_are_bounded():
    """Neither many documents nor long ones nor wrong ones fill memory."""
    kept = documents()
    kept.most = 3
    for n in range(10):
        kept.prepare(f"query Q{n} {{ viewer {{ name }} }}", SCHEMA)
    long = "{ viewer { name } } #" + "x" * kept.longest
    wrong = "{ viewer { nobody } }"
    for text in (long, long, wrong, wrong):
        kept.prepare(text, SCHEMA)
    assert (len(kept._kept), kept.hits) == (3, 0)
    kept.most, kept.room = 100, 50_000
    for n in range(10):
        kept.prepare(f"{{ viewer {{ name }} }} # {n} {'x' * 12_000}", SCHEMA)
    assert [text[:23] for text in kept._kept] == [
        f"{{ viewer {{ name }} }} # {n}" for n in (6, 7, 8, 9)
    ]


def test_a_document_nested_without_end():
    """Braces in their thousands are an error of the client's."""
    with pytest.raises(GraphQLError) as caught:
        documents(tokens=100_000).prepare("{a" * 20_000 + "}" * 20_000, SCHEMA)
    assert caught.value.extensions["limit"] == {
        "name": "nesting",
        "allowed": 100,
        "asked": 20_000,
    }


async def test_what_takes_too_long_is_given_up(api: Api):
    """A query has a time limit, and says so when it is over."""
    import asyncio

    class Slow:
        async def of(self, viewer):
            await asyncio.sleep(30)

    api.documents.limits = replace(api.documents.limits, seconds=0.05)
    api.serve_with(todos=Slow())
    assert await api.errors("{ viewer { todos { kind } } }") == [
        (
            "This took more than 0.05 seconds and was given up. Ask for less at once.",
            {"code": "INTERNAL_SERVER_ERROR", "limit": {"name": "seconds", "allowed": 0.05}},
        )
    ]


async def test_tools_can_introspect(api: Api):
    """The introspection query that tools send is within the limits."""
    answer = await api.ask(get_introspection_query(descriptions=True, input_value_deprecation=True))
    assert answer["__schema"]["queryType"]["name"] == "Query"
