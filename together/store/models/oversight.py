"""What administrators look members up by: how each is connected, and words they are found by."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from together.domain.search_words import LONGEST
from together.store.models.ids import new_uid


class MemberStatus(Model):
    """How a member is connected: one row for each, kept by the database itself.

    `together.store.following` says from what.  A list is read from here alone.  Only the last two
    columns are written by anybody else.
    """

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    member: Any = fields.ForeignKeyField("together.Member", related_name=False)
    member_id: int
    email_key = fields.CharField(max_length=320)
    """`Member.email_key`, which is what lists are ordered by."""
    active = fields.BooleanField(default=True)
    """`Member.active`."""
    integration_id = fields.IntField(null=True)
    """Of the connection that is in use; everything below is about that one."""
    source = fields.CharField(max_length=20, default="NONE")
    """An `IntegrationSource`, or NONE."""
    provider = fields.CharField(max_length=40, default="")
    state = fields.CharField(max_length=20, default="NONE")
    """An `IntegrationState`, or NONE; never SUSPENDED."""
    can_read = fields.BooleanField(default=False)
    """Whether its consent includes reading free/busy."""
    counting = fields.IntField(default=0)
    """How many of its calendars count for busy."""
    reads = fields.BooleanField(default=False)
    """Whether it is ACTIVE, can read, and counts: all that `standing` asks but the time."""
    unread = fields.BooleanField(default=False)
    """Whether it is out of reach for a passing reason."""
    last_at = fields.BigIntField(default=0)
    """The later of its `since` and its `read_at`."""
    read_at = fields.BigIntField(null=True)
    reason = fields.CharField(max_length=40, null=True)
    listed = fields.BooleanField(default=False)
    """Whether its calendars were looked for; of a member's own they were when it was made."""
    asked_at = fields.BigIntField(default=0)
    """When it was last decided to ask the member by mail to connect a calendar."""
    letter_id = fields.IntField(null=True)
    """The `BulkLetter` that this was for."""

    class Meta:
        table = "member_status"
        unique_together = (("organization", "member"),)
        indexes = (
            # Pages: what they are filtered by is looked at in the index.
            (
                "organization", "active", "email_key", "state", "source", "provider", "reads",
                "unread", "last_at", "member",
            ),
            ("organization", "active", "state", "email_key"),
            # Numbers: those who are alike stand side by side.
            (
                "organization", "active", "source", "provider", "state", "reads", "unread",
                "last_at",
            ),
            ("integration_id",),
            ("letter_id", "email_key"),
        )  # fmt: skip


class MemberWord(Model):
    """A word that a member is found by, as `together.domain.search_words` folds it."""

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    word = fields.CharField(max_length=LONGEST)
    """Compared by its bytes, on PostgreSQL too, so that a beginning is a range."""
    member: Any = fields.ForeignKeyField("together.Member", related_name=False)
    member_id: int

    class Meta:
        table = "member_word"
        unique_together = (("organization", "word", "member"),)
        indexes = (("member",),)


class BulkLetter(Model):
    """That somebody had many members asked by mail to connect a calendar.  Which, they say."""

    id = fields.IntField(primary_key=True)
    uid = fields.CharField(max_length=32, unique=True, default=new_uid)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    asked_by: Any = fields.ForeignKeyField("together.Member", related_name=False)
    asked_by_id: int
    created_at = fields.BigIntField()
    """On the database's clock."""
    written = fields.IntField(default=0)
    """How many of the mails stand in the outbox so far."""
    written_to = fields.CharField(max_length=320, default="")
    """The `email_key` up to which they do."""

    class Meta:
        table = "bulk_letter"
