"""Meetings at a video service that their organization left, until they are taken away there."""

from __future__ import annotations

from itertools import chain
from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from together.store import guards


async def _guard(_: Any, editor: Any) -> None:
    dialect = editor.client.capabilities.dialect
    for statement in chain(
        guards.stays(dialect, ("left_video", "left_meeting")),
        guards.same_organization(dialect, (("left_meeting", "left_id", "left_video"),)),
        guards.same_organization(
            dialect, (("left_meeting", "booking_id", "booking"),), told_before=True
        ),
    ):
        await editor.client.execute_query(statement)


def _to(model: str) -> Any:
    return fields.ForeignKeyField(f"together.{model}", related_name=False)


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        ops.CreateModel(
            "LeftVideo",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                ("uid", fields.CharField(max_length=32, unique=True)),
                ("organization", _to("Organization")),
                ("provider", fields.CharField(max_length=40)),
                ("distribution", fields.CharField(max_length=200)),
                ("credential", fields.TextField(null=True)),
                ("credential_id", fields.CharField(max_length=255, null=True)),
            ],
            {"table": "left_video"},
            ["Model"],
        ),
        ops.CreateModel(
            "LeftMeeting",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                ("organization", _to("Organization")),
                ("booking", _to("Booking")),
                ("left", _to("LeftVideo")),
                ("meeting_id", fields.CharField(max_length=1024, null=True)),
            ],
            {"table": "left_meeting", "unique_together": (("booking", "left"),)},
            ["Model"],
        ),
        ops.RunPython(_guard),
    ]
