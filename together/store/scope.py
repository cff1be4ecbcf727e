"""The one door to the rows of an organization."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from tortoise.expressions import RawSQL
from tortoise.models import Model
from tortoise.queryset import QuerySet

from together.store.models import Organization

M = TypeVar("M", bound=Model)
_UID = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")


@dataclass(frozen=True, slots=True)
class Scope:
    """What belongs to one organization.  Every read for a viewer begins here."""

    organization_id: int

    def __call__(self, model: type[M]) -> QuerySet[M]:
        """Return the rows of a model that belong to this organization."""
        if model is Organization:
            return model.filter(id=self.organization_id)
        return model.filter(organization_id=self.organization_id)

    def some(self, model: type[M], ids: Sequence[int]) -> QuerySet[M]:
        """Return those with these row ids, of this organization's.

        SQLite takes the organization's index for the better way in, and goes through all of its
        rows; of a sum it knows no index, so it looks each id up.
        """
        whose = RawSQL(f'"{model._meta.db_table}"."organization_id" + 0')
        return (
            model.filter(id__in=list(ids)).annotate(whose=whose).filter(whose=self.organization_id)
        )

    async def get(self, model: type[M], uid: str) -> M | None:
        """Return the row that the outside knows by this id.

        A foreign, a missing and a malformed id are one answer, found by the same statement.
        """
        return await self(model).get_or_none(uid=uid if _UID.match(uid) else "")
