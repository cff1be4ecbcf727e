"""Who wants to be reminded of sessions, and which reminders were written down."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        ops.AddField("Member", "remind_day", fields.BooleanField(db_default=True)),
        ops.AddField("Member", "remind_hour", fields.BooleanField(db_default=True)),
        ops.AddField("Seat", "day_reminded", fields.BigIntField(null=True)),
        ops.AddField("Seat", "hour_reminded", fields.BigIntField(null=True)),
        ops.AddIndex("Seat", Index(fields=("starts",))),
    ]
