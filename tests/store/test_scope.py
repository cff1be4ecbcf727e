"""The one door to an organization's rows: whose they are, and by which index they are found."""

from __future__ import annotations

from tests.world import World
from together.store.database import Database
from together.store.models import Member
from together.store.scope import Scope


async def test_some_of_the_organizations(world: World):
    """Of ids that are named, those of another organization are not given."""
    ids = [world.ada.id, world.mira.id, world.ben.id, 10_000]
    rows = await Scope(world.saltmarsh.id).some(Member, ids).order_by("id")
    assert [row.id for row in rows] == sorted([world.ada.id, world.ben.id])
    assert await Scope(world.northlight.id).some(Member, ids).values_list("id", flat=True) == [
        world.mira.id
    ]


async def test_they_are_looked_up_by_id(database: Database, world: World):
    """However many members the organization has, a few are found by their primary key."""
    rows = Scope(world.saltmarsh.id).some(Member, [1, 2, 3])
    explain = "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN "
    plan = str(await database.client.execute_query_dict(explain + rows.sql(params_inline=True)))
    # PostgreSQL goes through so few rows whatever is asked: there, no index of it is looked at.
    found = {"sqlite": "USING INTEGER PRIMARY KEY", "postgres": "(organization_id + 0) = 1"}
    assert found[database.dialect] in plan, plan
