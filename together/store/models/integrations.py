"""Connected calendars: whose they are, and what was read of them."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from together.store.models.ids import new_uid
from together.store.models.states import (
    AttemptState,
    ConnectionMethod,
    DelegationState,
    IntegrationSource,
    IntegrationState,
)


class Integration(Model):
    """A member's calendar connection, with its grant sealed.

    One a member and source, and one a member that is in use: `services.connections.effective`.
    """

    id = fields.IntField(primary_key=True)
    uid = fields.CharField(max_length=32, unique=True, default=new_uid)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    member: Any = fields.ForeignKeyField("together.Member", related_name=False)
    member_id: int
    source = fields.CharEnumField(
        IntegrationSource, max_length=20, default=IntegrationSource.INDIVIDUAL
    )
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
    watched_until = fields.BigIntField(default=0)
    """Until when the service tells by itself of every change in what counts."""
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
    method = fields.CharEnumField(
        ConnectionMethod, max_length=20, default=ConnectionMethod.INDIVIDUAL
    )
    state = fields.CharEnumField(DelegationState, max_length=20, default=DelegationState.OFF)
    since = fields.BigIntField(default=0)
    """Epoch seconds at which `state` became what it is."""
    reason = fields.CharField(max_length=40, null=True)
    """Why it fails: the name of the `ProviderError`."""
    provider = fields.CharField(max_length=40, null=True)
    distribution = fields.CharField(max_length=200, null=True)
    """The package that read the key: another one with the same slug gets nothing of it."""
    capabilities = fields.IntField(default=0)
    """What is wanted: `together.providers.Capability` as a number."""
    owner_email = fields.CharField(max_length=320, null=True)
    """Who is told when it fails, and when it works again."""
    credential = fields.TextField(null=True)
    """Sealed."""
    credential_id = fields.CharField(max_length=255, null=True)
    """Who acts, as the service knows them; it serves one organization alone."""
    credential_name = fields.CharField(max_length=320, null=True)
    key_id = fields.CharField(max_length=255, null=True)
    verified_at = fields.BigIntField(null=True)
    verified_mailbox = fields.CharField(max_length=320, null=True)
    """The one it was verified on, and is asked with whether it still works."""
    probed_at = fields.BigIntField(default=0)
    """When it was last asked whether it works."""
    generation = fields.IntField(default=0)
    """Raised by whatever must stop all that is done with the credential at once."""
    choice = fields.IntField(default=0)
    """Raised when another service is chosen, another credential comes, or it is turned off: a
    consent under way names it, and an older one ends.  It is not the `generation`, which a failure
    raises too, and to mend that a consent is what is needed."""

    class Meta:
        table = "organization_integration"


class ProvedDomain(Model):
    """A domain of which it is known that it is the organization's: nobody else is asked for."""

    id = fields.IntField(primary_key=True)
    organization: Any = fields.ForeignKeyField("together.Organization", related_name=False)
    organization_id: int
    domain = fields.CharField(max_length=253)
    """As in `Member.email_key`."""
    proved_at = fields.BigIntField()

    class Meta:
        table = "proved_domain"
        unique_together = (("organization", "domain"),)


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

    Read within `services.availability.busy.FRESH`, its blocks are facts; older, they are refreshed;
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
    purpose = fields.CharEnumField(
        IntegrationSource, max_length=20, default=IntegrationSource.INDIVIDUAL
    )
    """What it makes a connection of: a member's own, or the organization's."""
    provider = fields.CharField(max_length=40)
    state = fields.CharEnumField(AttemptState, max_length=10, default=AttemptState.STARTED)
    state_hash = fields.CharField(max_length=64, unique=True)
    """SHA-256 of OAuth's `state`; of an organization's, that of the step it is at."""
    handle_hash = fields.CharField(max_length=64, unique=True, null=True)
    verifier = fields.TextField()
    code = fields.TextField(null=True)
    """Verifier and code are sealed.  Once the code is exchanged there is no verifier, and here is
    the uid of the job that holds the grant."""
    claim = fields.TextField(null=True)
    """What an organization's consent said it is for, as JSON: anybody's words until its sign-in."""
    nonce = fields.TextField(null=True)
    """Sealed."""
    error = fields.CharField(max_length=64, null=True)
    """The name of the `ProviderError` that the service's `error` meant."""
    redirect_uri = fields.CharField(max_length=500)
    token_url = fields.CharField(max_length=500)
    return_to = fields.CharField(max_length=2000)
    generation = fields.IntField()
    """The member's when it began; of an organization's consent, its integration's `choice`."""
    expires_at = fields.BigIntField()

    class Meta:
        table = "attempt"
        indexes = (("member", "state"),)
