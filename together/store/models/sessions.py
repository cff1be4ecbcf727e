"""Booked sessions, the events that stand for them, and what is to be done."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from together.store.models.ids import new_uid
from together.store.models.states import BookingState, JobKind, JobState


class Series(Model):
    """Sessions that were booked together, each a row of its own."""

    id = fields.IntField(primary_key=True)
    uid = fields.CharField(max_length=32, unique=True, default=new_uid)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    match: Any = fields.ForeignKeyField("together.Match", related_name=False)
    match_id: int
    booked_by: Any = fields.ForeignKeyField("together.Member", related_name=False)
    booked_by_id: int
    rule = fields.CharField(max_length=60)
    """In the terms of iCalendar, as `together.domain.recurrence.Rule` writes it."""
    zone = fields.CharField(max_length=64)
    begins_at = fields.BigIntField()
    """When the first of its sessions begins, also if that one was left out."""
    count = fields.IntField()
    """With those that were left out."""
    created_at = fields.BigIntField()

    class Meta:
        table = "series"


class Booking(Model):
    """A session that was given a time."""

    id = fields.IntField(primary_key=True)
    uid = fields.CharField(max_length=32, unique=True, default=new_uid)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    match: Any = fields.ForeignKeyField("together.Match", related_name=False)
    match_id: int
    booked_by: Any = fields.ForeignKeyField("together.Member", related_name=False)
    booked_by_id: int
    state = fields.CharEnumField(BookingState, max_length=10, default=BookingState.CONFIRMED)
    starts = fields.BigIntField()
    ends = fields.BigIntField()
    zone = fields.CharField(max_length=64)
    place = fields.CharField(max_length=500, null=True)
    video = fields.CharField(max_length=40, null=True)
    """Slug of the video provider; null when no link was asked for."""
    event_key = fields.CharField(max_length=32, unique=True)
    cancel_reason = fields.CharField(max_length=2000, null=True)
    created_at = fields.BigIntField()
    join_url = fields.CharField(max_length=2000, null=True)
    link_given_up = fields.BooleanField(default=False)
    """No link was made, and none is asked for any more."""
    sequence = fields.IntField(default=0)
    """iCalendar SEQUENCE: raised by each change that those who are invited have to hear of."""
    series: Any = fields.ForeignKeyField("together.Series", related_name=False, null=True)
    series_id: int | None
    occurrence = fields.IntField(null=True)
    """Which of its series, from 1 on; the numbers of those that were left out are nobody's."""
    agenda = fields.CharField(max_length=4000, null=True)
    logged = fields.BooleanField(default=False)
    """It was written down after it had taken place, and takes nobody's time."""
    done_at = fields.BigIntField(null=True)
    """When one of its people said that it had taken place."""
    disputed_at = fields.BigIntField(null=True)
    """Since when its state is CONFLICT; null in every other."""

    class Meta:
        table = "booking"
        indexes = (("match", "starts", "id"), ("series", "occurrence"))


class Seat(Model):
    """That a session takes a person's time, buffers included.

    The database refuses two live seats of one member that overlap: a trigger on SQLite, an
    exclusion constraint on PostgreSQL.  Rows are written in the order of `member_id`.
    """

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    booking: Any = fields.ForeignKeyField("together.Booking", related_name=False)
    booking_id: int
    member: Any = fields.ForeignKeyField("together.Member", related_name=False)
    member_id: int
    starts = fields.BigIntField()
    ends = fields.BigIntField()
    live = fields.BooleanField(default=True)
    answer = fields.CharField(max_length=20, default="NEEDS_ACTION")
    """iCalendar PARTSTAT."""
    answered_at = fields.BigIntField(null=True)
    """When they said so here, or were asked anew, on the database's clock."""
    calendar_answer = fields.CharField(max_length=20, default="NEEDS_ACTION")
    """What the organizer's calendar said last: only what differs from it is news."""
    day_reminded = fields.BigIntField(null=True)
    hour_reminded = fields.BigIntField(null=True)
    """Of which `starts` a reminder was written down, or found to be none: each time has its own."""

    class Meta:
        table = "seat"
        unique_together = (("booking", "member"),)
        indexes = (("member", "ends"), ("starts",))


