"""What disconnecting comes to at a calendar's service."""

from __future__ import annotations

from enum import Enum

import strawberry

from together.api.context import Info
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

    @classmethod
    def of(cls, info: Info, own: Own) -> CalendarParting:
        told = farewell(own, registry=info.context.services.registry)
        return cls(note=told.note, ends=ConsentEnds[told.ends.name], consents_url=told.consents_url)
