"""Whom a session is told to by others than their own calendar."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model


class LeftEvent(Model):
    """An event in a calendar that is gone, of a session which is Together's now: to be taken away.

    It stands where a row of `CalendarEvent` was, and is deleted once the event is.
    """

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    booking: Any = fields.ForeignKeyField("together.Booking", related_name=False)
    booking_id: int
    integration_id = fields.IntField()
    """As in `CalendarEvent`."""
    account_hash = fields.CharField(max_length=64)
    calendar_id = fields.CharField(max_length=1024)
    event_id = fields.CharField(max_length=1024, null=True)
    """Null where writing it was tried, and nobody knows whether it was made."""

    class Meta:
        table = "left_event"
        unique_together = (("booking", "integration_id"),)
        indexes = (("account_hash",),)


class Invitation(Model):
    """That a member is invited to a session, and how far that has come.

    Either Together does it, by mail, and then for the session's life, whatever they connect
    meanwhile; or the booker's calendar does.  Both have a row, so that a member who may know
    nothing of other calendars is told of it in the same way.
    """

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    booking: Any = fields.ForeignKeyField("together.Booking", related_name=False)
    booking_id: int
    member: Any = fields.ForeignKeyField("together.Member", related_name=False)
    member_id: int
    mailed = fields.BooleanField()
    """Whether Together invites them."""
    sent = fields.IntField(null=True)
    """The session's `sequence` that they were told of last; null until they were."""
    tried = fields.IntField(null=True)
    """That of a mail which was being handed over: whether it was taken, nobody knows."""
    printed = fields.BooleanField(default=False)
    """There was no mail server, so that a mail reaches nobody."""
    replaces = fields.BooleanField(default=False)
    """They had the session from a calendar before, which is gone: the first mail says so."""

    class Meta:
        table = "invitation"
        unique_together = (("booking", "member"),)
