"""Whoever asks: the member behind a verified token, as they stand in the database now."""

from __future__ import annotations

from dataclasses import dataclass

from together.store.models import Member, Role


@dataclass(frozen=True, slots=True)
class Viewer:
    """A member who is signed in.  `organization_id` binds every query made for them."""

    member_id: int
    organization_id: int
    uid: str
    role: Role
    zone: str
    generation: int

    @classmethod
    def of(cls, member: Member) -> Viewer:
        return cls(
            member.id, member.organization_id, member.uid, member.role, member.zone,
            member.generation,
        )  # fmt: skip
