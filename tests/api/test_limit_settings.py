"""Limits and prices are what the operator sets, or the usual ones."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from tests.api.conftest import Api, documents
from together.api.costs import Bill
from together.api.limits import Limits
from together.api.routes import api_routes
from together.api.schema import build
from together.settings import Settings
from together.store.keys import make_key_file

SCHEMA = build()._schema
HOME = "query Home { viewer { name matches(first: 5) { nodes { id } } } }"
ADA = {"Authorization": "Bearer ada"}


@pytest.fixture
def dialect() -> str:
    """Nothing here depends on the kind of database."""
    return "sqlite"


async def test_what_the_operator_sets(api: Api, tmp_path: Path):
    """A limit that is set holds in the place of the usual one, and says its own value."""
    keys = tmp_path / "keys" / "together.txt"
    make_key_file(keys)
    ask = {"query": HOME}
    told = []
    for limits in (Limits(), Limits(depth=2), Limits(cost=3), Limits(body=20)):
        routes = api_routes(api.services, Settings(keys=keys, limits=limits))
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(Starlette(routes=list(routes))),
            base_url="https://together.example.org",
        ) as client:
            answer = await client.post(
                "/graphql", json=ask, headers={"Authorization": "Bearer ada"}
            )
        told += [each["extensions"]["limit"] for each in answer.json().get("errors", [])]
    assert told == [
        {"name": "depth", "allowed": 2, "asked": 4},
        {"name": "cost", "allowed": 3, "asked": 7},
        {"name": "body", "allowed": 20, "asked": 77},
    ]


@pytest.mark.parametrize(
    ("field", "limits", "cost"),
    [
        ("availability", {}, 51),
        ("availability", {"availability_cost": 7}, 8),
        ("checkSlots", {}, 21),
        ("checkSlots", {"check_slots_cost": 7}, 8),
        ("checkSeries", {}, 21),
        ("checkSeries", {"check_series_cost": 7}, 8),
    ],
)
def test_what_costs_more_than_its_objects(field: str, limits: dict[str, int], cost: int):
    """Times of a match cost what is set for them, beside the objects around."""
    window = {
        "availability": 'start: "2026-12-01T00:00:00Z", end: "2026-12-02T00:00:00Z"',
        "checkSlots": 'starts: ["2026-12-01T00:00:00Z"]',
        "checkSeries": 'start: "2026-12-01T00:00:00Z", repeats: WEEKLY, count: 52',
    }[field]
    text = f"""{{ node(id: "mat_x") {{ ... on Match {{
        {field}({window}, timeZone: "UTC", duration: 45) {{ __typename }} }} }} }}"""
    prepared = documents(**limits).prepare(text, SCHEMA)
    assert (prepared.errors, prepared.prices[None](Bill({}))) == ((), cost)
