"""The rows.

Every instant is a count of epoch seconds (UTC) in a column that says so by its name: ``…_at`` for
a moment, ``starts``/``ends`` for a half-open span.  Integers compare, index and exclude the same
way on SQLite and PostgreSQL, and an availability answer reads thousands of them.

Primary keys are integers and stay inside; ``uid`` is what the outside sees: 128 random bits.
Every table but `Organization` names its organization, and is read through `together.store.scope`.
"""

from __future__ import annotations

import secrets
from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model


def new_uid() -> str:
    """Make an id for the outside: 128 random bits, 22 characters."""
    return secrets.token_urlsafe(16)


class Role(StrEnum):
    """What a member may do beside their own sessions."""

    PARTICIPANT = "PARTICIPANT"
    ORG_ADMIN = "ORG_ADMIN"
    IT_ADMIN = "IT_ADMIN"


class MatchState(StrEnum):
    ACTIVE = "ACTIVE"
    ENDED = "ENDED"


class IntegrationState(StrEnum):
    """Product terms; `together.domain.integration` says what each one means for the table."""

    ACTIVE = "ACTIVE"
    NEEDS_RECONNECT = "NEEDS_RECONNECT"


class AttemptState(StrEnum):
    """How far a consent has come; every step is taken by one conditional UPDATE."""

    STARTED = "STARTED"
    RETURNED = "RETURNED"
    ENDED = "ENDED"


class BookingState(StrEnum):
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


class JobKind(StrEnum):
    """What the worker has to bring to a calendar or a mailbox."""

    WRITE_EVENT = "WRITE_EVENT"
    POLL_MEETING = "POLL_MEETING"
    CANCEL_EVENT = "CANCEL_EVENT"
    REVOKE_GRANT = "REVOKE_GRANT"
    REMIND_RECONNECT = "REMIND_RECONNECT"
    TELL_HOLDER = "TELL_HOLDER"
    TELL_MATCHED = "TELL_MATCHED"
    """These three are mails: `together.services.mail` says who words them when they are sent."""


class JobState(StrEnum):
    WAITING = "WAITING"
    DONE = "DONE"
    PARKED = "PARKED"
    """Trying again cannot help until somebody acts."""


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
    program = fields.CharField(max_length=200, default="Mentoring")
    state = fields.CharEnumField(MatchState, max_length=10, default=MatchState.ACTIVE)
    created_at = fields.BigIntField()
    ended_at = fields.BigIntField(null=True)

    class Meta:
        table = "match"
        indexes = (("organization", "id"),)


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


class Integration(Model):
    """A member's calendar connection, with its grant sealed.  One a member."""

    id = fields.IntField(primary_key=True)
    uid = fields.CharField(max_length=32, unique=True, default=new_uid)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    member: Any = fields.ForeignKeyField("together.Member", related_name=False, unique=True)
    member_id: int
    provider = fields.CharField(max_length=40)
    distribution = fields.CharField(max_length=200)
    """The package that made it: another package with the same slug gets none of its grants."""
    account_id = fields.CharField(max_length=255)
    account_email = fields.CharField(max_length=320)
    capabilities = fields.IntField()
    """`together.providers.Capability` as a number."""
    state = fields.CharEnumField(IntegrationState, max_length=20, default=IntegrationState.ACTIVE)
    reason = fields.CharField(max_length=40, null=True)
    """Why it needs its member: the name of the `ProviderError`, never its text."""
    since = fields.BigIntField()
    """Epoch seconds at which `state` became what it is."""
    reminded = fields.BigIntField(default=0)
    """The moment after `since` of the last reminder that was written down for it; no moment of a
    loss that comes later has been reached by then, so each loss is counted anew."""
    unreadable_since = fields.BigIntField(null=True)
    """When reading all that counts began to fail, for whatever reason; null while it works."""
    read_at = fields.BigIntField(null=True)
    """The last read of busy times that left nothing out that counts."""
    tried_at = fields.BigIntField(null=True)
    """When the sweep last took its turn at reading it, whatever came of it."""
    generation = fields.IntField(default=0)
    """Named by every write that began before; an older one is thrown away."""
    choice = fields.IntField(default=0)
    """Raised when other calendars count: a reading names it, and an older one is thrown away.  It
    is not the `generation`, because a renewal of the grant under way must not be."""
    choices_spent = fields.BigIntField(default=0)
    """Until when choosing is paid for: each time adds to it, and not more than a day ahead."""
    listed_at = fields.BigIntField(default=0)
    """When the list of its calendars was last asked for; what an older asking brings is dropped."""
    access_token = fields.TextField(null=True)
    refresh_token = fields.TextField(null=True)
    """Both sealed by `together.store.vault`."""
    token_expires_at = fields.BigIntField(null=True)
    scopes = fields.TextField(default="")
    """Separated by spaces."""
    renewing_until = fields.BigIntField(null=True)
    """A lease: the process that holds it renews the grant, the others wait for what it stores."""

    class Meta:
        table = "integration"
        unique_together = (("organization", "provider", "account_id"),)
        indexes = (("provider", "account_id"), ("state", "since"))


