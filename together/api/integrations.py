"""A member's own calendar connection."""

from __future__ import annotations

from enum import Enum

import strawberry

from together.api.calendars import ConnectedCalendar
from together.api.context import Info
from together.api.fields import field
from together.api.ids import Kind, to_id
from together.api.members import Member
from together.api.nodes import Node
from together.api.offers import CalendarProvider, calendar_provider
from together.api.parting import CalendarParting
from together.api.scalars import Instant
from together.domain.integration import Standing, State
from together.providers.values import Capability
from together.services import reading
from together.services.connections import integrations
from together.services.connections.integrations import NOT_AMONG_THEM, Own, source_of
from together.services.connections.offering import Offer
from together.store.models import IntegrationSource, IntegrationState

strawberry.enum(State, name="CalendarIntegrationState", description="How a connection stands.")


@strawberry.enum(description="Whose consent it is.")
class CalendarIntegrationSource(Enum):
    ORGANIZATION = "ORGANIZATION"
    INDIVIDUAL = "INDIVIDUAL"
    NONE = "NONE"


@strawberry.enum(description="What a consent allows.")
class CalendarCapability(Enum):
    FREE_BUSY = "FREE_BUSY"
    EVENTS = "EVENTS"
    MEETINGS = "MEETINGS"


@strawberry.enum(description="What the member can do about their calendar next.")
class CalendarNextStep(Enum):
    CONNECT = strawberry.enum_value(
        "CONNECT", description="Connect a calendar, or start again: `startCalendarConnection`."
    )
    CHOOSE_ACCOUNT = strawberry.enum_value(
        "CHOOSE_ACCOUNT",
        description="Sign in with a different account: `startCalendarConnection` with "
        "`chooseAccount`.",
    )
    CHOOSE_PROVIDER = strawberry.enum_value(
        "CHOOSE_PROVIDER", description="Use another service: one of `calendarProviders`."
    )
    RECONNECT = strawberry.enum_value(
        "RECONNECT", description="Consent again with the same account: `startCalendarConnection`."
    )
    ALLOW_MORE = strawberry.enum_value(
        "ALLOW_MORE",
        description="A box was left unticked. Consent again to allow it: "
        "`startCalendarConnection`.",
    )
    CHOOSE_CALENDARS = strawberry.enum_value(
        "CHOOSE_CALENDARS", description="Say which calendars count: `chooseCalendars`."
    )
    DISCONNECT = strawberry.enum_value(
        "DISCONNECT",
        description="`disconnectCalendar`, once the member was shown what it ends: "
        "`calendarIntegration.disconnecting`.",
    )
    TRY_LATER = strawberry.enum_value(
        "TRY_LATER",
        description="Send the same mutation again in a while; after `retryAfterSeconds`, where "
        "that is given.",
    )
    ASK_ADMINISTRATOR = strawberry.enum_value(
        "ASK_ADMINISTRATOR", description="Ask the administrator of the account's organization."
    )


