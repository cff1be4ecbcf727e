"""Programs, and who looks after them: what a match had as a text becomes a row of its own.

The two columns of `match` are changed by statements of our own: Tortoise would make the table anew.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from together.domain.programs import LONGEST, LONGEST_KEY, program_key
from together.store import guards
from together.store.models.ids import new_uid

_MEMBERS_RELATION = (("program_administrator", "member_id", "member"),)
_RELATIONS = (
    ("program_administrator", "program_id", "program"),
    ("match", "program_id", "program"),
)


class _ProgramOfMatch(ops.TortoiseOperation):
    """Lets a match point at its program, and takes its text away."""

    def state_forward(self, app_label: str, state: Any) -> None:
        ops.RemoveField("Match", "program").state_forward(app_label, state)
        ops.AddField("Match", "program", _to("Program")).state_forward(app_label, state)

    async def database_forward(
        self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None
    ) -> None:
        client = state_editor.client
        postgres = client.capabilities.dialect == "postgres"
        # SQLite adds no column without a default to rows that are there; no program is numbered 0.
        default = "" if postgres else "NOT NULL DEFAULT 0 "
        await client.execute_query(
            f'ALTER TABLE "match" ADD COLUMN "program_id" INT {default}'
            'REFERENCES "program" ("id") ON DELETE CASCADE'
        )
        await _made_of_texts(client, postgres=postgres)
        if postgres:
            await client.execute_query('ALTER TABLE "match" ALTER COLUMN "program_id" SET NOT NULL')
        await client.execute_query('ALTER TABLE "match" DROP COLUMN "program"')


async def _made_of_texts(client: Any, *, postgres: bool) -> None:
    """Make a program of all texts that fold to one, named and dated as in its first match."""
    texts = await client.execute_query_dict(
        "SELECT organization_id, program, MIN(created_at) AS since FROM match "
        "GROUP BY organization_id, program ORDER BY MIN(id)"
    )
    since: dict[tuple[int, str], int] = {}
    for row in texts:
        key = (row["organization_id"], program_key(row["program"]))
        since[key] = min(since.get(key, row["since"]), row["since"])
    marks = [f"${n}" if postgres else "?" for n in range(1, 6)]
    made = set()
    for row in texts:
        organization, text = row["organization_id"], row["program"]
        key = (organization, program_key(text))
        if key not in made:
            made.add(key)
            await client.execute_query(
                "INSERT INTO program (uid, organization_id, name, name_key, created_at) "  # noqa: S608
                f"VALUES ({', '.join(marks)})",
                [new_uid(), organization, text, key[1], since[key]],
            )
        await client.execute_query(
            "UPDATE match SET program_id = (SELECT id FROM program "  # noqa: S608
            f"WHERE organization_id = {marks[0]} AND name_key = {marks[1]}) "
            f"WHERE organization_id = {marks[2]} AND program = {marks[3]}",
            [organization, key[1], organization, text],
        )


async def _guard(_: Any, editor: Any) -> None:
    dialect = editor.client.capabilities.dialect
    for statement in chain(
        guards.stays(dialect, ("program", "program_administrator")),
        guards.same_organization(dialect, _RELATIONS),
        guards.same_organization(dialect, _MEMBERS_RELATION, told_before=True),
    ):
        await editor.client.execute_query(statement)


def _to(model: str) -> Any:
    return fields.ForeignKeyField(f"together.{model}", related_name=False)


class Migration(migrations.Migration):
    operations = [  # noqa: RUF012  (read once, by the runner)
        ops.CreateModel(
            "Program",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                ("uid", fields.CharField(max_length=32, unique=True)),
                ("organization", _to("Organization")),
                ("name", fields.CharField(max_length=LONGEST)),
                ("name_key", fields.CharField(max_length=LONGEST_KEY)),
                ("created_at", fields.BigIntField()),
                ("archived_at", fields.BigIntField(null=True)),
            ],
            {"table": "program", "unique_together": (("organization", "name_key"),)},
            ["Model"],
        ),
        ops.CreateModel(
            "ProgramAdministrator",
            [
                ("id", fields.IntField(primary_key=True, generated=True)),
                ("organization", _to("Organization")),
                ("program", _to("Program")),
                ("member", _to("Member")),
                ("added_at", fields.BigIntField()),
            ],
            {
                "table": "program_administrator",
                "unique_together": (("program", "member"),),
                "indexes": (("member", "program"),),
            },
            ["Model"],
        ),
        _ProgramOfMatch(),
        # The members of a program's matches, and its matches by age.
        ops.AddIndex("Match", Index(fields=("program_id", "state"))),
        ops.AddIndex("Match", Index(fields=("program_id", "created_at", "uid"))),
        ops.RunPython(_guard),
    ]
