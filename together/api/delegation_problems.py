"""What setting up an organization's integration can come to when it comes to nothing."""

from __future__ import annotations

from typing import Self

import strawberry

from together.api.problem import Problem, ProblemCode, tells
from together.services.organization import delegation_refusals as refusals


@tells(
    refusals.SetUpIncomplete,
    ProblemCode.SET_UP_INCOMPLETE,
    "A step before this one is missing.",
)
class SetUpIncomplete(Problem):
    missing: list[str] = strawberry.field(description="What has to be done before, in words.")

    @classmethod
    def of(cls, refusal: refusals.SetUpIncomplete) -> Self:
        return cls(message=refusal.message, code=cls.named, missing=list(refusal.missing))


@tells(
    refusals.PermissionsMissing,
    ProblemCode.PERMISSIONS_MISSING,
    "The service gives access without some of what is needed.",
)
class PermissionsMissing(Problem):
    missing: list[str] = strawberry.field(
        description="What is to be added at the service, letter by letter."
    )

    @classmethod
    def of(cls, refusal: refusals.PermissionsMissing) -> Self:
        return cls(message=refusal.message, code=cls.named, missing=list(refusal.missing))


@tells(
    refusals.DelegationNotOffered,
    ProblemCode.DELEGATION_NOT_OFFERED,
    "The service cannot be set up for a whole organization here.",
)
class DelegationNotOffered(Problem):
    pass


@tells(
    refusals.IntegrationInUse,
    ProblemCode.INTEGRATION_IN_USE,
    "It is active: turn it off before this is changed.",
)
class IntegrationInUse(Problem):
    pass


@tells(
    refusals.SetUpChanged,
    ProblemCode.SET_UP_CHANGED,
    "Somebody else changed it meanwhile. Look again.",
)
class SetUpChanged(Problem):
    pass


@tells(
    refusals.KeyUnusable,
    ProblemCode.KEY_UNUSABLE,
    "The file is not a key that can be used; its message says why.",
)
class KeyUnusable(Problem):
    pass


@tells(
    refusals.CredentialTaken,
    ProblemCode.CREDENTIAL_TAKEN,
    "The key, or the organization at the service, serves another organization already.",
)
class CredentialTaken(Problem):
    pass


@tells(
    refusals.NotDelegatedYet,
    ProblemCode.NOT_DELEGATED_YET,
    "The service does not let Together act for the mailbox, or not yet: it can take a day.",
)
class NotDelegatedYet(Problem):
    pass


@tells(
    refusals.KeyNotAccepted,
    ProblemCode.KEY_NOT_ACCEPTED,
    "What gives access was deleted or switched off at the service.",
)
class KeyNotAccepted(Problem):
    pass


@tells(
    refusals.PolicyInTheWay,
    ProblemCode.POLICY_IN_THE_WAY,
    "A policy at the service does not let Together in.",
)
class PolicyInTheWay(Problem):
    pass


@tells(
    refusals.MailboxUnknown,
    ProblemCode.MAILBOX_UNKNOWN,
    "The service knows no such mailbox.",
)
class MailboxUnknown(Problem):
    pass


@tells(
    refusals.MailboxWithoutCalendar,
    ProblemCode.MAILBOX_WITHOUT_CALENDAR,
    "The account has no calendar.",
)
class MailboxWithoutCalendar(Problem):
    pass


@tells(
    refusals.MailboxNotAllowed,
    ProblemCode.MAILBOX_NOT_ALLOWED,
    "A policy keeps Together from this mailbox.",
)
class MailboxNotAllowed(Problem):
    pass


@tells(
    refusals.OrganizationConsentDeclined,
    ProblemCode.ORGANIZATION_CONSENT_DECLINED,
    "The administrator said no at the service.",
)
class OrganizationConsentDeclined(Problem):
    pass


@tells(
    refusals.AdministratorNeeded,
    ProblemCode.ADMINISTRATOR_NEEDED,
    "The account that was chosen at the service may not consent for its organization.",
)
class AdministratorNeeded(Problem):
    pass


@tells(
    refusals.WrongTenant,
    ProblemCode.WRONG_TENANT,
    "The sign-in was to another organization than the consent was for.",
)
class WrongTenant(Problem):
    pass


@tells(
    refusals.OrganizationNotProved,
    ProblemCode.ORGANIZATION_NOT_PROVED,
    "The sign-in did not prove which organization it was to.",
)
class OrganizationNotProved(Problem):
    pass