@strawberry.type(
    description="How the viewer's own calendar is connected. For its owner alone: others in a "
    "match learn whether it is integrated, and nothing else."
)
class CalendarIntegration(Node):
    own: strawberry.Private[Own | None]
    offer: strawberry.Private[Offer]
    resting: strawberry.Private[Own | None] = None
    source: CalendarIntegrationSource = strawberry.field(description="Whose consent it is.")

    @classmethod
    async def load(cls, info: Info) -> CalendarIntegration:
        """Read the viewer's connection, or that there is none."""
        services, viewer = info.context.services, info.context.viewer
        own = await integrations.own(viewer, registry=services.registry, now=services.clock())
        offer = await info.context.loaders.offers.load(viewer.organization_id)
        resting = None
        if offer.connected_with is not None:
            resting = await integrations.suspended(
                viewer, registry=services.registry, now=services.clock()
            )
        return cls(
            id=to_id(Kind.INTEGRATION, viewer.uid),
            own=own,
            offer=offer,
            resting=resting,
            source=CalendarIntegrationSource[source_of(own, offer)],
        )

    @field(description="How the connection stands; null when there is none.")
    def state(self) -> State | None:
        return None if self.own is None else State(self.own.integration.state.value)

    @field(
        description="How it counts in a match: what integrated others are told of it. Without a "
        "calendar that counts it is not integrated."
    )
    def standing(self) -> Standing:
        return Standing.NOT_INTEGRATED if self.own is None else self.own.standing

    @field(
        description="The service, which may be the organization's; null when nothing is connected."
    )
    def provider(self, info: Info) -> CalendarProvider | None:
        if self.own is None:
            slug = self.offer.connected_with
            return None if slug is None else calendar_provider(info, slug)
        return calendar_provider(info, self.own.integration.provider, available=self.own.available)

    @field(description="The address of the connected account.")
    def account(self) -> str | None:
        return None if self.own is None else self.own.integration.account_email

    @field(description="What the consent allows. Without EVENTS it is read only.")
    def capabilities(self) -> list[CalendarCapability]:
        granted = Capability(0) if self.own is None else self.own.capabilities
        return [each for each in CalendarCapability if Capability[each.name] in granted]

    @field(description="Whether sessions can be written to it.")
    def can_write(self) -> bool:
        return self.own is not None and self.own.can_write

    @field(description="Since when it is connected; null when it does not work now.")
    def connected_since(self) -> Instant | None:
        if self.own is None or self.own.integration.state is not IntegrationState.ACTIVE:
            return None
        return Instant(self.own.integration.since)

    @field(description="Since when it waits for the member; null when it does not.")
    def needs_attention_since(self) -> Instant | None:
        if self.own is None or self.own.integration.state is not IntegrationState.NEEDS_RECONNECT:
            return None
        return Instant(self.own.integration.since)

    @field(description="Since when its busy times cannot all be read; null when they can.")
    def unreadable_since(self) -> Instant | None:
        return None if self.own is None else _instant(self.own.integration.unreadable_since)

    @field(description="When the busy times of all calendars that count were last read.")
    def last_read_at(self) -> Instant | None:
        return None if self.own is None else _instant(self.own.integration.read_at)

    @field(
        description="In plain words why it waits for the member, or why calendars are to be "
        "chosen: none counts, so that they are not integrated, or a chosen one is missing or "
        "cannot be read. Also that the account has no calendar any more, or none that can be read."
    )
    def reason(self) -> str | None:
        if self.own is None:
            return None if self.offer.connected_with is None else NOT_AMONG_THEM
        return self.own.reason

    @field(
        description="The account's calendars, at most 250, and those that were chosen and are "
        "missing. Choose among them with `chooseCalendars`."
    )
    def calendars(self) -> list[ConnectedCalendar]:
        return [
            ConnectedCalendar.of(row) for row in (() if self.own is None else self.own.calendars)
        ]

    @field(
        description="Whether the organization looks after how calendars are connected, so that "
        "members are offered nothing."
    )
    def managed(self) -> bool:
        return self.offer.managed

    @field(
        description="The account that the viewer connected themselves, and that is neither read "
        "nor renewed while the organization looks after calendars. They may disconnect it."
    )
    def suspended_account(self) -> str | None:
        return None if self.resting is None else self.resting.integration.account_email

    @field(
        description="What disconnecting would end at the service, to be shown before "
        "`disconnectCalendar`; null when nothing is connected."
    )
    def disconnecting(self, info: Info) -> CalendarParting | None:
        ends = self.resting or self.own
        if ends is None or ends.integration.source is IntegrationSource.ORGANIZATION:
            return None
        return CalendarParting.of(info, ends)

    @field(description="What the member can do now.")
    def next_steps(self) -> list[CalendarNextStep]:
        if self.own is None and self.resting is None:
            return [] if self.managed() else [CalendarNextStep.CONNECT]
        mine = self.source is CalendarIntegrationSource.INDIVIDUAL or self.resting is not None
        steps = [CalendarNextStep.DISCONNECT] if mine else []
        if self.own is None:
            return steps
        if self.own.to_choose is not None:
            steps.insert(0, CalendarNextStep.CHOOSE_CALENDARS)
        if self.own.can_reconnect and self.offer.allows(self.own.integration.provider):
            lost = self.own.integration.state is not IntegrationState.ACTIVE
            steps.insert(0, CalendarNextStep.RECONNECT if lost else CalendarNextStep.ALLOW_MORE)
        return steps

    @field(
        description="Who can see the member's busy times: everybody in an active match with them "
        "whose own calendar is integrated."
    )
    async def busy_times_seen_by(self, info: Info) -> list[Member]:
        if self.own is None or self.own.standing is Standing.NOT_INTEGRATED:
            return []
        loaders = info.context.loaders
        ids = await reading.partner_ids(info.context.viewer)
        told = await loaders.standings.load_many(ids)
        seen_by = [
            who for who, each in zip(ids, told, strict=True) if each is not Standing.NOT_INTEGRATED
        ]
        return [Member.of(row) for row in await loaders.members.load_many(seen_by)]


def _instant(value: int | None) -> Instant | None:
    return None if value is None else Instant(value)
