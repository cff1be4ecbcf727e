"""Writes down how an organization connects its members, before and after somebody changes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from together.providers.values import Capability
from together.services.people import roles
from together.services.signing_in.viewer import Viewer
from together.store import audit
from together.store.audit import Fact
from together.store.models import OrganizationIntegration, OrganizationVideo
from together.store.scope import Scope
from together.store.transaction import transaction

T = TypeVar("T")
_SUBJECT = 60


@dataclass(frozen=True, slots=True)
class _Told:
    """What is compared, and what is told of it: of a key its id, of an address its domain."""

    value: object
    shown: Fact


async def changing(viewer: Viewer, action: str, work: Callable[[], Awaitable[T]], *, at: int) -> T:
    """Do it when it is its turn, and add one line with what became different."""

    async def told() -> T:
        await roles.turn(viewer)
        before = await _facts(viewer.organization_id)
        done = await work()
        after = await _facts(viewer.organization_id)
        different = [name for name, fact in before.items() if fact.value != after[name].value]
        await audit.record(
            viewer.organization_id,
            at=at,
            actor_id=viewer.member_id,
            action=action,
            subject=f"organization:{viewer.organization_id}",
            before={name: before[name].shown for name in different},
            after={name: after[name].shown for name in different},
        )
        return done

    return await transaction(told)


async def mailbox_asked(
    organization_id: int, address: str, *, actor_id: int | None, at: int
) -> None:
    """Write down that a mailbox is about to be asked, by an administrator or by the program.

    Whose it is is told whole, however long it is.
    """
    await audit.record(
        organization_id,
        at=at,
        actor_id=actor_id,
        action="integration.probed" if actor_id is None else "integration.verification",
        subject=f"mailbox:{address}"[:_SUBJECT],
        after={"mailbox": address},
    )


async def handed_over(viewer: Viewer, sessions: int, *, at: int) -> None:
    """Write down of how many sessions Together became the organizer, where it did of any."""
    if sessions:
        await audit.record(
            viewer.organization_id,
            at=at,
            actor_id=viewer.member_id,
            action="integration.sessions_handed_over",
            subject=f"organization:{viewer.organization_id}",
            after={"sessions": sessions},
        )


async def _facts(organization_id: int) -> dict[str, _Told]:
    video = await Scope(organization_id)(OrganizationVideo).first()
    video = video or OrganizationVideo(organization_id=organization_id)
    row = await Scope(organization_id)(OrganizationIntegration).first()
    row = row or OrganizationIntegration(organization_id=organization_id)
    wanted = [each.name or "" for each in Capability(row.capabilities)]
    owner = None if row.owner_email is None else row.owner_email.rpartition("@")[2]
    plain: dict[str, Fact] = {
        "hidden": row.hidden,
        "method": row.method.value,
        "offered": row.offered,
        "provider": row.provider,
        "state": row.state.value,
        "video": video.choice.value,
        "video_provider": video.provider,
        "wanted": wanted,
    }
    return {name: _Told(fact, fact) for name, fact in plain.items()} | {
        "credential": _Told((row.credential, row.credential_id), row.credential_id),
        "key": _Told((row.credential, row.key_id), row.key_id),
        "owner_domain": _Told(row.owner_email, owner),
        "verified": _Told(row.verified_at, row.verified_at is not None),
        "video_credential": _Told((video.credential, video.credential_id), video.credential_id),
    }
