"""What keeps the rest: the keys that seal, the log of what was done, and counts of requests."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model


class DataKey(Model):
    """The key that seals one organization's secrets of one purpose, itself sealed by the master.

    Deleting the row makes what it sealed unreadable, in every backup too.
    """

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    purpose = fields.CharField(max_length=40)
    sealed = fields.TextField()

    class Meta:
        table = "data_key"
        unique_together = (("organization", "purpose"),)


class AuditEntry(Model):
    """Who did what to the organization, by id; the database refuses to change or delete a line."""

    id = fields.IntField(primary_key=True)
    organization_id = fields.IntField()
    """No foreign key: the log outlives what it tells of."""
    at = fields.BigIntField()
    actor_id = fields.IntField(null=True)
    action = fields.CharField(max_length=60)
    subject = fields.CharField(max_length=60)
    before = fields.TextField(null=True)
    """What was there, as canonical JSON; null where nothing is told, as of all older lines."""
    after = fields.TextField(null=True)
    hash_before = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "audit_entry"
        indexes = (
            ("organization_id", "id"),
            ("organization_id", "subject", "id"),
            ("organization_id", "hash"),
        )


class RequestCount(Model):
    """How many requests were sent until `ends` by whom `key` names, on PostgreSQL.

    One row of each serves for all its minutes.
    """

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    key = fields.CharField(max_length=120, unique=True)
    counted = fields.IntField()
    ends = fields.BigIntField()

    class Meta:
        table = "request_count"
