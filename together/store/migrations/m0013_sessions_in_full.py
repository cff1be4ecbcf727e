"""What a session is to be about, whether it took place, and where its events stand by now.

No session had ever moved before, so what was written stands where its session is.
"""

from __future__ import annotations

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


async def _where_they_stand(_: Any, editor: Any) -> None:
    await editor.client.execute_query(
        """UPDATE calendar_event SET
            starts = (SELECT starts FROM booking WHERE booking.id = booking_id),
            ends = (SELECT ends FROM booking WHERE booking.id = booking_id)
        WHERE event_id IS NOT NULL"""
    )


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        ops.AddField("Booking", "agenda", fields.CharField(max_length=4000, null=True)),
        ops.AddField("Booking", "logged", fields.BooleanField(db_default=False)),
        ops.AddField("Booking", "done_at", fields.BigIntField(null=True)),
        ops.AddField("CalendarEvent", "starts", fields.BigIntField(null=True)),
        ops.AddField("CalendarEvent", "ends", fields.BigIntField(null=True)),
        ops.RunPython(_where_they_stand),
    ]
