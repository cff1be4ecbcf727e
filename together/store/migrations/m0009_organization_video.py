"""An organization's own video service, and the meetings that it makes."""

from __future__ import annotations

from itertools import chain
from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from together.store import guards


async def _guard(_: Any, editor: Any) -> None:
    dialect = editor.client.capabilities.dialect
    for statement in chain(
        guards.one_of("organization_video", "organization_id"),
        guards.one_of("video_meeting", "booking_id"),
        guards.stays(dialect, ("organization_video", "video_meeting")),
        guards.same_organization(
            dialect, (("video_meeting", "booking_id", "booking"),), told_before=True
        ),
    ):
        await editor.client.execute_query(statement)


def _to(model: str, **options: Any) -> Any:
    return fields.ForeignKeyField(f"together.{model}", related_name=False, **options)


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        ops.CreateModel(
            "OrganizationVideo",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                ("uid", fields.CharField(max_length=32, unique=True)),
                ("organization", _to("Organization", unique=True)),
                ("choice", fields.CharField(max_length=20)),
                ("provider", fields.CharField(max_length=40, null=True)),
                ("distribution", fields.CharField(max_length=200, null=True)),
                ("credential", fields.TextField(null=True)),
                ("credential_id", fields.CharField(max_length=255, null=True)),
                ("credential_name", fields.CharField(max_length=320, null=True)),
                ("reason", fields.CharField(max_length=40, null=True)),
                ("since", fields.BigIntField()),
                ("generation", fields.IntField()),
            ],
            {"table": "organization_video"},
            ["Model"],
        ),
        ops.CreateModel(
            "VideoMeeting",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                ("organization", _to("Organization")),
                ("booking", _to("Booking", unique=True)),
                ("provider", fields.CharField(max_length=40)),
                ("distribution", fields.CharField(max_length=200)),
                ("meeting_id", fields.CharField(max_length=1024, null=True)),
                ("starts", fields.BigIntField(null=True)),
                ("ends", fields.BigIntField(null=True)),
            ],
            {"table": "video_meeting"},
            ["Model"],
        ),
        ops.RunPython(_guard),
    ]
