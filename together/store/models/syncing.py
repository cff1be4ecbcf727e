"""Calendars whose changes are asked for, and how their service tells that there are any."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model


class CalendarSync(Model):
    """One calendar of an integration whose changes are asked for, and where to go on.

    It is its own place in the queue: whatever tells of changes only moves `due_at` forward, so
    that any number of notifications is one reading that waits.
    """

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    integration: Any = fields.ForeignKeyField("together.Integration", related_name=False)
    integration_id: int
    external_id = fields.CharField(max_length=1024)
    """The provider's id of the calendar.  Events of ours may stand in one that is listed no more,
    so that it points at no `CalendarRow`."""
    cursor = fields.TextField(null=True)
    """Stored when all that it covers was taken over; null where nothing was asked yet."""
    due_at = fields.BigIntField(default=0)
    leased_until = fields.BigIntField(null=True)
    """Both on the database's clock."""
    attempts = fields.IntField(default=0)
    """That failed, one after the other."""
    synced_at = fields.BigIntField(null=True)
    """When its changes were asked for last, and all of them taken over since."""
    reason = fields.CharField(max_length=40, null=True)
    """The name of the last `ProviderError`; null while it works."""
    watchable_at = fields.BigIntField(default=0)
    """When it may be tried to watch it; the service has refused to, and is not asked each time."""

    class Meta:
        table = "calendar_sync"
        unique_together = (("integration", "external_id"),)
        indexes = (("due_at",),)


class Watch(Model):
    """A channel on which a service tells of changes.  Only who knows its secret is believed."""

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    calendar_sync: Any = fields.ForeignKeyField("together.CalendarSync", related_name=False)
    calendar_sync_id: int
    provider = fields.CharField(max_length=40)
    watch_id = fields.CharField(max_length=255)
    resource = fields.CharField(max_length=1024, null=True)
    secret_hash = fields.CharField(max_length=64)
    """SHA-256."""
    generation = fields.IntField()
    """The integration's when it was made: of an older one nothing is believed."""
    expires_at = fields.BigIntField()
    renew_at = fields.BigIntField()
    """When it is to be renewed, long before it ends."""

    class Meta:
        table = "watch"
        unique_together = (("provider", "watch_id"),)
        indexes = (("calendar_sync_id",),)
