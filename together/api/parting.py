"""What disconnecting comes to at a calendar's service."""

from __future__ import annotations

from enum import Enum

import strawberry

from together.api.context import Info
from together.api.fields import field
from together.services.connections import disconnecting
from together.services.connections.integrations import Own
from together.services.connections.parting import farewell


@strawberry.enum(description="How much ends at the service when a calendar is disconnected.")
class ConsentEnds(Enum):
    NOTHING = strawberry.enum_value(
        "NOTHING", description="Nothing: only the owner of the account can end the consent there."
    )
    CONSENT = strawberry.enum_value("CONSENT", description="The consent for this calendar.")
    ACCOUNT = strawberry.enum_value(
        "ACCOUNT", description="Everything that the account has allowed Together."
    )


@strawberry.type(description="What disconnecting comes to at the service. Show it first.")
class CalendarParting:
    note: str = strawberry.field(description="In plain words what ends there, and what does not.")
    ends: ConsentEnds = strawberry.field(description="The same for programs.")
    consents_url: str | None = strawberry.field(
        description="Where the owner of the account can see and end consents, at the service; null "
        "when it is not offered here any more."
    )

    own: strawberry.Private[Own]
    held: strawberry.Private[int | None] = None

    @classmethod
    def of(cls, info: Info, own: Own, *, held: int | None = None) -> CalendarParting:
        """`held` is how many sessions there were, once they are handed over."""
        told = farewell(own, registry=info.context.services.registry)
        return cls(
            note=told.note,
            ends=ConsentEnds[told.ends.name],
            consents_url=told.consents_url,
            own=own,
            held=held,
        )

    @field(
        description="How many sessions ahead have their event in that calendar, and are organized "
        "by Together once it is disconnected."
    )
    async def sessions(self, info: Info) -> int:
        if self.held is not None:
            return self.held
        now = info.context.services.clock()
        return len(await disconnecting.sessions_held_in(self.own.integration, after=now))
