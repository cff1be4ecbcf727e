"""The integration of a whole organization: its credential, its domains, and whose a connection is.

A member may now have two connections: one of their own, which is suspended, and the organization's.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from together.store import guards


async def _guard(_: Any, editor: Any) -> None:
    dialect = editor.client.capabilities.dialect
    for statement in chain(
        guards.stays(dialect, ("proved_domain",)),
        guards.one_in_use(),
        guards.one_credential(),
    ):
        await editor.client.execute_query(statement)


def _text(length: int) -> Any:
    return fields.CharField(max_length=length, null=True)


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        ops.AddField("Integration", "source", fields.CharField(20, db_default="INDIVIDUAL")),
        *(
            ops.AddField("OrganizationIntegration", name, field)
            for name, field in (
                ("method", fields.CharField(20, db_default="INDIVIDUAL")),
                ("state", fields.CharField(20, db_default="OFF")),
                ("since", fields.BigIntField(db_default=0)),
                ("reason", _text(40)),
                ("provider", _text(40)),
                ("distribution", _text(200)),
                ("capabilities", fields.IntField(db_default=0)),
                ("owner_email", _text(320)),
                ("credential", fields.TextField(null=True)),
                ("credential_id", _text(255)),
                ("credential_name", _text(320)),
                ("key_id", _text(255)),
                ("verified_at", fields.BigIntField(null=True)),
                ("verified_mailbox", _text(320)),
                ("probed_at", fields.BigIntField(db_default=0)),
                ("generation", fields.IntField(db_default=0)),
            )
        ),
        ops.CreateModel(
            "ProvedDomain",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                (
                    "organization",
                    fields.ForeignKeyField("together.Organization", related_name=False),
                ),
                ("domain", fields.CharField(max_length=253)),
                ("proved_at", fields.BigIntField()),
            ],
            {"table": "proved_domain", "unique_together": (("organization", "domain"),)},
            ["Model"],
        ),
        ops.RunPython(_guard),
    ]
