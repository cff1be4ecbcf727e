"""Organizations, their members, and who is matched with whom."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from together.store.models.ids import new_uid
from together.store.models.states import MatchState, Role


class Organization(Model):
    """A customer; everything below belongs to exactly one."""

    id = fields.IntField(primary_key=True)
    uid = fields.CharField(max_length=32, unique=True, default=new_uid)
    slug = fields.CharField(max_length=63, unique=True)
    name = fields.CharField(max_length=200)
    issuer = fields.CharField(max_length=500, null=True)
    """The OpenID Connect issuer whose tokens belong here (with `tenant` where it serves many)."""
    tenant = fields.CharField(max_length=200, null=True)
    policy: Any = fields.JSONField(default=dict)
    """Overrides of `together.domain.slots.Policy`'s defaults, by field name."""
    event_title = fields.CharField(max_length=200, default="Mentoring session")

    class Meta:
        table = "organization"


class Member(Model):
    """A person of an organization, known in it by a work address."""

    id = fields.IntField(primary_key=True)
    uid = fields.CharField(max_length=32, unique=True, default=new_uid)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    email = fields.CharField(max_length=320)
    """As written; shown to people and used to invite them."""
    email_key = fields.CharField(max_length=320)
    """`email` after NFKC and case folding; unique in its organization."""
    name = fields.CharField(max_length=200)
    zone = fields.CharField(max_length=64, default="UTC")
    role = fields.CharEnumField(Role, max_length=20, default=Role.PARTICIPANT)
    active = fields.BooleanField(default=True)
    issuer = fields.CharField(max_length=500, null=True)
    subject = fields.CharField(max_length=255, null=True)
    """(`issuer`, `subject`) is tied at the first sign-in; from then on only that pair signs in."""
    weekly_hours: Any = fields.JSONField(null=True)
    """{"1": [["09:00","12:00"], …], …}, ISO weekday → windows; null is the default."""
    remind_day = fields.BooleanField(default=True)
    remind_hour = fields.BooleanField(default=True)
    """Whether they are reminded of sessions, a day and an hour ahead."""
    generation = fields.IntField(default=0)
    """Raised by whatever must stop work under way for this member at once."""

    class Meta:
        table = "member"
        unique_together = (("organization", "email_key"), ("issuer", "subject"))


class HoursException(Model):
    """A date with other hours than the week's, or away (no windows)."""

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    member: Any = fields.ForeignKeyField("together.Member", related_name=False)
    member_id: int
    date = fields.CharField(max_length=10)
    """ISO 8601, in the member's zone."""
    windows: Any = fields.JSONField(default=list)

    class Meta:
        table = "hours_exception"
        unique_together = (("member", "date"),)


class Holiday(Model):
    """A date on which nobody of the organization is offered."""

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    date = fields.CharField(max_length=10)
    name = fields.CharField(max_length=200)

    class Meta:
        table = "holiday"
        unique_together = (("organization", "date"),)


class Match(Model):
    """Two or more members paired in a program."""

    id = fields.IntField(primary_key=True)
    uid = fields.CharField(max_length=32, unique=True, default=new_uid)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    program: Any = fields.ForeignKeyField("together.Program", related_name=False)
    program_id: int
    state = fields.CharEnumField(MatchState, max_length=10, default=MatchState.ACTIVE)
    created_at = fields.BigIntField()
    ended_at = fields.BigIntField(null=True)

    class Meta:
        table = "match"
        indexes = (
            ("organization", "id"),
            ("program", "state"),
            ("program", "created_at", "uid"),
        )


class Participant(Model):
    """A member in a match."""

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    match: Any = fields.ForeignKeyField("together.Match", related_name=False)
    match_id: int
    member: Any = fields.ForeignKeyField("together.Member", related_name=False)
    member_id: int
    role = fields.CharField(max_length=20, default="MENTEE")
    """``MENTOR`` or ``MENTEE``."""
    joined_at = fields.BigIntField()
    """Whoever joins sees only what comes after."""

    class Meta:
        table = "participant"
        unique_together = (("match", "member"),)
        indexes = (("member", "match"),)
