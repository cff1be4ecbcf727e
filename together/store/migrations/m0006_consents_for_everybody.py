"""Consents of administrators under way: what each is for, claims, and began from."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        ops.AddField("Attempt", "purpose", fields.CharField(20, db_default="INDIVIDUAL")),
        ops.AddField("Attempt", "claim", fields.TextField(null=True)),
        ops.AddField("Attempt", "nonce", fields.TextField(null=True)),
        ops.AddField("OrganizationIntegration", "choice", fields.IntField(db_default=0)),
    ]
