"""The schema as a text, and the promises it keeps as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
    get_named_type,
)
from strawberry.permission import PermissionExtension
from strawberry.types.base import get_object_definition

from together.api import outcomes, problems
from together.api.masking import CODES
from together.api.outcomes import Raises, UndeclaredOutcome
from together.api.permissions import Declared
from together.api.queries import Query
from together.api.schema import Mutation, printed
from together.services import refusals
from together.services.organization import delegation_refusals
from together.services.people import program_refusals
from together.services.refusals import Refusal
from together.services.sessions import series_refusals

COMMITTED = Path(__file__).parents[2] / "schema.graphql"
SDL = build_schema(printed())


def test_the_committed_schema():
    """`schema.graphql` is what the code says; `together schema > schema.graphql` renews it."""
    assert COMMITTED.read_text("utf-8") == printed()


def test_everything_is_described():
    """Every type, field, argument and input field says what it is."""
    silent = []
    for name, kind in SDL.type_map.items():
        if name.startswith("__") or name in {"String", "Int", "Boolean", "ID", "Float"}:
            continue
        if not kind.description:
            silent.append(name)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            silent += [f"{name}.{each}" for each, f in kind.fields.items() if not f.description]
        if isinstance(kind, GraphQLObjectType):
            silent += [
                f"{name}.{each}({argument})"
                for each, field in kind.fields.items()
                for argument, what in field.args.items()
                if not what.description
            ]
    assert silent == []


def test_one_shape_of_mutation():
    """A mutation takes one `input` of its own and answers, if at all, with a union of its own."""
    for name, field in SDL.mutation_type.fields.items():
        title = name[0].upper() + name[1:]
        assert list(field.args) == ["input"], name
        assert str(field.args["input"].type) == f"{title}Input!"
        assert not isinstance(field.type, GraphQLNonNull)
        union = field.type
        assert isinstance(union, GraphQLUnionType)
        assert union.name == f"{title}Result"
        payloads = [each.name for each in union.types if each.name.endswith("Payload")]
        assert payloads == [f"{title}Payload"]
        for each in union.types:
            told = "Problem" in {interface.name for interface in each.interfaces}
            assert told is not each.name.endswith("Payload"), each.name


def test_root_fields_are_nullable():
    """A root field that fails does not blank its neighbours."""
    for root in (SDL.query_type, SDL.mutation_type):
        for name, field in root.fields.items():
            assert not isinstance(field.type, GraphQLNonNull), name


def test_connections():
    """What can grow is a connection, by Relay's letter."""
    found = [name for name in SDL.type_map if name.endswith("Connection")]
    assert sorted(found) == [
        "AuditLineConnection",
        "BookingConnection",
        "MatchConnection",
        "MemberConnection",
        "MemberIntegrationConnection",
        "ProgramConnection",
    ]
    for name in found:
        kind, node = SDL.type_map[name], name.removesuffix("Connection")
        assert {each: str(field.type) for each, field in kind.fields.items()} == {
            "edges": f"[{node}Edge!]!",
            "nodes": f"[{node}!]!",
            "pageInfo": "PageInfo!",
        }
    for kind in SDL.type_map.values():
        if not isinstance(kind, GraphQLObjectType):
            continue
        for name, field in kind.fields.items():
            if get_named_type(field.type).name in found:
                assert {"first", "after", "last", "before"} <= set(field.args), name


def test_every_refusal_is_shown():
    """Each refusal of the services is a type of the schema, or a top-level error with a code."""

    def family(kind):
        yield kind
        for child in kind.__subclasses__():
            yield from family(child)

    shown = (*[each.tells for each in problems.PROBLEMS], *CODES)
    assert [
        kind.__name__
        for kind in family(Refusal)
        if kind not in (Refusal, refusals.ConnectionRefusal)
        and kind.__module__
        in (
            refusals.__name__,
            delegation_refusals.__name__,
            program_refusals.__name__,
            series_refusals.__name__,
        )
        and not issubclass(kind, shown)
    ] == []


def test_every_problem_is_used():
    """No problem is in the schema without a field that may answer with it."""
    used = {
        member.name
        for kind in SDL.type_map.values()
        if isinstance(kind, GraphQLUnionType)
        for member in kind.types
    }
    assert {each.__name__ for each in problems.PROBLEMS} <= used


def test_every_problem_has_its_code():
    """Codes and problem types stand for each other, one to one."""
    codes = SDL.type_map["ProblemCode"]
    assert isinstance(codes, GraphQLEnumType)
    named = [each.named.value for each in problems.PROBLEMS]
    assert sorted(named) == sorted(codes.values)


def test_root_fields_declare_who_may_ask():
    """No root field can be added without saying who may ask for it."""
    for root in (Query, Mutation):
        for field in get_object_definition(root, strict=True).fields:
            declared = [
                permission
                for extension in field.extensions
                if isinstance(extension, PermissionExtension)
                for permission in extension.permissions
            ]
            assert len(declared) == 1, field.python_name
            assert isinstance(declared[0], Declared)


def _root(union, *declared):
    async def act(self): ...

    act.__annotations__["return"] = union

    @strawberry.type
    class Root:
        acted = strawberry.mutation(act, extensions=[Raises(*declared)])

    return Root


def test_a_refusal_that_no_type_shows():
    """A schema whose union lacks a declared refusal is not built."""
    union = Annotated[problems.NotFound | problems.KeyReused, strawberry.union("ActResult")]
    with pytest.raises(UndeclaredOutcome, match="declares TooSoon, its union lacks it"):
        outcomes.check([_root(union, refusals.NotFound, refusals.KeyReused, refusals.TooSoon)])


def test_a_type_that_no_refusal_makes():
    """A schema whose union promises a problem that nothing raises is not built."""
    union = Annotated[problems.NotFound | problems.KeyReused, strawberry.union("ActResult")]
    with pytest.raises(UndeclaredOutcome, match="KeyReused"):
        outcomes.check([_root(union, refusals.NotFound)])
    with pytest.raises(UndeclaredOutcome, match="declares no refusal"):
        outcomes.check([_root(union)])
