"""Every mutation of the schema, tried by everybody: who may, and what it comes to.

The schema itself says what there is: a mutation without an expectation fails.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphql import GraphQLObjectType, build_schema, get_named_type, is_composite_type

from tests.api.conftest import Api
from tests.api.walk.cast import CAST, OUTSIDE, Ids, set_up
from tests.api.walk.deeds import DEEDS
from tests.store.schema import contents
from together.api.schema import printed
from together.store.database import Database

SDL = build_schema(printed())
ABROAD = frozenset({"mira", "nils"})


@pytest.fixture
async def ids(api: Api) -> Ids:
    return await set_up(api)


def _document(name: str) -> str:
    title = name[0].upper() + name[1:]
    payload = SDL.type_map[f"{title}Payload"]
    assert isinstance(payload, GraphQLObjectType)
    told = " ".join(
        f"{field} {{ __typename }}" if is_composite_type(get_named_type(what.type)) else field
        for field, what in payload.fields.items()
    )
    return f"""mutation M($input: {title}Input!) {{ {name}(input: $input) {{
        __typename ... on {title}Payload {{ {told} }} }} }}"""


async def _tried(api: Api, name: str, ids: Ids, *, who: str) -> dict[str, Any]:
    given = json.loads(ids.into(json.dumps(DEEDS[name].given)))
    body = {"query": _document(name), "variables": {"input": given}}
    answer: dict[str, Any] = (await api.post(body, who=who or None)).json()
    return answer


async def _here(database: Database, api: Api) -> dict[str, list[dict[str, Any]]]:
    """Everything that is Saltmarsh's."""
    mine = api.world.saltmarsh.id
    return {
        table: [row for row in rows if row.get("organization_id", mine) == mine]
        for table, rows in (await contents(database)).items()
        if table != "organization"
    }


def test_every_mutation_has_an_expectation():
    """No mutation can be added, or taken away, without saying who may do it."""
    root = SDL.mutation_type
    assert root is not None
    assert set(DEEDS) == set(root.fields)


def test_everybody_is_expected_once():
    """Nobody has two outcomes of one mutation, and each outcome is one that the schema knows."""
    for name, deed in DEEDS.items():
        named = [who for those in deed.outcomes.values() for who in those.split()]
        assert len(named) == len(set(named)), name
        assert set(named) <= set(CAST), name
        union: Any = SDL.type_map[f"{name[0].upper()}{name[1:]}Result"]
        assert set(deed.outcomes) <= {kind.name for kind in union.types}, name


@pytest.mark.parametrize("name", DEEDS)
async def test_who_may_do_what(api: Api, database: Database, ids: Ids, name: str):
    """Each comes to what is said of them, and of what is refused nothing is left behind.

    Nobody of another organization changes a row of this one, whatever they may do at home.
    """
    deed = DEEDS[name]
    for who in CAST:
        before = await _here(database, api)
        answer = await _tried(api, name, ids, who=who)
        outcome = next((kind for kind, those in deed.outcomes.items() if who in those.split()), "")
        if not outcome:
            told = [(each["message"], each["extensions"]) for each in answer["errors"]]
            refused = [("Your role does not allow this.", {"code": "FORBIDDEN"})]
            assert (who, told) == (who, refused)
            assert answer["data"] == {name: None}
        else:
            assert "errors" not in answer, (who, answer)
            done = answer["data"][name]
            assert (who, done["__typename"]) == (who, outcome)
            null = {field for field, value in done.items() if value is None}
            assert (who, null) == (who, set(deed.silent.split()) & set(done))
        if who in ABROAD or not outcome:
            assert await _here(database, api) == before, who


@pytest.mark.parametrize("who", OUTSIDE)
async def test_who_is_not_signed_in(api: Api, database: Database, ids: Ids, who: str):
    """A deactivated member, somebody unknown and a stranger do nothing at all."""
    before = await _here(database, api)
    for name in DEEDS:
        answer = await _tried(api, name, ids, who=who)
        told = [each["extensions"] for each in answer["errors"]]
        assert (name, told) == (name, [{"code": "UNAUTHENTICATED", "reason": OUTSIDE[who]}])
        assert "data" not in answer
    assert await _here(database, api) == before
