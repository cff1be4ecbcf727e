"""Series: what was booked together, by which rule, and which of it a session is."""

from __future__ import annotations

from itertools import chain
from typing import Any

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from together.store import guards

_RELATIONS = (("series", "match_id", "match"), ("series", "booked_by_id", "member"))


async def _guard(_: Any, editor: Any) -> None:
    dialect = editor.client.capabilities.dialect
    for statement in chain(
        guards.stays(dialect, ("series",)),
        guards.same_organization(dialect, _RELATIONS, told_before=True),
        guards.same_organization(dialect, (("booking", "series_id", "series"),)),
    ):
        await editor.client.execute_query(statement)


def _to(model: str, **options: Any) -> Any:
    return fields.ForeignKeyField(f"together.{model}", related_name=False, **options)


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        ops.CreateModel(
            "Series",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                ("uid", fields.CharField(max_length=32, unique=True)),
                ("organization", _to("Organization")),
                ("match", _to("Match")),
                ("booked_by", _to("Member")),
                ("rule", fields.CharField(max_length=60)),
                ("zone", fields.CharField(max_length=64)),
                ("begins_at", fields.BigIntField()),
                ("count", fields.IntField()),
                ("created_at", fields.BigIntField()),
            ],
            {"table": "series"},
            ["Model"],
        ),
        ops.AddField("Booking", "series", _to("Series", null=True)),
        ops.AddField("Booking", "occurrence", fields.IntField(null=True)),
        ops.AddIndex("Booking", Index(fields=("series_id", "occurrence"))),
        ops.RunPython(_guard),
    ]
