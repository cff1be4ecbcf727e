"""The integration of the whole organization, as its administrators see it."""

from __future__ import annotations

import strawberry

from together.api.context import Info
from together.api.fields import field
from together.api.integrations import CalendarCapability
from together.api.offers import CalendarProvider, calendar_provider
from together.api.scalars import Instant
from together.providers.delegation import Step, StepKind
from together.providers.values import Capability
from together.services.organization.owner_letters import why
from together.services.organization.set_up_status import Status
from together.store.models import ConnectionMethod, DelegationState

strawberry.enum(
    ConnectionMethod,
    name="CalendarConnectionMethod",
    description="Who connects calendars: each member, or the organization for everybody.",
)
strawberry.enum(
    DelegationState,
    name="OrganizationIntegrationState",
    description="How far the integration is. Only ACTIVE and FAILING change anything for members.",
)
strawberry.enum(StepKind, name="SetUpStepKind", description="What an administrator does in a step.")


@strawberry.type(description="A value to paste at the service, letter by letter.")
class CopiedValue:
    label: str = strawberry.field(description="What it is called there.")
    text: str | None = strawberry.field(description="Null until an earlier step has told it.")


@strawberry.type(description="One step at the service, in words for an administrator.")
class SetUpStep:
    kind: StepKind = strawberry.field(description="What is done in it.")
    title: str = strawberry.field(description="What to write above it.")
    words: str = strawberry.field(description="How it is done.")
    url: str | None = strawberry.field(description="The page of the service on which it is done.")
    values: list[CopiedValue] = strawberry.field(description="What to paste there.")
    done: bool = strawberry.field(
        description="Whether it is done. What is done at the service is known once a mailbox was "
        "verified."
    )

    @classmethod
    def of(cls, step: Step, *, done: bool) -> SetUpStep:
        return cls(
            kind=step.kind,
            title=step.title,
            words=step.words,
            url=step.url,
            values=[CopiedValue(label=each.label, text=each.text) for each in step.values],
            done=done,
        )


@strawberry.type(description="What activating would change, in numbers of active members.")
class ActivationPreview:
    gain: int = strawberry.field(description="Have no calendar that works, and would be connected.")
    keep: int = strawberry.field(
        description="Have connected one, and would be connected by the organization instead."
    )
    lose: int = strawberry.field(
        description="Have connected one, and are in none of the domains: theirs is suspended."
    )


@strawberry.type(
    description="The integration of the whole organization: how far it is, and what comes next."
)
class OrganizationIntegration:
    status: strawberry.Private[Status]
    state: DelegationState = strawberry.field(description="How far it is.")
    method: ConnectionMethod = strawberry.field(description="Who connects calendars.")
    owner_email: str | None = strawberry.field(
        description="Who is told when it fails, and when it works again."
    )
    limited: bool = strawberry.field(
        description="Whether free and busy times are all that is wanted: nothing is written."
    )
    credential_name: str | None = strawberry.field(description="Who acts, by name.")
    credential_id: str | None = strawberry.field(description="Who acts, by id.")
    key_id: str | None = strawberry.field(
        description="Which of its keys was uploaded. The key itself is shown to nobody."
    )
    domains: list[str] = strawberry.field(
        description="The organization's domains. Members outside of them are never asked for."
    )
    verified_mailbox: str | None = strawberry.field(description="What it was verified on.")
    reason: str | None = strawberry.field(description="In plain words why it fails.")
    missing: list[str] = strawberry.field(
        description="What has to be done before it is active and works, in order."
    )
    next: str = strawberry.field(description="What comes next.")

    @classmethod
    async def load(cls, info: Info) -> OrganizationIntegration:
        """Read it as it stands."""
        context = info.context
        status = await context.services.organization_integrations.status(context.viewer)
        row = status.row
        return cls(
            status=status,
            state=row.state,
            method=row.method,
            owner_email=row.owner_email,
            limited=Capability(row.capabilities) == Capability.FREE_BUSY,
            credential_name=row.credential_name,
            credential_id=row.credential_id,
            key_id=row.key_id,
            domains=list(status.domains),
            verified_mailbox=row.verified_mailbox,
            reason=why(row),
            missing=list(status.missing),
            next=status.next,
        )

    @field(description="The service; null until one is chosen.")
    def provider(self, info: Info) -> CalendarProvider | None:
        slug = self.status.row.provider
        return None if slug is None else calendar_provider(info, slug)

    @field(description="What is wanted.")
    def capabilities(self) -> list[CalendarCapability]:
        wanted = Capability(self.status.row.capabilities)
        return [each for each in CalendarCapability if Capability[each.name] in wanted]

    @field(description="Since when it is in this state; null where nothing was ever set up.")
    def since(self) -> Instant | None:
        row = self.status.row
        return Instant(row.since) if row.since else None

    @field(description="When it was verified; null until then, and after access was given anew.")
    def verified_at(self) -> Instant | None:
        at = self.status.row.verified_at
        return None if at is None else Instant(at)

    @field(description="The steps at the service, in order; empty until one is chosen.")
    def steps(self) -> list[SetUpStep]:
        return [SetUpStep.of(step, done=done) for step, done in self.status.steps]

    @field(description="What activating would change. Show it before.")
    async def preview(self, info: Info) -> ActivationPreview:
        context = info.context
        found = await context.services.organization_integrations.preview(context.viewer)
        return ActivationPreview(gain=found.gain, keep=found.keep, lose=found.lose)

    @field(
        description="How many sessions ahead have their event in a calendar that the organization "
        "looks after. Turning it off makes Together their organizer: say so before."
    )
    async def sessions_in_calendars(self, info: Info) -> int:
        service = info.context.services.organization_integrations
        return await service.sessions_in_calendars(info.context.viewer)
