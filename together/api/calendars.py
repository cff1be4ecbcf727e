"""The calendars of a member's connected account, for that member alone."""

from __future__ import annotations

import strawberry

from together.api.ids import Kind, to_id
from together.api.nodes import Node
from together.api.scalars import Instant
from together.services.connections import integrations
from together.store.models import CalendarRow


@strawberry.type(description="One calendar of the connected account. For its owner alone.")
class ConnectedCalendar(Node):
    name: str = strawberry.field(description="Its name at the service.")
    primary: bool = strawberry.field(description="Whether it is the account's main calendar.")
    writable: bool = strawberry.field(
        description="Whether it can be chosen to receive: the service lets its owner write to it."
    )
    counts: bool = strawberry.field(description="Whether its events count as busy.")
    receives: bool = strawberry.field(description="Whether sessions are written to it.")
    missing_since: Instant | None = strawberry.field(
        description="When the service was first found to list it no more: it was deleted, or is "
        "no longer shared. It neither counts nor receives until it is back. Null while it is there."
    )
    unreadable_since: Instant | None = strawberry.field(
        description="Of one that counts: since when the service lists it and does not let it be "
        "read, so that no time is known to be free. Null while it can be read."
    )
    reason: str | None = strawberry.field(
        description="In plain words why it is not used as it was chosen; null where it is."
    )

    @classmethod
    def of(cls, row: CalendarRow) -> ConnectedCalendar:
        return cls(
            id=to_id(Kind.CALENDAR, row.uid),
            name=row.name,
            primary=row.primary,
            writable=row.writable and row.missing_since is None,
            counts=row.counts,
            receives=row.receives,
            missing_since=_instant(row.missing_since),
            unreadable_since=_instant(row.unreadable_since),
            reason=integrations.calendar_in_words(row),
        )


def _instant(value: int | None) -> Instant | None:
    return None if value is None else Instant(value)
