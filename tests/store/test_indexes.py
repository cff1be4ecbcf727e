"""What is looked for often is found without going through a whole table."""

from __future__ import annotations

import pytest

from tests.store.schema import described
from together.store.database import Database


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("job", "integration_id"),
        ("calendar_event", "integration_id"),
        ("calendar_event", "account_hash"),
        ("integration", "provider"),
        ("integration", "state"),
        ("match", "program_id,state"),
        ("match", "program_id,created_at"),
        ("program_administrator", "member_id"),
        ("audit_entry", "organization_id,subject"),
        ("seat", "starts"),
    ],
)
async def test_what_a_connection_is_known_by(database: Database, table: str, column: str):
    """Work, events and accounts of a calendar that comes, waits or goes are found by an index."""
    indexes = [row for row in await described(database) if row[:2] == ("index", table)]
    columns = [
        row[5] if database.dialect == "sqlite" else row[3].partition("(")[2].replace(", ", ",")
        for row in indexes
    ]
    assert [each for each in columns if each.startswith(column)]
