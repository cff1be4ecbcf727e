"""Who is in a match, and what one of them may know of the others' calendars.

What the viewer may not see is not loaded: for a viewer who is not integrated nobody else's
integration is read, so that their answers cannot depend on it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from together.domain.integration import Standing, readable, standing
from together.domain.policy import Policy
from together.domain.visibility import sight
from together.services.connections.effective import RELATED_IN_USE
from together.services.connections.integrations import facts
from together.services.refusals import MatchHasEnded, NotFound
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    CalendarRow,
    Integration,
    Match,
    MatchState,
    Member,
    Organization,
    Participant,
)

_UID = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")


@dataclass(frozen=True, slots=True)
class Seen:
    """One participant, as the viewer sees them."""

    member: Member
    role: str
    standing: Standing | None
    """What the viewer is told; None is nothing."""
    integration: Integration | None
    """Only where the viewer may see free and busy times."""


@dataclass(frozen=True, slots=True)
class Circle:
    """A match and its people; the viewer first, the others by row id."""

    match: Match
    organization: Organization
    policy: Policy
    people: Sequence[Seen]
    stale: Sequence[Integration] = ()
    """Not read for so long that they do not count: one reading would make them count again."""

    @property
    def viewer(self) -> Seen:
        return self.people[0]

    @property
    def visible(self) -> Sequence[Integration]:
        """The calendars whose free and busy times the viewer may see."""
        return [seen.integration for seen in self.people if seen.integration is not None]


async def circle(viewer: Viewer, match_uid: str, *, now: int) -> Circle:
    """Find an active match of the viewer's, and what they may see in it."""
    match, people = await _people(viewer, match_uid)
    if match.state is not MatchState.ACTIVE or not all(each.member.active for each in people):
        raise MatchHasEnded
    mine = (await standings([viewer.member_id], viewer.organization_id, now=now)).get(
        viewer.member_id
    )
    looking = mine is not None and mine[1] is not Standing.NOT_INTEGRATED
    found = {} if mine is None else {viewer.member_id: mine}
    if looking:
        others = [each.member_id for each in people if each.member_id != viewer.member_id]
        found |= await standings(others, viewer.organization_id, now=now)
    seen = [
        _seen(each, found.get(each.member_id), viewer=viewer, looking=looking) for each in people
    ]
    seen.sort(key=lambda each: (each.member.id != viewer.member_id, each.member.id))
    organization = cast("Organization", match.organization)
    return Circle(
        match=match,
        organization=organization,
        policy=Policy.of(organization.policy),
        people=seen,
        stale=[
            integration
            for integration, told in found.values()
            if told is Standing.NOT_INTEGRATED
            and readable(facts(integration, counting=True, now=now))
        ],
    )


def shaped(uid: str) -> str:
    """Give an id to look for: a malformed one is looked for as a missing one is."""
    return uid if _UID.match(uid) else ""


async def _people(viewer: Viewer, match_uid: str) -> tuple[Match, list[Participant]]:
    """Everything about the match but calendars, in one statement."""
    people = await (
        Participant.filter(
            organization_id=viewer.organization_id,
            match__uid=shaped(match_uid),
        )
        .select_related("match__organization", "member")
        .order_by("member_id")
    )
    if viewer.member_id not in {each.member_id for each in people}:
        raise NotFound
    return cast("Match", people[0].match), people


async def standings(
    member_ids: Sequence[int], organization_id: int, *, now: int
) -> dict[int, tuple[Integration, Standing]]:
    """Judge the connections of these members, in one statement.

    One without a calendar that counts is as good as none, so the calendars that count are where
    to begin.
    """
    rows = await (
        CalendarRow.filter(
            RELATED_IN_USE,
            organization_id=organization_id,
            integration__member_id__in=member_ids,
            counts=True,
        )
        .select_related("integration")
        .order_by("integration_id")
    )
    found = {}
    for row in rows:
        integration = cast("Integration", row.integration)
        told = standing(facts(integration, counting=True, now=now))
        found[integration.member_id] = (integration, told)
    return found


def _seen(
    participant: Participant,
    found: tuple[Integration, Standing] | None,
    *,
    viewer: Viewer,
    looking: bool,
) -> Seen:
    integration, told = found or (None, Standing.NOT_INTEGRATED)
    myself = participant.member_id == viewer.member_id
    integrated = told is not Standing.NOT_INTEGRATED
    pair = sight(viewer_integrated=looking, other_integrated=integrated)
    visible = pair.own_availability if myself else pair.others_busy and pair.others_free
    return Seen(
        member=cast("Member", participant.member),
        role=participant.role,
        standing=told if myself or pair.told_of_other else None,
        integration=integration if visible else None,
    )
