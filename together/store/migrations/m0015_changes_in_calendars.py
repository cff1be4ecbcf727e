"""What is needed to tell a change in somebody's calendar from one that was made here."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        ops.AddField("Booking", "disputed_at", fields.BigIntField(null=True)),
        ops.AddField("CalendarEvent", "writes", fields.IntField(db_default=0)),
        ops.AddField("CalendarEvent", "written_at", fields.BigIntField(null=True)),
        ops.AddField("CalendarEvent", "read_at", fields.BigIntField(null=True)),
        ops.AddField("CalendarEvent", "gone_at", fields.BigIntField(null=True)),
        ops.AddField("CalendarEvent", "stray_starts", fields.BigIntField(null=True)),
        ops.AddField("CalendarEvent", "stray_ends", fields.BigIntField(null=True)),
        ops.AddField("Seat", "answered_at", fields.BigIntField(null=True)),
        ops.AddField(
            "Seat", "calendar_answer", fields.CharField(max_length=20, db_default="NEEDS_ACTION")
        ),
    ]
