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
from together.providers.errors import (
    AdminApprovalRequired,
    AuthorizationExpired,
    Conflict,
    ConsentDeclined,
    Gone,
    Misconfigured,
    NeedsPerson,
    NeedsTime,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    Refused,
)
from together.providers.hookspecs import Register, hookimpl
from together.providers.http import JsonApi, decipher, origin, path, retry_after, vendor_code
from together.providers.oauth import OAuth, pkce
from together.providers.shapes import field, maybe
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
    "Calendar", "CalendarProvider", "Calendars", "Capability", "Conflict", "ConsentDeclined",
    "Event", "EventDraft", "Gone", "Grant", "JsonApi", "Meeting", "Meetings", "Misconfigured",
    "NeedsPerson", "NeedsTime", "OAuth", "Provider", "ProviderError", "ProviderUnavailable",
    "RateLimited", "Reading", "Refused", "Register", "Sandbox", "SandboxPerson", "Secret", "Span",
    "Spans", "VideoProvider", "decipher", "field", "hookimpl", "maybe", "origin", "path", "pkce",
    "retry_after", "shapes", "vendor_code",
]  # fmt: skip