class OrganizationIntegration(Model):
    """How the members of an organization connect calendars.  Without a row: each as they like."""

    id = fields.IntField(primary_key=True)
    uid = fields.CharField(max_length=32, unique=True, default=new_uid)
    organization: Any = fields.ForeignKeyField(
        "together.Organization", related_name=False, unique=True
    )
    organization_id: int
    offered: Any = fields.JSONField(null=True)
    """The slugs members may choose from; null is every service installed."""
    hidden = fields.BooleanField(default=False)
    """Whether members are offered nothing at all."""

    class Meta:
        table = "organization_integration"


class CalendarRow(Model):
    """One calendar of an integration, and the member's choice for it."""

    id = fields.IntField(primary_key=True)
    uid = fields.CharField(max_length=32, unique=True, default=new_uid)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    integration: Any = fields.ForeignKeyField("together.Integration", related_name=False)
    integration_id: int
    external_id = fields.CharField(max_length=1024)
    name = fields.CharField(max_length=500)
    primary = fields.BooleanField(default=False)
    writable = fields.BooleanField(default=False)
    counts = fields.BooleanField(default=False)
    """Whether it counts for busy."""
    receives = fields.BooleanField(default=False)
    """Whether events are written to it; one of an integration at most."""
    carries_meetings = fields.BooleanField(default=False)
    zone = fields.CharField(max_length=64, null=True)
    missing_since = fields.BigIntField(null=True)
    """When the service was first found not to list it; such a one neither counts nor receives."""
    counted = fields.BooleanField(default=False)
    """Of a missing one: it counted, and does again when it comes back."""
    received = fields.BooleanField(default=False)
    """It was chosen to receive and cannot now; it does again when it can."""
    unreadable_since = fields.BigIntField(null=True)
    """Of one that counts: when the service was first found to list it and not to read it out."""

    class Meta:
        table = "calendar"
        unique_together = (("integration", "external_id"),)


class BusyReading(Model):
    """That an integration's counting calendars were read for a window, and when.

    Read within `together.services.busy.FRESH`, its blocks are facts; older, they are refreshed;
    a window that no reading covers is unknown.
    """

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    integration: Any = fields.ForeignKeyField("together.Integration", related_name=False)
    integration_id: int
    starts = fields.BigIntField()
    ends = fields.BigIntField()
    read_at = fields.BigIntField()
    complete = fields.BooleanField(default=True)
    """False when a calendar that counts could not be read: what is not busy is unknown."""

    class Meta:
        table = "busy_reading"
        indexes = (("integration", "starts"),)


class BusyBlock(Model):
    """A span in which an integration's counting calendars are busy, and nothing else about it."""

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    integration: Any = fields.ForeignKeyField("together.Integration", related_name=False)
    integration_id: int
    starts = fields.BigIntField()
    ends = fields.BigIntField()

    class Meta:
        table = "busy_block"
        indexes = (("integration", "ends"),)


class Attempt(Model):
    """A consent under way."""

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    member: Any = fields.ForeignKeyField("together.Member", related_name=False)
    member_id: int
    provider = fields.CharField(max_length=40)
    state = fields.CharEnumField(AttemptState, max_length=10, default=AttemptState.STARTED)
    state_hash = fields.CharField(max_length=64, unique=True)
    """SHA-256 of OAuth's `state`."""
    handle_hash = fields.CharField(max_length=64, unique=True, null=True)
    verifier = fields.TextField()
    code = fields.TextField(null=True)
    """Verifier and code are sealed.  Once the code is exchanged there is no verifier, and here is
    the uid of the job that holds the grant."""
    error = fields.CharField(max_length=64, null=True)
    """The name of the `ProviderError` that the service's `error` meant."""
    redirect_uri = fields.CharField(max_length=500)
    token_url = fields.CharField(max_length=500)
    return_to = fields.CharField(max_length=2000)
    generation = fields.IntField()
    """The member's when it began."""
    expires_at = fields.BigIntField()

    class Meta:
        table = "attempt"
        indexes = (("member", "state"),)


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

    class Meta:
        table = "booking"
        indexes = (("match", "starts", "id"),)


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

    class Meta:
        table = "seat"
        unique_together = (("booking", "member"),)
        indexes = (("member", "ends"),)


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
    Of TELL_MATCHED, which is about no integration: the row id of the participant."""
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
    hash_before = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "audit_entry"
        indexes = (("organization_id", "id"),)
