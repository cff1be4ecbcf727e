"""Every field of the schema, asked for by everybody: who sees a value, and who finds nothing.

The schema itself says what there is: a field without an expectation fails, and so does one that is
not there any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLNamedType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_composite_type,
)

from tests.api.conftest import Api
from tests.api.walk.cast import CAST, OUTSIDE, Ids, set_up
from tests.api.walk.fields import FIELDS
from tests.api.walk.kinds import ARGUMENTS, SIGNED_IN
from tests.api.walk.outcomes import OUTCOMES
from together.api.schema import printed

SDL = build_schema(printed())


@pytest.fixture
async def ids(api: Api) -> Ids:
    return await set_up(api)


def _objects() -> dict[str, GraphQLObjectType]:
    return {
        name: kind
        for name, kind in SDL.type_map.items()
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__") and name != "Mutation"
    }


def _expected(kind: str) -> dict[str, frozenset[str]]:
    """Field → who sees a value."""
    there = FIELDS[kind]
    told = {"*": there.passes, "-": ""}
    return {
        field: frozenset(told.get(who, who).split())
        for names, who in there.fields.items()
        for field in names.split()
    }


def test_every_field_has_an_expectation():
    """No type and no field can be added, or taken away, without saying who sees it."""
    there = {name: set(kind.fields) for name, kind in _objects().items()}
    said = {name: set(_expected(name)) for name in FIELDS}
    said |= {name: set(names.split()) for name, names in OUTCOMES.items()}
    assert said == there
    assert not FIELDS.keys() & OUTCOMES.keys()


def test_everybody_is_known():
    """Every name in an expectation is somebody who asks, and gets through the door."""
    assert set(CAST) == set(SIGNED_IN.split())
    for kind, there in FIELDS.items():
        assert set(there.passes.split()) <= set(CAST), kind
        for field, who in _expected(kind).items():
            assert who <= set(there.passes.split()), f"{kind}.{field}"


def _document(kind: GraphQLObjectType, ids: Ids) -> str:
    asked = [
        f"{name}{ARGUMENTS.get((kind.name, name), '')}{_below(get_named_type(field.type))}"
        for name, field in kind.fields.items()
    ]
    door = ids.into(FIELDS[kind.name].door)
    return (
        f"query {{ {door} }} fragment hole on {kind.name} {{ hole: __typename {' '.join(asked)} }}"
    )


def _below(kind: GraphQLNamedType) -> str:
    return " { __typename }" if is_composite_type(kind) else ""


def _found(part: Any) -> Iterator[dict[str, Any]]:
    """Find every object that stands behind the door."""
    if isinstance(part, dict):
        if "hole" in part:
            yield part
            return
        for each in part.values():
            yield from _found(each)
    elif isinstance(part, list):
        for each in part:
            yield from _found(each)


async def _seen(api: Api, document: str, who: str) -> tuple[bool, set[str]]:
    """Whether somebody gets through the door, and which fields have a value for them there."""
    answer = (await api.post({"query": document}, who=who)).json()
    assert "errors" not in answer, (who, document, answer["errors"])
    objects = list(_found(answer["data"]))
    seen = {name for each in objects for name, value in each.items() if value is not None}
    return bool(objects), seen - {"hole"}


@pytest.mark.parametrize("who", CAST)
async def test_who_sees_what(api: Api, ids: Ids, who: str):
    """Each sees the fields that are theirs to see, and of everything else there is nothing."""
    found, expected = {}, {}
    for kind, there in FIELDS.items():
        found[kind] = await _seen(api, _document(_objects()[kind], ids), who)
        fields = {field for field, those in _expected(kind).items() if who in those}
        expected[kind] = (who in there.passes.split(), fields)
    assert {k: (v, expected[k]) for k, v in found.items() if v != expected[k]} == {}


@pytest.mark.parametrize("who", OUTSIDE)
async def test_who_is_not_signed_in(api: Api, ids: Ids, who: str):
    """A deactivated member, somebody unknown and a stranger are told so, whatever they ask."""
    for kind in FIELDS:
        document = _document(_objects()[kind], ids)
        answer = await api.post({"query": document}, who=who or None)
        assert answer.json().keys() == {"errors"}, kind
        told = [each["extensions"] for each in answer.json()["errors"]]
        assert told == [{"code": "UNAUTHENTICATED", "reason": OUTSIDE[who]}]
