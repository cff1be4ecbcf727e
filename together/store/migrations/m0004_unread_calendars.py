"""Calendars that count and cannot be read, each since when."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        ops.AddField("CalendarRow", "unreadable_since", fields.BigIntField(null=True)),
    ]
