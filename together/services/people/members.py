"""What administrators do: members come and leave, matches begin and end.  All of it is audited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from together.domain.addresses import BadAddress, checked_email, email_key
from together.services.client_keys import Once
from together.services.connections import disconnecting
from together.services.connections.grants import Grants
from together.services.organization import everybody
from together.services.people import found_by, matched, programs
from together.services.people.matching import active_match
from together.services.people.profile import checked_name, checked_zone
from together.services.people.roles import held
from together.services.refusals import (
    AlreadyMatched,
    EmailTaken,
    Forbidden,
    InvalidInput,
    NotFound,
)
from together.services.sessions.cancelling import cancel_ahead
from together.services.signing_in.viewer import Viewer
from together.store import audit
from together.store.audit import Facts
from together.store.database import Database
from together.store.models import (
    Integration,
    Match,
    MatchState,
    Member,
    Organization,
    Participant,
    Role,
)
from together.store.refused import Taken
from together.store.scope import Scope
from together.store.transaction import transaction
from together.store.vault import Vault

LARGEST_MATCH = 20


class Members:
    """The members and matches of an organization, for its administrators."""

    def __init__(self, *, grants: Grants, vault: Vault, clock: Callable[[], int]) -> None:
        self._grants, self._vault, self._clock = grants, vault, clock

    async def create_member(
        self,
        viewer: Viewer,
        *,
        client_key: str,
        email: str,
        name: str,
        zone: str = "UTC",
        role: Role = Role.PARTICIPANT,
    ) -> Member:
        """Make a member, who signs in with this address from now on; once for each client key."""
        _administers(viewer)
        said = {"email": email, "name": name, "zone": zone, "role": role.value}
        once = Once.of(viewer, "createMember", key=client_key, said=said)
        try:
            address = checked_email(email)
        except BadAddress:
            raise InvalidInput("email", "This is not an e-mail address.") from None
        columns: dict[str, Any] = {
            "email": address,
            "email_key": email_key(address),
            "name": checked_name("name", name),
            "zone": checked_zone("zone", zone),
            "role": role,
        }

        async def make() -> int:
            member = await Member.create(organization_id=viewer.organization_id, **columns)
            await found_by.note([member])
            who, granted = f"member:{member.id}", {"role": role.value}
            await self._audited(viewer, "member.created", who, None, {"active": True, **granted})
            if role is not Role.PARTICIPANT:
                await self._audited(viewer, "member.role_granted", who, {"role": None}, granted)
            await everybody.welcome(viewer.organization_id, [member.id], at=self._clock())
            return member.id

        try:
            made = await once.carried_out(make)
        except Taken:
            raise EmailTaken from None
        return await Scope(viewer.organization_id)(Member).get(id=made)

    async def deactivate_member(self, viewer: Viewer, uid: str) -> Member:
        """Let a member go: from now on they see nothing, and nothing of theirs is read.

        Their grant cancels the events they had made and goes back to its service; every session
        ahead of their matches is cancelled.
        """
        _administers(viewer)
        if uid == viewer.uid:
            raise InvalidInput("member", "Another administrator has to deactivate you.")

        async def work() -> Member:
            member = await held(viewer, uid)
            if member is None:
                raise NotFound
            if not member.active:
                return member
            at, scope = self._clock(), Scope(viewer.organization_id)
            matches: Any = (
                await scope(Participant)
                .filter(member_id=member.id, match__state=MatchState.ACTIVE)
                .values_list("match_id", flat=True)
            )
            await scope(Member).filter(id=member.id).update(active=False)
            await disconnecting.raise_generation(member)
            await cancel_ahead(matches, scope=scope, by=viewer.member_id, now=at)
            connected = await scope(Integration).filter(member_id=member.id).order_by("id")
            for integration in connected:
                await disconnecting.taken_out_of_use(
                    member,
                    integration,
                    grants=self._grants,
                    vault=self._vault,
                    leaves=True,
                    at=at,
                )
            before: Facts = {"active": True, "calendars": [each.provider for each in connected]}
            after: Facts = {"active": False, "calendars": []}
            who = f"member:{member.id}"
            await self._audited(viewer, "member.deactivated", who, before, after)
            await member.refresh_from_db()
            return member

        member = await transaction(work)
        self._grants.delegations.tokens.forget(viewer.organization_id, mailbox=member.email)
        await Database.current().truncate_log()
        return member

    async def reactivate_member(self, viewer: Viewer, uid: str) -> Member:
        """Let somebody in again, who then connects their calendar anew."""
        _administers(viewer)

        async def work() -> Member:
            member = await _locked(viewer, uid)
            if member.active:
                return member
            await (
                Scope(viewer.organization_id)(Member)
                .filter(id=member.id)
                .update(active=True, generation=member.generation + 1)
            )
            who, before, after = f"member:{member.id}", {"active": False}, {"active": True}
            await self._audited(viewer, "member.reactivated", who, before, after)
            await everybody.welcome(viewer.organization_id, [member.id], at=self._clock())
            await member.refresh_from_db()
            return member

        return await transaction(work)

    async def create_match(
        self,
        viewer: Viewer,
        *,
        client_key: str,
        mentor: str,
        mentees: Sequence[str],
        program: str,
    ) -> Match:
        """Match a mentor with mentees in a program, all named by uid; once for each client key.

        The same people have one active match in a program, however many match them at once.
        """
        _administers(viewer)
        said = {"mentor": mentor, "mentees": list(mentees), "program": program}
        once = Once.of(viewer, "createMatch", key=client_key, said=said)
        if not 1 <= len(mentees) < LARGEST_MATCH:
            raise InvalidInput("mentees", f"A match has 1 to {LARGEST_MATCH - 1} mentees.")

        async def make() -> int:
            at, scope = self._clock(), Scope(viewer.organization_id)
            people = await _people(scope, mentor, mentees)
            # An import holds the organization, and its members only when it changes them.
            await Organization.select_for_update(no_key=True).get(id=viewer.organization_id)
            chosen = await programs.matchable(scope, program)
            there = await active_match(scope, people, chosen.id)
            if there is not None:
                raise AlreadyMatched(there)
            match = await Match.create(
                organization_id=viewer.organization_id, program_id=chosen.id, created_at=at
            )
            joined = []
            for place, member in enumerate(people):
                participant = await Participant.create(
                    organization_id=viewer.organization_id,
                    match_id=match.id,
                    member_id=member.id,
                    role="MENTEE" if place else "MENTOR",
                    joined_at=at,
                )
                joined.append(participant.id)
            await matched.write_down(joined, organization_id=viewer.organization_id)
            own = any(member.id == viewer.member_id for member in people)
            action = matched.CREATED_WITH_THEMSELVES if own else matched.CREATED
            told: Facts = {
                "state": "ACTIVE", "program": program, "mentor": mentor, "mentees": sorted(mentees),
            }  # fmt: skip
            await self._audited(viewer, action, f"match:{match.id}", None, told)
            return match.id

        made = await once.carried_out(make)
        return await Scope(viewer.organization_id)(Match).get(id=made)

    async def end_match(self, viewer: Viewer, uid: str) -> Match:
        """End a match, and cancel every session ahead of it."""
        _administers(viewer)

        async def work() -> Match:
            at, scope = self._clock(), Scope(viewer.organization_id)
            match = await scope(Match).filter(uid=uid).select_for_update().get_or_none()
            if match is None:
                raise NotFound
            if match.state is MatchState.ENDED:
                return match
            await scope(Match).filter(id=match.id).update(state=MatchState.ENDED, ended_at=at)
            await cancel_ahead([match.id], scope=scope, by=viewer.member_id, now=at)
            which, before, after = f"match:{match.id}", {"state": "ACTIVE"}, {"state": "ENDED"}
            await self._audited(viewer, "match.ended", which, before, after)
            await match.refresh_from_db()
            return match

        return await transaction(work)

    async def _audited(
        self,
        viewer: Viewer,
        action: str,
        subject: str,
        before: Facts | None,
        after: Facts,
    ) -> None:
        await audit.record(
            organization_id=viewer.organization_id,
            actor_id=viewer.member_id,
            action=action,
            subject=subject,
            before=before,
            after=after,
            at=self._clock(),
        )


def _administers(viewer: Viewer) -> None:
    if viewer.role is not Role.ORG_ADMIN:
        raise Forbidden


async def _locked(viewer: Viewer, uid: str) -> Member:
    scope = Scope(viewer.organization_id)
    member = await scope(Member).filter(uid=uid).select_for_update().get_or_none()
    if member is None:
        raise NotFound
    return member


async def _people(scope: Scope, mentor: str, mentees: Sequence[str]) -> list[Member]:
    """Hold everybody named, mentor first; who is foreign or has left cannot be matched."""
    rows = await (
        scope(Member)
        .filter(uid__in=[mentor, *mentees], active=True)
        .order_by("id")
        .select_for_update(no_key=True)
    )
    found = {member.uid: member for member in rows}
    if mentor not in found:
        raise InvalidInput("mentor", "There is no active member with this id.")
    for place, uid in enumerate(mentees):
        if uid not in found:
            raise InvalidInput(f"mentees[{place}]", "There is no active member with this id.")
    # Only now: two ids that are malformed are nobody's, and not the same person's.
    if len(found) != 1 + len(mentees):
        raise InvalidInput("mentees", "Everybody is in a match once.")
    return [found[mentor], *(found[uid] for uid in mentees)]
