"""What an administrator is told when the organization's integration cannot be had as they want."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from together.providers.errors import (
    KeyRefused,
    MailboxRestricted,
    NeedsTime,
    NoCalendarService,
    NoMailbox,
    NotDelegated,
    PolicyRefused,
    ProviderError,
    ScopesMissing,
)
from together.services.connections import trouble
from together.services.organization import set_up_words
from together.services.organization.set_up_words import Words
from together.services.refusals import NotAvailableHere, ProviderDown, Refusal


class DelegationNotOffered(Refusal):
    words = "This calendar service cannot be set up for a whole organization here."


class IntegrationInUse(Refusal):
    words = "The integration is active. Turn it off before you change this."


class SetUpIncomplete(Refusal):
    """A step before this one is missing; `missing` says which, in words."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(f"Something has to be done before: {' '.join(missing)}")
        self.missing = tuple(missing)


class SetUpChanged(Refusal):
    words = (
        "The integration is not as you saw it: somebody changed it, or another service is set up. "
        "Look at it again."
    )


class KeyUnusable(Refusal):
    """The uploaded file; its words are the plugin's."""


class CredentialTaken(Refusal):
    words = set_up_words.UNDECIDED.taken


class NotDelegatedYet(Refusal):
    words = set_up_words.UNDECIDED.not_delegated


class PermissionsMissing(Refusal):
    """Access was given without some of what is needed, which is named."""

    def __init__(self, missing: Iterable[str]) -> None:
        self.missing = tuple(sorted(missing))
        super().__init__(f"These permissions are missing at the service: {', '.join(self.missing)}")


class KeyNotAccepted(Refusal):
    words = set_up_words.UNDECIDED.refused


class PolicyInTheWay(Refusal):
    words = "A policy of your organization at the service does not let Together in."


class MailboxUnknown(Refusal):
    words = (
        "The service knows no such mailbox where access was given. Name one that exists there, or "
        "give access to the organization that has it."
    )


class MailboxWithoutCalendar(Refusal):
    words = "This account has no calendar at the service. Name one that has."


class MailboxNotAllowed(Refusal):
    words = "A policy at the service keeps Together from this mailbox. Allow it, or name another."


class OrganizationConsentDeclined(Refusal):
    words = "The consent was declined at the service, so nothing was changed. You can start again."


class AdministratorNeeded(Refusal):
    words = (
        "The account you chose may not consent for your organization, so nothing was changed. "
        "Start again with one of its administrators at the service."
    )


class WrongTenant(Refusal):
    words = (
        "That is another organization at the service than the one that is to be connected, so "
        "nothing was changed. Start again, and choose the same account both times."
    )


class OrganizationNotProved(Refusal):
    words = (
        "Your sign-in did not prove that the organization is yours, so nothing was changed. "
        "Start again."
    )


def told(error: ProviderError, *, about: str, words: Words) -> Refusal:
    """Say to an administrator what is in the way; what only the operator can mend is logged."""
    match error:
        case ScopesMissing():
            return PermissionsMissing(error.missing)
        case NotDelegated():
            return NotDelegatedYet(words.not_delegated)
        case KeyRefused():
            return KeyNotAccepted(words.refused)
        case PolicyRefused():
            return PolicyInTheWay()
        case NoCalendarService():
            return MailboxWithoutCalendar()
        case MailboxRestricted():
            return MailboxNotAllowed()
        case NoMailbox():
            return MailboxUnknown()
        case NeedsTime():
            return ProviderDown(error.retry_after)
    trouble.tell_the_operator(error, about=about)
    return NotAvailableHere()
