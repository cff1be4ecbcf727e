"""Who may ask for what: declared on the field, decided here."""

from __future__ import annotations

from typing import Any

from strawberry.permission import BasePermission, PermissionExtension
from strawberry.types.field import StrawberryField

from together.api.context import Context
from together.services.connections.offering import looks_after_integrations
from together.services.organization.overseeing import oversees
from together.services.reading import administers
from together.store.models import Match


class Declared(BasePermission):
    """A permission that shows nothing about itself in the schema."""

    error_extensions = {"code": "FORBIDDEN"}  # noqa: RUF012  (Strawberry's own attribute)


class SignedIn(Declared):
    """Every member who is signed in, about themselves and what they belong to."""

    message = "Sign in first."

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return isinstance(info.context, Context)


class IsAdministrator(Declared):
    """An administrator of the organization, about who is in it and who is matched."""

    message = "Your role does not allow this."

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return administers(info.context.viewer)


class LooksAfterIntegrations(Declared):
    """An administrator of the organization, or of its integrations and nothing else."""

    message = "Your role does not allow this."

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return looks_after_integrations(info.context.viewer)


class OverseesMembers(Declared):
    """Whoever may see how members are connected; of whom: `services.organization.overseeing`."""

    message = "Your role does not allow this."

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return oversees(info.context.viewer)


class LooksAfterProgram(Declared):
    """Who is named as an administrator of the program, or administers the organization."""

    message = "Your role does not allow this."

    async def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return bool(await info.context.loaders.looked_after.load(source.row.id))


class SharesMatch(Declared):
    """Members themselves, and whoever is in a match with them; no administrator who is not."""

    message = "You are in no match with them."

    async def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return bool(await info.context.loaders.companions.load(source.row.id))


class InMatch(Declared):
    """A participant of the match; an administrator who is not in it sees no times of it."""

    message = "You are not in this match."

    async def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        match: Match = source.row
        people = await info.context.loaders.participants.load(match.id)
        return any(each.member_id == info.context.viewer.member_id for each in people)


class _OrNull(PermissionExtension):
    """Strawberry's gives a list that may be null as an empty one: as if there were none."""

    def apply(self, field: StrawberryField) -> None:
        super().apply(field)
        self.return_empty_list = False


def only(permission: type[Declared]) -> PermissionExtension:
    """Show a field to these alone; to everybody else it is null, and nothing is read for it."""
    return _OrNull(permissions=[permission()], fail_silently=True, use_directives=False)


def requires(permission: type[Declared]) -> PermissionExtension:
    """Refuse a field to everybody else with an error."""
    return PermissionExtension(permissions=[permission()], use_directives=False)
