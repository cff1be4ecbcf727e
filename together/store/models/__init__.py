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
from together.store.models.invitations import Invitation, LeftEvent
from together.store.models.oversight import BulkLetter, MemberStatus, MemberWord
from together.store.models.people import (
    Holiday,
    HoursException,
    Match,
    Member,
    Organization,
    Participant,
)
from together.store.models.programs import Program, ProgramAdministrator
from together.store.models.records import AuditEntry, DataKey, RequestCount
from together.store.models.sessions import (
    Booking,
    CalendarEvent,
    ClientKey,
    History,
    Job,
    Seat,
    Series,
)
from together.store.models.states import (
    STANDING,
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
    VideoChoice,
)
from together.store.models.syncing import CalendarSync, Watch
from together.store.models.video import (
    LeftMeeting,
    LeftVideo,
    OrganizationVideo,
    VideoMeeting,
)

__all__ = [
    "STANDING",
    "Attempt",
    "AttemptState",
    "AuditEntry",
    "Booking",
    "BookingState",
    "BulkLetter",
    "BusyBlock",
    "BusyReading",
    "CalendarEvent",
    "CalendarRow",
    "CalendarSync",
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
    "Invitation",
    "Job",
    "JobKind",
    "JobState",
    "LeftEvent",
    "LeftMeeting",
    "LeftVideo",
    "Match",
    "MatchState",
    "Member",
    "MemberStatus",
    "MemberWord",
    "Organization",
    "OrganizationIntegration",
    "OrganizationVideo",
    "Participant",
    "Program",
    "ProgramAdministrator",
    "ProvedDomain",
    "RequestCount",
    "Role",
    "Seat",
    "Series",
    "VideoChoice",
    "VideoMeeting",
    "Watch",
    "new_uid",
]
