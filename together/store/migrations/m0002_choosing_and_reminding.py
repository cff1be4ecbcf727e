"""Calendars that are chosen and may be missing, what an organization offers, and reminders.

A column that cannot be null has a default of the database's own: on SQLite, rows that are there
cannot be given one otherwise without making the table anew.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from together.store import guards

_GIVEN_UP = """
    UPDATE booking SET link_given_up = TRUE
    WHERE video IS NOT NULL AND join_url IS NULL AND NOT EXISTS (
        SELECT 1 FROM job WHERE job.booking_id = booking.id
        AND (job.kind = 'POLL_MEETING' OR job.kind = 'WRITE_EVENT' AND (
            job.integration_id IS NULL OR job.integration_id IN (
                SELECT id FROM integration WHERE member_id = booking.booked_by_id
            )
        ))
        AND (job.state = 'WAITING' OR job.state = 'PARKED' AND job.reason IN (
            'NeedsPerson', 'AuthorizationExpired', 'ConsentDeclined', 'AdminApprovalRequired'
        ))
    )"""
"""Of sessions that are to have a link: nothing asks for it any more, nor will by itself."""


async def _guard(_: Any, editor: Any) -> None:
    dialect = editor.client.capabilities.dialect
    for statement in chain(guards.stays(dialect, ("organization_integration",)), (_GIVEN_UP,)):
        await editor.client.execute_query(statement)


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        # 0: every loss that was there is behind with its reminders, and gets the latest one.
        ops.AddField("Integration", "reminded", fields.BigIntField(db_default=0)),
        ops.AddField("Integration", "tried_at", fields.BigIntField(null=True)),
        ops.AddField("Integration", "choice", fields.IntField(db_default=0)),
        ops.AddField("Integration", "choices_spent", fields.BigIntField(db_default=0)),
        # 0: its calendars are listed at the worker's next turn, for what came and went meanwhile.
        ops.AddField("Integration", "listed_at", fields.BigIntField(db_default=0)),
        ops.AddIndex("Integration", Index(fields=("state", "since"))),
        ops.AddField("CalendarRow", "missing_since", fields.BigIntField(null=True)),
        ops.AddField("CalendarRow", "counted", fields.BooleanField(db_default=False)),
        ops.AddField("CalendarRow", "received", fields.BooleanField(db_default=False)),
        ops.AddField("Booking", "link_given_up", fields.BooleanField(db_default=False)),
        ops.AddField("Job", "generation", fields.IntField(null=True)),
        ops.CreateModel(
            "OrganizationIntegration",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                ("uid", fields.CharField(max_length=32, unique=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "together.Organization", related_name=False, unique=True
                    ),
                ),
                ("offered", fields.JSONField(null=True)),
                ("hidden", fields.BooleanField()),
            ],
            {"table": "organization_integration"},
            ["Model"],
        ),
        ops.RunPython(_guard),
    ]
