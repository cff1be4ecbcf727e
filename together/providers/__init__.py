"""Everything a plugin needs, and nothing it does not."""

from together.domain.spans import Span, Spans
from together.providers import shapes
from together.providers.contract import (
    ASGIApp,
    CalendarProvider,
    Calendars,
    Meetings,
    Provider,
    Sandbox,
    SandboxPerson,
    VideoProvider,
)
from together.providers.delegation import (
    ConsentDelegation,
    Copy,
    Credential,
    Delegation,
    KeyDelegation,
    Open,
    Step,
    StepKind,
    TenantClaim,
    Verified,
    ask_token,
    opener,
)
from together.providers.errors import (
    AdminApprovalRequired,
    AuthorizationExpired,
    BadSetting,
    ClockWrong,
    Conflict,
    ConsentDeclined,
    CursorExpired,
    Gone,
    KeyRefused,
    MailboxRestricted,
    Misconfigured,
    NeedsAdministrator,
    NeedsPerson,
    NeedsTime,
    NoCalendarService,
    NoMailbox,
    NotDelegated,
    PolicyRefused,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    Refused,
    ScopesMissing,
    UnusableKey,
    WrongTenant,
)
from together.providers.hookspecs import Register, hookimpl
from together.providers.http import JsonApi, decipher, origin, path, retry_after, vendor_code
from together.providers.listening import BookingChange, BookingListener, ChangeKind
from together.providers.oauth import OAuth, pkce
from together.providers.organization_video import Handover, OrganizationMeetings
from together.providers.parting import Ends, Parting
from together.providers.shapes import field, maybe
from together.providers.syncing import Changes, Channel, Notice, NoticeKind, Notifications, Watch
from together.providers.values import (
    Access,
    Account,
    Answer,
    Calendar,
    Capability,
    Event,
    EventDraft,
    Grant,
    Meeting,
    Reading,
    Secret,
)

__all__ = [
    "ASGIApp", "Access", "Account", "AdminApprovalRequired", "Answer", "AuthorizationExpired",
    "BadSetting", "BookingChange", "BookingListener", "Calendar", "CalendarProvider", "Calendars",
    "Capability", "ChangeKind", "Changes", "Channel", "ClockWrong", "Conflict", "ConsentDeclined",
    "ConsentDelegation", "Copy", "Credential", "CursorExpired", "Delegation", "Ends", "Event",
    "EventDraft", "Gone", "Grant", "Handover", "JsonApi", "KeyDelegation", "KeyRefused",
    "MailboxRestricted", "Meeting", "Meetings", "Misconfigured", "NeedsAdministrator",
    "NeedsPerson", "NeedsTime", "NoCalendarService", "NoMailbox", "NotDelegated", "Notice",
    "NoticeKind", "Notifications", "OAuth", "Open", "OrganizationMeetings", "Parting",
    "PolicyRefused", "Provider", "ProviderError", "ProviderUnavailable", "RateLimited", "Reading",
    "Refused", "Register", "Sandbox", "SandboxPerson", "ScopesMissing", "Secret", "Span", "Spans",
    "Step", "StepKind", "TenantClaim", "UnusableKey", "Verified", "VideoProvider", "Watch",
    "WrongTenant", "ask_token", "decipher", "field", "hookimpl", "maybe", "opener", "origin",
    "path", "pkce", "retry_after", "shapes", "vendor_code",
]  # fmt: skip
