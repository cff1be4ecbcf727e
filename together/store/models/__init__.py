"""The rows.

Every instant is a count of epoch seconds (UTC) in a column that says so by its name: ``…_at`` for
a moment, ``starts``/``ends`` for a half-open span.  Integers compare, index and exclude the same
way on SQLite and PostgreSQL, and an availability answer reads thousands of them.

Primary keys are integers and stay inside; ``uid`` is what the outside sees: 128 random bits.
Every table but `Organization` names its organization, and is read through `together.store.scope`.
"""

from __future__ import annotations

from together.store.models.ids import new_uid
from together.store.models.integrations import (
    Attempt,
    BusyBlock,
    BusyReading,
    CalendarRow,
    Integration,
    OrganizationIntegration,
    ProvedDomain,
)
from together.store.models.people import (
    Holiday,
    HoursException,
    Match,
    Member,
    Organization,
    Participant,
)
from together.store.models.records import AuditEntry, DataKey
from together.store.models.sessions import Booking, CalendarEvent, ClientKey, History, Job, Seat
from together.store.models.states import (
    AttemptState,
    BookingState,
    ConnectionMethod,
    DelegationState,
    IntegrationSource,
    IntegrationState,
    JobKind,
    JobState,
    MatchState,
    Role,
)

__all__ = [
    "Attempt",
    "AttemptState",
    "AuditEntry",
    "Booking",
    "BookingState",
    "BusyBlock",
    "BusyReading",
    "CalendarEvent",
    "CalendarRow",
    "ClientKey",
    "ConnectionMethod",
    "DataKey",
    "DelegationState",
    "History",
    "Holiday",
    "HoursException",
    "Integration",
    "IntegrationSource",
    "IntegrationState",
    "Job",
    "JobKind",
    "JobState",
    "Match",
    "MatchState",
    "Member",
    "Organization",
    "OrganizationIntegration",
    "Participant",
    "ProvedDomain",
    "Role",
    "Seat",
    "new_uid",
]
