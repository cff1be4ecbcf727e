"""What every expected no has: words for people, a code for programs, and the refusal it shows."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

import strawberry

from together.services.refusals import Refusal


@strawberry.enum(description="Which problem it is, for programs. New ones may be added.")
class ProblemCode(Enum):
    NOT_FOUND = "NOT_FOUND"
    INVALID_INPUT = "INVALID_INPUT"
    INVALID_WINDOW = "INVALID_WINDOW"
    DURATION_NOT_OFFERED = "DURATION_NOT_OFFERED"
    MATCH_HAS_ENDED = "MATCH_HAS_ENDED"
    PROVIDER_UNKNOWN = "PROVIDER_UNKNOWN"
    MANAGED_BY_ORGANIZATION = "MANAGED_BY_ORGANIZATION"
    ALREADY_CONNECTED = "ALREADY_CONNECTED"
    NOT_CONNECTED = "NOT_CONNECTED"
    NEEDS_RECONNECT = "NEEDS_RECONNECT"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"
    RETURN_ADDRESS_REFUSED = "RETURN_ADDRESS_REFUSED"
    CONSENT_NOT_FOUND = "CONSENT_NOT_FOUND"
    STARTED_BY_SOMEBODY_ELSE = "STARTED_BY_SOMEBODY_ELSE"
    CONSENT_DECLINED = "CONSENT_DECLINED"
    APPROVAL_REQUIRED = "APPROVAL_REQUIRED"
    SCOPE_MISSING = "SCOPE_MISSING"
    ACCOUNT_WITHOUT_CALENDAR = "ACCOUNT_WITHOUT_CALENDAR"
    WRONG_ACCOUNT = "WRONG_ACCOUNT"
    ACCOUNT_TAKEN = "ACCOUNT_TAKEN"
    PROVIDER_DOWN = "PROVIDER_DOWN"
    NOT_AVAILABLE_HERE = "NOT_AVAILABLE_HERE"
    SLOT_UNAVAILABLE = "SLOT_UNAVAILABLE"
    SERIES_CONFLICTS = "SERIES_CONFLICTS"
    OUTSIDE_HOURS = "OUTSIDE_HOURS"
    TOO_SOON = "TOO_SOON"
    TOO_FAR_AHEAD = "TOO_FAR_AHEAD"
    OVER_BUSY_TIME = "OVER_BUSY_TIME"
    KEY_REUSED = "KEY_REUSED"
    TOO_MANY_SESSIONS = "TOO_MANY_SESSIONS"
    VIDEO_UNAVAILABLE = "VIDEO_UNAVAILABLE"
    SESSION_IS_OVER = "SESSION_IS_OVER"
    SESSION_IS_CANCELLED = "SESSION_IS_CANCELLED"
    SESSION_HAS_BEGUN = "SESSION_HAS_BEGUN"
    SESSION_AHEAD = "SESSION_AHEAD"
    SESSION_CHANGED = "SESSION_CHANGED"
    SESSION_WAS_LOGGED = "SESSION_WAS_LOGGED"
    SESSION_NOT_LOGGED = "SESSION_NOT_LOGGED"
    TOO_LATE_TO_UNDO = "TOO_LATE_TO_UNDO"
    ANSWERS_CLOSED = "ANSWERS_CLOSED"
    EMAIL_TAKEN = "EMAIL_TAKEN"
    ALREADY_MATCHED = "ALREADY_MATCHED"
    PROGRAM_NAME_TAKEN = "PROGRAM_NAME_TAKEN"
    PROGRAM_ARCHIVED = "PROGRAM_ARCHIVED"
    DELEGATION_NOT_OFFERED = "DELEGATION_NOT_OFFERED"
    INTEGRATION_IN_USE = "INTEGRATION_IN_USE"
    SET_UP_INCOMPLETE = "SET_UP_INCOMPLETE"
    SET_UP_CHANGED = "SET_UP_CHANGED"
    KEY_UNUSABLE = "KEY_UNUSABLE"
    CREDENTIAL_TAKEN = "CREDENTIAL_TAKEN"
    NOT_DELEGATED_YET = "NOT_DELEGATED_YET"
    PERMISSIONS_MISSING = "PERMISSIONS_MISSING"
    KEY_NOT_ACCEPTED = "KEY_NOT_ACCEPTED"
    POLICY_IN_THE_WAY = "POLICY_IN_THE_WAY"
    MAILBOX_UNKNOWN = "MAILBOX_UNKNOWN"
    MAILBOX_WITHOUT_CALENDAR = "MAILBOX_WITHOUT_CALENDAR"
    MAILBOX_NOT_ALLOWED = "MAILBOX_NOT_ALLOWED"
    ORGANIZATION_CONSENT_DECLINED = "ORGANIZATION_CONSENT_DECLINED"
    ADMINISTRATOR_NEEDED = "ADMINISTRATOR_NEEDED"
    WRONG_TENANT = "WRONG_TENANT"
    ORGANIZATION_NOT_PROVED = "ORGANIZATION_NOT_PROVED"
    ORGANIZATION_VIDEO_UNAVAILABLE = "ORGANIZATION_VIDEO_UNAVAILABLE"


@strawberry.interface(description="An expected no. Older clients read newer ones by this.")
class Problem:
    message: str = strawberry.field(description="What to show to the person, as it is.")
    code: ProblemCode = strawberry.field(description="Which problem it is, for programs.")

    tells: ClassVar[type[Refusal]]
    named: ClassVar[ProblemCode]

    @classmethod
    def of(cls, refusal: Any) -> Self:
        """Show a refusal.  A type with more to say overrides this."""
        return cls(message=refusal.message, code=cls.named)


PROBLEMS: list[type[Problem]] = []
"""All of them, those of a subclass before those of its parent."""


P = TypeVar("P", bound=Problem)


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def tells(
    refusal: type[Refusal], named: ProblemCode, description: str
) -> Callable[[type[P]], type[P]]:
    """Make a class the type that shows this refusal."""

    def declare(cls: type[P]) -> type[P]:
        cls.tells, cls.named = refusal, named
        made = strawberry.type(cls, description=description)
        PROBLEMS.append(made)
        return made

    return declare
