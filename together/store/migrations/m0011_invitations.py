"""Who is invited to a session, by whom and how far, and the number of each of its changes."""

from __future__ import annotations

from itertools import chain
from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from together.store import guards

_RELATIONS = (("invitation", "booking_id", "booking"), ("invitation", "member_id", "member"))


async def _guard(_: Any, editor: Any) -> None:
    dialect = editor.client.capabilities.dialect
    for statement in chain(
        guards.stays(dialect, ("invitation",)),
        guards.same_organization(dialect, _RELATIONS, told_before=True),
    ):
        await editor.client.execute_query(statement)


def _to(model: str) -> Any:
    return fields.ForeignKeyField(f"together.{model}", related_name=False)


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        ops.AddField("Booking", "sequence", fields.IntField(db_default=0)),
        ops.CreateModel(
            "Invitation",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                ("organization", _to("Organization")),
                ("booking", _to("Booking")),
                ("member", _to("Member")),
                ("mailed", fields.BooleanField()),
                ("sent", fields.IntField(null=True)),
                ("tried", fields.IntField(null=True)),
                ("printed", fields.BooleanField()),
            ],
            {"table": "invitation", "unique_together": (("booking", "member"),)},
            ["Model"],
        ),
        ops.RunPython(_guard),
    ]
