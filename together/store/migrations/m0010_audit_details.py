"""What was there before and after each line of the audit log, and the ways in which it is read.

Lines that are there have neither, and their hashes hold as they are.
"""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        ops.AddField("AuditEntry", "before", fields.TextField(null=True)),
        ops.AddField("AuditEntry", "after", fields.TextField(null=True)),
        # Who put members into a match is looked for by every letter that tells them.
        ops.AddIndex("AuditEntry", Index(fields=("organization_id", "subject", "id"))),
        # A page goes on after the line of this hash.
        ops.AddIndex("AuditEntry", Index(fields=("organization_id", "hash"))),
    ]
