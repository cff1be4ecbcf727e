"""Events that stand in calendars which are gone, and mails that replace an invitation of theirs."""

from __future__ import annotations

from itertools import chain
from typing import Any

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from together.store import guards


async def _guard(_: Any, editor: Any) -> None:
    dialect = editor.client.capabilities.dialect
    for statement in chain(
        guards.stays(dialect, ("left_event",)),
        guards.same_organization(
            dialect, (("left_event", "booking_id", "booking"),), told_before=True
        ),
    ):
        await editor.client.execute_query(statement)


def _to(model: str) -> Any:
    return fields.ForeignKeyField(f"together.{model}", related_name=False)


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        ops.AddField("Invitation", "replaces", fields.BooleanField(db_default=False)),
        ops.CreateModel(
            "LeftEvent",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                ("organization", _to("Organization")),
                ("booking", _to("Booking")),
                ("integration_id", fields.IntField()),
                ("account_hash", fields.CharField(max_length=64)),
                ("calendar_id", fields.CharField(max_length=1024)),
                ("event_id", fields.CharField(max_length=1024, null=True)),
            ],
            {"table": "left_event", "unique_together": (("booking", "integration_id"),)},
            ["Model"],
        ),
        ops.AddIndex("LeftEvent", Index(fields=("account_hash",))),
        ops.RunPython(_guard),
    ]
