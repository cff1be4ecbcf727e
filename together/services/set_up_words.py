"""What is missing to an organization's integration, and what comes next, for an administrator."""

from __future__ import annotations

from collections.abc import Sequence

from together.services.effective import MANAGED
from together.store.models import DelegationState, OrganizationIntegration

CHOOSE = "Choose the calendar service."
UPLOAD = "Upload a key."
VERIFY = "Allow the key to act for your members at the service, and verify one real mailbox."
ACTIVATE = "Activate it."
REPAIR = "Repair it at the service, or upload another key, and verify a mailbox again."
NOTHING = "There is nothing to do."
_PROVE = (
    "Ask whoever runs Together to say which domains are yours: together domains {slug} add DOMAIN."
)


def missing(row: OrganizationIntegration, domains: Sequence[str], *, slug: str) -> tuple[str, ...]:
    """List in order what has to be done before it can be active and work."""
    left = []
    if row.provider is None or row.state is DelegationState.OFF:
        left.append(CHOOSE)
    if not domains:
        left.append(_PROVE.format(slug=slug))
    if row.credential is None:
        left.append(UPLOAD)
    if row.state is DelegationState.FAILING:
        left.append(REPAIR)
    elif row.verified_at is None:
        left.append(VERIFY)
    if row.state not in MANAGED:
        left.append(ACTIVATE)
    return tuple(left)


def before_verifying(left: Sequence[str]) -> list[str]:
    """Leave out what comes with verifying, and after it."""
    return [each for each in left if each not in (VERIFY, REPAIR, ACTIVATE)]


def before_activating(left: Sequence[str]) -> list[str]:
    """Leave out what comes with activating."""
    return [each for each in left if each != ACTIVATE] or [VERIFY]


def next_step(row: OrganizationIntegration, left: Sequence[str]) -> str:
    """Say the one thing that comes next."""
    return left[0] if left else NOTHING