class CalendarEvent(Model):
    """Where a booking's event stands: the only thing kept of anybody's calendar but busy blocks."""

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    booking: Any = fields.ForeignKeyField("together.Booking", related_name=False)
    booking_id: int
    integration_id = fields.IntField()
    """Of the organizer.  No foreign key: the row outlives a disconnected integration."""
    account_hash = fields.CharField(max_length=64, default="")
    """Of its member and account, so that the row is found when the same account comes back."""
    calendar_id = fields.CharField(max_length=1024)
    """The provider's id of the calendar."""
    event_id = fields.CharField(max_length=1024, null=True)
    """The provider's id of the event; null until it was written."""
    meeting_pending = fields.BooleanField(default=False)
    starts = fields.BigIntField(null=True)
    ends = fields.BigIntField(null=True)
    """Where it stands, as it was written or found last."""
    writes = fields.IntField(default=0)
    """How often it was written."""
    written_at = fields.BigIntField(null=True)
    """When the last write had arrived, on the database's clock; a reading from before is old."""
    read_at = fields.BigIntField(null=True)
    """When the last reading began that was heeded, on the same clock."""
    gone_at = fields.BigIntField(null=True)
    """When its owner was found to have taken it away; of copies only."""
    stray_starts = fields.BigIntField(null=True)
    stray_ends = fields.BigIntField(null=True)
    """Where it was found last although the session is not there, and put back from."""

    class Meta:
        table = "calendar_event"
        unique_together = (("booking", "integration_id"),)
        indexes = (("integration_id",), ("account_hash",))


class Job(Model):
    """The outbox: what must reach a provider or a mailbox, written with what decides it, in ids."""

    id = fields.IntField(primary_key=True)
    uid = fields.CharField(max_length=32, unique=True, default=new_uid)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    kind = fields.CharEnumField(JobKind, max_length=20)
    state = fields.CharEnumField(JobState, max_length=10, default=JobState.WAITING)
    booking: Any = fields.ForeignKeyField("together.Booking", related_name=False, null=True)
    booking_id: int | None
    integration_id = fields.IntField(null=True)
    """Whose calendar it concerns; null where the worker has yet to find out, so that booking
    writes the same row whatever is connected.  No foreign key: it outlives a disconnection."""
    provider = fields.CharField(max_length=40, null=True)
    generation = fields.IntField(null=True)
    """Of REMIND_RECONNECT: the integration's when it was written; of an older one nothing is said.
    Of TELL_MATCHED, which is about no integration: the row id of the participant.  Of INVITE: that
    of the invitation.  Of reminders: that of the seat.  Of TELL_LISTENER: that of the history;
    `provider` is the slug of the listener then."""
    sealed = fields.TextField(null=True)
    """Of REVOKE_GRANT: a sealed copy of the grant that only this job opens."""
    due_at = fields.BigIntField()
    leased_until = fields.BigIntField(null=True)
    attempts = fields.IntField(default=0)
    reason = fields.CharField(max_length=40, null=True)
    """The name of the last `ProviderError`."""
    created_at = fields.BigIntField()

    class Meta:
        table = "job"
        indexes = (("state", "due_at"), ("booking",), ("integration_id",))


class History(Model):
    """Who or what changed a session, and when."""

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    booking: Any = fields.ForeignKeyField("together.Booking", related_name=False)
    booking_id: int
    at = fields.BigIntField()
    member_id = fields.IntField(null=True)
    """Null when it was not a person."""
    what = fields.CharField(max_length=40)

    class Meta:
        table = "history"
        indexes = (("booking", "id"),)


class ClientKey(Model):
    """That a mutation was carried out for a client's key; kept 24 hours."""

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    member: Any = fields.ForeignKeyField("together.Member", related_name=False)
    member_id: int
    mutation = fields.CharField(max_length=40)
    key = fields.CharField(max_length=200)
    input_hash = fields.CharField(max_length=64)
    made_id = fields.IntField()
    created_at = fields.BigIntField()

    class Meta:
        table = "client_key"
        unique_together = (("member", "mutation", "key"),)
