"""How members are connected, as those see it who look after that: a page, and how many of each.

Nothing here reads a calendar's name, a time, or the account of a personal connection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tortoise.expressions import Q, RawSQL
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from together.domain.integration import READ_WITHIN, IntegrationFacts, Standing
from together.domain.integration import standing as judged
from together.domain.search_words import UnusableSearch, asked_words
from together.services.connections.offering import Offer
from together.services.organization import status_words
from together.services.organization.overseeing import overseen
from together.services.people.found_by import found_by
from together.services.people.looked_after import matched_in
from together.services.reading import Asked, part
from together.services.refusals import InvalidInput
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    IntegrationSource,
    Member,
    MemberStatus,
)

NONE = "NONE"
"""The source, and the state, of whoever has no connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which members are meant: all of these at once; None is no matter which."""

    search: str | None = None
    source: str | None = None
    """An `IntegrationSource`, or NONE."""
    provider: str | None = None
    """A slug."""
    state: str | None = None
    """An `IntegrationState`, or NONE."""
    standing: Standing | None = None
    program: str | None = None
    """The uid of a program in which they are in an active match."""

    def words(self) -> tuple[str, ...]:
        """Read the search, or refuse it as an input."""
        if self.search is None:
            return ()
        try:
            return asked_words(self.search)
        except UnusableSearch as bad:
            raise InvalidInput("filter.search", bad.why) from None

    def named(self) -> tuple[str | None, ...]:
        """Give all of it as texts, by which one filter is told from another."""
        return (self.search, self.source, self.provider, self.state, self.standing, self.program)


@dataclass(frozen=True, slots=True)
class Listed:
    """One member of the list."""

    member: Member
    email_key: str
    source: str
    provider: str | None
    state: str
    standing: Standing
    read_at: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many members are alike in this."""

    source: str
    provider: str | None
    state: str
    standing: Standing
    count: int


def matching(viewer: Viewer, which: Which, *, offer: Offer, now: int) -> QuerySet[MemberStatus]:
    """Find the active members whom the viewer may see and who are meant."""
    rows = overseen(viewer).filter(active=True)
    if words := which.words():
        organization_id = viewer.organization_id
        rows = rows.filter(found_by(words, organization_id=organization_id, column="member_id"))
    if which.source is not None:
        rows = rows.filter(source__in=_sources(which.source, offer))
    if which.provider is not None:
        slugs = [which.provider, *([""] if which.provider == offer.connected_with else [])]
        rows = rows.filter(provider__in=slugs)
    if which.state is not None:
        rows = rows.filter(state=which.state)
    if which.program is not None:
        rows = rows.filter(member_id__in=matched_in(viewer, which.program))
    return rows if which.standing is None else rows.filter(_stands(which.standing, now=now))


def _sources(source: str, offer: Offer) -> list[str]:
    """Say which are stored so: without a connection, a member of an organization that connects
    everybody is shown as the organization's, as to themselves.
    """
    if offer.connected_with is None:
        return [source]
    stored = {IntegrationSource.ORGANIZATION.value: [source, NONE], NONE: []}
    return stored.get(source, [source])


async def listed(
    viewer: Viewer, which: Which, asked: Asked, *, offer: Offer, now: int
) -> Sequence[Listed]:
    """List a part of them by address, and one more."""
    rows = matching(viewer, which, offer=offer, now=now).select_related("member")
    found = await part(rows, asked, columns=("email_key",), falling=False)
    return [_shown(row, offer, now=now) for row in found]


async def counted(viewer: Viewer, which: Which, *, offer: Offer, now: int) -> Sequence[Counted]:
    """Count those who are meant by all that tells them apart, in one statement; the most first."""
    alike = ("source", "provider", "state", "reads", "unread")
    lately = RawSQL(f"SUM(CASE WHEN last_at > {int(now - READ_WITHIN)} THEN 1 ELSE 0 END)")
    rows: Any = await (
        matching(viewer, which, offer=offer, now=now)
        .annotate(many=Count("id"), lately=lately)
        .group_by(*alike)
        .values_list(*alike, "many", "lately")
    )
    found: Counter[tuple[str, str | None, str, Standing]] = Counter()
    for source, provider, state, reads, unread, many, lately in rows:
        stands = Standing.UNREADABLE_NOW if unread else Standing.INTEGRATED
        whose = (*_whose(source, provider, offer), state)
        integrated = int(lately) if reads else 0
        found[*whose, stands] += integrated
        found[*whose, Standing.NOT_INTEGRATED] += many - integrated
    numbers = [Counted(*alike, many) for alike, many in found.items() if many]
    return sorted(numbers, key=lambda row: (-row.count, row.source, row.state, row.standing))


def _stands(standing: Standing, *, now: int) -> Q:
    """Say as a condition what `together.domain.integration.standing` judges of one."""
    works = Q(reads=True, last_at__gt=now - READ_WITHIN)
    if standing is Standing.NOT_INTEGRATED:
        return ~works
    return Q(works, unread=standing is Standing.UNREADABLE_NOW)


def _standing(row: MemberStatus, *, now: int) -> Standing:
    facts = IntegrationFacts(
        state=row.state,
        can_read=row.can_read,
        counting=row.counting > 0,
        since=row.last_at,
        read_at=None,
        unreadable_since=row.last_at if row.unread else None,
        now=now,
    )
    return judged(facts)


def _whose(source: str, provider: str, offer: Offer) -> tuple[str, str | None]:
    if source == NONE and offer.connected_with is not None:
        return IntegrationSource.ORGANIZATION.value, offer.connected_with
    return source, provider or None


def _shown(row: MemberStatus, offer: Offer, *, now: int) -> Listed:
    standing = _standing(row, now=now)
    member: Any = row.member
    source, provider = _whose(row.source, row.provider, offer)
    return Listed(
        member=member,
        email_key=row.email_key,
        source=source,
        provider=provider,
        state=row.state,
        standing=standing,
        read_at=row.read_at,
        reason=status_words.reason(row, standing, offer),
    )
