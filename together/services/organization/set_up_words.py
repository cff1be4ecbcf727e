"""What is missing to an organization's integration, and what comes next, for an administrator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from together.providers.delegation import ConsentDelegation
from together.providers.registry import Registry
from together.services.connections.effective import MANAGED
from together.store.models import DelegationState, OrganizationIntegration


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of one way to give access."""

    give: str
    verify: str
    repair: str
    not_delegated: str
    refused: str
    taken: str
    replaced: str
    """The reason for which members are not integrated until the new one is verified."""


UNDECIDED = Words(
    give="Give access: with a key, or with your consent at the service.",
    verify="Verify one real mailbox.",
    repair="Repair it at the service, and verify a mailbox again.",
    not_delegated="The service does not let Together act for this mailbox yet.",
    refused="The service does not let Together in any more.",
    taken="This access serves another organization already.",
    replaced="KeyReplaced",
)
BY_KEY = Words(
    give="Upload a key.",
    verify="Allow the key to act for your members at the service, and verify one real mailbox.",
    repair="Repair it at the service, or upload another key, and verify a mailbox again.",
    not_delegated="The service does not let the key act for this mailbox yet. Check what was "
    "pasted there. It mostly works within minutes, and can take a day: try again later.",
    refused="The service does not accept the key any more: it was deleted or switched off. Upload "
    "another.",
    taken="This key acts for another organization already. Make one for this organization alone.",
    replaced="KeyReplaced",
)
BY_CONSENT = Words(
    give="Consent for your whole organization at the service, and sign in there.",
    verify="Verify one real mailbox.",
    repair="Repair it at the service, or consent there again, and verify a mailbox again.",
    not_delegated="The service does not let Together in: the consent was taken back there, does "
    "not work yet, or is not for this mailbox’s organization. Wait some minutes, or consent again.",
    refused="The service does not accept the consent any more. Consent again.",
    taken="Your organization at the service is connected with another one here already.",
    replaced="ConsentReplaced",
)
ALL = (UNDECIDED, BY_KEY, BY_CONSENT)

CHOOSE = "Choose the calendar service."
ACTIVATE = "Activate it."
NO_MAILBOX_LEFT = (
    "No mailbox is left on which it can be seen whether everything still works. Verify another one."
)
NOTHING = "There is nothing to do."
_PROVE = (
    "Ask whoever runs Together to say which domains are yours: together domains {slug} add DOMAIN."
)
_WITH_VERIFYING = frozenset(
    {ACTIVATE, NO_MAILBOX_LEFT, *(w.verify for w in ALL), *(w.repair for w in ALL)}
)


def words_of(row: OrganizationIntegration, registry: Registry) -> Words:
    """Find the words for how access is given to the service that was chosen."""
    provider = registry.calendars.get(row.provider or "")
    if provider is None or provider.delegation is None:
        return UNDECIDED
    return BY_CONSENT if isinstance(provider.delegation, ConsentDelegation) else BY_KEY


def missing(
    row: OrganizationIntegration, domains: Sequence[str], *, slug: str, words: Words
) -> tuple[str, ...]:
    """List in order what has to be done before it can be active and work."""
    left = []
    if row.provider is None or row.state is DelegationState.OFF:
        left.append(CHOOSE)
    if not domains:
        left.append(_PROVE.format(slug=slug))
    if row.credential is None:
        left.append(words.give)
    if row.state is DelegationState.FAILING:
        left.append(words.repair)
    elif row.verified_at is None:
        left.append(words.verify)
    elif row.verified_mailbox is None:
        left.append(NO_MAILBOX_LEFT)
    if row.state not in MANAGED:
        left.append(ACTIVATE)
    return tuple(left)


def before_verifying(left: Sequence[str]) -> list[str]:
    """Leave out what comes with verifying, and after it."""
    return [each for each in left if each not in _WITH_VERIFYING]


def before_activating(left: Sequence[str], words: Words) -> list[str]:
    """Leave out what comes with activating."""
    return [each for each in left if each != ACTIVATE] or [words.verify]


def next_step(row: OrganizationIntegration, left: Sequence[str]) -> str:
    """Say the one thing that comes next."""
    return left[0] if left else NOTHING
