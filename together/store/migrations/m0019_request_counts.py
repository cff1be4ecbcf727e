"""How many requests each member, and each organization, has sent within the current minute."""

from __future__ import annotations

from itertools import chain
from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from together.store import guards


async def _guard(_: Any, editor: Any) -> None:
    dialect = editor.client.capabilities.dialect
    # Counts are worth nothing after a crash; unlogged, no request waits for a disk.
    unlogged = ('ALTER TABLE "request_count" SET UNLOGGED',) if dialect == "postgres" else ()
    for statement in chain(unlogged, guards.stays(dialect, ("request_count",))):
        await editor.client.execute_query(statement)


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        ops.CreateModel(
            "RequestCount",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                (
                    "organization",
                    fields.ForeignKeyField("together.Organization", related_name=False),
                ),
                ("key", fields.CharField(max_length=120, unique=True)),
                ("counted", fields.IntField()),
                ("ends", fields.BigIntField()),
            ],
            {"table": "request_count"},
            ["Model"],
        ),
        ops.RunPython(_guard),
    ]
