"""What matches were matched in, as a text, becomes a program of their organization."""

from __future__ import annotations

import pytest

from tests.store import first_world
from tests.world import DAY, NOW
from together.store.database import Database
from together.store.migrate import migrate
from together.store.models import Match, Participant, Program
from together.store.refused import ForeignRow

TEXTS = (
    (3, 1, "Stra\u00dfe", NOW - 3 * DAY),
    (4, 1, "  STRASSE", NOW - 9 * DAY),
    (5, 1, 'it\'s  "quoted"', NOW),
    (6, 2, "mentoring", NOW),
)
"""Matches beside the two that are there: number, organization, text, when."""


async def test_texts_that_fold_to_one_are_one_program(empty_url: str):
    """It is named as in its first match, as old as its oldest, and within its organization; every
    match has one, keeps its people, and is refused a program of elsewhere.
    """
    await first_world.make(empty_url)
    database = Database(empty_url)
    await database.connect()
    for number, organization, text, at in TEXTS:
        quoted = text.replace("'", "''")
        await database.client.execute_query(
            "INSERT INTO match (uid, organization_id, program, state, created_at) "  # noqa: S608
            f"VALUES ('match{number}', {organization}, '{quoted}', 'ENDED', {at})"
        )
    await database.close()
    await migrate(empty_url)
    database = await Database.open(empty_url)
    async with database.entered():
        programs = {row.id: row for row in await Program.all()}
        assert {
            (row.organization_id, row.name, row.name_key, row.created_at, row.archived_at)
            for row in programs.values()
        } == {
            (1, "Mentoring", "mentoring", NOW - 30 * DAY, None),
            (1, "Stra\u00dfe", "strasse", NOW - 9 * DAY, None),
            (1, 'it\'s  "quoted"', 'it\'s "quoted"', NOW, None),
            (2, "mentoring", "mentoring", NOW, None),
        }
        assert len({row.uid for row in programs.values()}) == 4
        assert [
            (row.uid, programs[row.program_id].organization_id, programs[row.program_id].name_key)
            for row in await Match.all().order_by("id")
        ] == [
            ("match1", 1, "mentoring"),
            ("match2", 1, "mentoring"),
            ("match3", 1, "strasse"),
            ("match4", 1, "strasse"),
            ("match5", 1, 'it\'s "quoted"'),
            ("match6", 2, "mentoring"),
        ]
        assert await Participant.all().count() == 4
        abroad = next(each for each in programs.values() if each.organization_id == 2)
        with pytest.raises(ForeignRow):
            await Match.filter(uid="match1").update(program_id=abroad.id)
    await database.close()
