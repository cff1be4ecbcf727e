"""What members are matched in, and who looks after it."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from together.domain.programs import LONGEST, LONGEST_KEY
from together.store.models.ids import new_uid


class Program(Model):
    """A mentoring program of an organization."""

    id = fields.IntField(primary_key=True)
    uid = fields.CharField(max_length=32, unique=True, default=new_uid)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    name = fields.CharField(max_length=LONGEST)
    """As written first, or last renamed."""
    name_key = fields.CharField(max_length=LONGEST_KEY)
    """`name` folded; unique in its organization, archived ones included."""
    created_at = fields.BigIntField()
    archived_at = fields.BigIntField(null=True)
    """Since when nobody can be matched in it any more."""

    class Meta:
        table = "program"
        unique_together = (("organization", "name_key"),)


class ProgramAdministrator(Model):
    """A member who looks after a program.  Of another role than `PROGRAM_ADMIN` there is none."""

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    program: Any = fields.ForeignKeyField("together.Program", related_name=False)
    program_id: int
    member: Any = fields.ForeignKeyField("together.Member", related_name=False)
    member_id: int
    added_at = fields.BigIntField()

    class Meta:
        table = "program_administrator"
        unique_together = (("program", "member"),)
        indexes = (("member", "program"),)
