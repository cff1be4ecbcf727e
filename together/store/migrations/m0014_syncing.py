"""Calendars whose changes are asked for, each with where to go on, and the watches of them."""

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
        guards.stays(dialect, ("calendar_sync", "watch")),
        guards.same_organization(
            dialect, (("calendar_sync", "integration_id", "integration"),), told_before=True
        ),
        guards.same_organization(dialect, (("watch", "calendar_sync_id", "calendar_sync"),)),
    ):
        await editor.client.execute_query(statement)


def _to(model: str, **options: Any) -> Any:
    return fields.ForeignKeyField(f"together.{model}", related_name=False, **options)


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        ops.AddField("Integration", "watched_until", fields.BigIntField(db_default=0)),
        ops.CreateModel(
            "CalendarSync",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                ("organization", _to("Organization")),
                ("integration", _to("Integration")),
                ("external_id", fields.CharField(max_length=1024)),
                ("cursor", fields.TextField(null=True)),
                ("due_at", fields.BigIntField()),
                ("leased_until", fields.BigIntField(null=True)),
                ("attempts", fields.IntField()),
                ("synced_at", fields.BigIntField(null=True)),
                ("reason", fields.CharField(max_length=40, null=True)),
                ("watchable_at", fields.BigIntField()),
            ],
            {
                "table": "calendar_sync",
                "unique_together": (("integration", "external_id"),),
                "indexes": [Index(fields=("due_at",))],
            },
            ["Model"],
        ),
        ops.CreateModel(
            "Watch",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                ("organization", _to("Organization")),
                ("calendar_sync", _to("CalendarSync")),
                ("provider", fields.CharField(max_length=40)),
                ("watch_id", fields.CharField(max_length=255)),
                ("resource", fields.CharField(max_length=1024, null=True)),
                ("secret_hash", fields.CharField(max_length=64)),
                ("generation", fields.IntField()),
                ("expires_at", fields.BigIntField()),
                ("renew_at", fields.BigIntField()),
            ],
            {
                "table": "watch",
                "unique_together": (("provider", "watch_id"),),
                "indexes": [Index(fields=("calendar_sync_id",))],
            },
            ["Model"],
        ),
        ops.RunPython(_guard),
    ]
