"""Which ways on a refused connection leaves somebody whose calendar stands."""

from __future__ import annotations

from together.providers.registry import Registry
from together.services.connections import effective
from together.services.connections.integrations import can_reconnect
from together.services.connections.next_steps import NextStep
from together.services.connections.offering import offered
from together.services.refusals import ConnectionRefusal
from together.services.signing_in.viewer import Viewer
from together.store.models import IntegrationState

_BEST_FIRST = (
    NextStep.TRY_LATER,
    NextStep.ASK_ADMINISTRATOR,
    NextStep.RECONNECT,
    NextStep.ALLOW_MORE,
    NextStep.DISCONNECT,
)


async def fit(refusal: ConnectionRefusal, viewer: Viewer, slug: str, *, registry: Registry) -> None:
    """Take out of a refusal what would be refused next: one member has one account."""
    standing = await effective.personal(viewer).first()
    if standing is None:
        return
    offer = await offered(viewer.organization_id)
    again = NextStep.DISCONNECT
    if slug == standing.provider and offer.allows(slug) and can_reconnect(standing, registry):
        lost = standing.state is not IntegrationState.ACTIVE
        again = NextStep.RECONNECT if lost else NextStep.ALLOW_MORE
    _reword(refusal, again)


def _reword(refusal: ConnectionRefusal, again: NextStep) -> None:
    """Offer the same account again, or none, in the place of another one."""
    steps: set[NextStep] = set()
    for step in refusal.next_steps:
        match step:
            case NextStep.CONNECT | NextStep.RECONNECT:
                steps.add(again)
            case NextStep.CHOOSE_ACCOUNT | NextStep.CHOOSE_PROVIDER:
                steps |= {again, NextStep.DISCONNECT}
            case _:
                steps.add(step)
    refusal.next_steps = tuple(sorted(steps, key=_BEST_FIRST.index))
    if refusal.words_if_connected is not None:
        refusal.args = (refusal.words_if_connected,)
