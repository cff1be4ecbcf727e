"""How each member is connected, and the words they are found by, for administrators' lists.

What was there before is brought in by the same folding as what comes later.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from together.domain.search_words import LONGEST, words_of
from together.store import following, guards

_PAGE = 1_000
_OWN = ("member_status", "member_word", "bulk_letter")
_RELATIONS = (
    ("member_status", "member_id", "member"),
    ("member_word", "member_id", "member"),
    ("bulk_letter", "asked_by_id", "member"),
)


def _to(model: str) -> Any:
    return fields.ForeignKeyField(f"together.{model}", related_name=False)


async def _fill(_: Any, editor: Any) -> None:
    client = editor.client
    dialect = client.capabilities.dialect
    if dialect == "postgres":
        # By bytes, whatever the database compares texts by: a beginning is a range then.
        await client.execute_query(
            f'ALTER TABLE "member_word" ALTER COLUMN "word" TYPE VARCHAR({LONGEST}) COLLATE "C"'
        )
    for statement in chain(
        (following.as_of_now(dialect),),
        following.member_status(dialect),
        guards.stays(dialect, _OWN),
        guards.same_organization(dialect, _RELATIONS, told_before=True),
    ):
        await client.execute_query(statement)
    marks = "$1, $2, $3" if dialect == "postgres" else "?, ?, ?"
    last = 0
    while rows := await client.execute_query_dict(
        "SELECT id, organization_id, name, email_key FROM member "  # noqa: S608  (numbers of ours)
        f"WHERE id > {int(last)} ORDER BY id LIMIT {_PAGE}"
    ):
        last = rows[-1]["id"]
        await client.execute_many(
            f"INSERT INTO member_word (organization_id, word, member_id) VALUES ({marks})",  # noqa: S608
            [
                [row["organization_id"], word, row["id"]]
                for row in rows
                for word in sorted(words_of(row["name"], row["email_key"]))
            ],
        )


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        ops.CreateModel(
            "MemberStatus",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                ("organization", _to("Organization")),
                ("member", _to("Member")),
                ("email_key", fields.CharField(max_length=320)),
                ("active", fields.BooleanField()),
                ("integration_id", fields.IntField(null=True)),
                ("source", fields.CharField(max_length=20)),
                ("provider", fields.CharField(max_length=40)),
                ("state", fields.CharField(max_length=20)),
                ("can_read", fields.BooleanField()),
                ("counting", fields.IntField()),
                ("reads", fields.BooleanField()),
                ("unread", fields.BooleanField()),
                ("last_at", fields.BigIntField()),
                ("read_at", fields.BigIntField(null=True)),
                ("reason", fields.CharField(max_length=40, null=True)),
                ("listed", fields.BooleanField()),
                ("asked_at", fields.BigIntField()),
                ("letter_id", fields.IntField(null=True)),
            ],
            {
                "table": "member_status",
                "unique_together": (("organization", "member"),),
                "indexes": (
                    (
                        "organization", "active", "email_key", "state", "source", "provider",
                        "reads", "unread", "last_at", "member",
                    ),
                    ("organization", "active", "state", "email_key"),
                    (
                        "organization", "active", "source", "provider", "state", "reads",
                        "unread", "last_at",
                    ),
                    ("integration_id",),
                    ("letter_id", "email_key"),
                ),
            },
            ["Model"],
        ),
        ops.CreateModel(
            "MemberWord",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                ("organization", _to("Organization")),
                ("word", fields.CharField(max_length=LONGEST)),
                ("member", _to("Member")),
            ],
            {
                "table": "member_word",
                "unique_together": (("organization", "word", "member"),),
                "indexes": (("member",),),
            },
            ["Model"],
        ),
        ops.CreateModel(
            "BulkLetter",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                ("uid", fields.CharField(max_length=32, unique=True)),
                ("organization", _to("Organization")),
                ("asked_by", _to("Member")),
                ("created_at", fields.BigIntField()),
                ("written", fields.IntField()),
                ("written_to", fields.CharField(max_length=320)),
            ],
            {"table": "bulk_letter"},
            ["Model"],
        ),
        ops.RunPython(_fill),
    ]  # fmt: skip
