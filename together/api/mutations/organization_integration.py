"""An administrator connects the whole organization, step by step."""

from __future__ import annotations

from typing import Annotated

import strawberry

from together.api import connection_problems, problems
from together.api import delegation_problems as told
from together.api.context import Info
from together.api.fields import mutation
from together.api.organization_integration import OrganizationIntegration
from together.api.outcomes import Raises
from together.api.permissions import LooksAfterIntegrations, requires
from together.domain.secret import Secret
from together.services import refusals
from together.services.organization import delegation_refusals

_THERE = "The integration as it stands now, with what comes next."


@strawberry.input(description="Which service, and how much of it.")
class SetUpOrganizationIntegrationInput:
    provider: str = strawberry.field(description="The slug of the calendar service.")
    owner_email: str | None = strawberry.field(
        default=None,
        description="Who is told when it fails, and when it works again: an address of the "
        "organization's own. Null is nobody.",
    )
    limited: bool = strawberry.field(
        default=False,
        description="Ask for free and busy times only: nothing is written to calendars.",
    )


@strawberry.input(description="The key.")
class UploadOrganizationKeyInput:
    key: Secret = strawberry.field(
        description="What stands in the key file, in a variable. It is sealed, and never shown."
    )


@strawberry.input(description="On what it is to be verified.")
class VerifyOrganizationIntegrationInput:
    mailbox: str = strawberry.field(
        description="The address of a real mailbox in one of the organization's domains. It is "
        "only asked whether everything works, and nothing of it is kept; that it was asked is in "
        "the log of the organization."
    )


@strawberry.input(description="Which one is meant.")
class ActivateOrganizationIntegrationInput:
    provider: str = strawberry.field(
        description="The slug of its service, as the administrator saw it: somebody else may have "
        "chosen another meanwhile."
    )


@strawberry.input(description="Which one is meant.")
class TurnOffOrganizationIntegrationInput:
    provider: str = strawberry.field(
        description="The slug of its service, as the administrator saw it: somebody else may have "
        "chosen another meanwhile."
    )


@strawberry.type(description="The service is chosen.")
class SetUpOrganizationIntegrationPayload:
    organization_integration: OrganizationIntegration = strawberry.field(description=_THERE)


SetUpOrganizationIntegrationResult = Annotated[
    SetUpOrganizationIntegrationPayload
    | problems.InvalidInput
    | told.DelegationNotOffered
    | told.IntegrationInUse,
    strawberry.union(
        "SetUpOrganizationIntegrationResult", description="How it stands, or why not."
    ),
]


@mutation(
    description="Choose the calendar service for everybody, and who is told of failures. Once "
    "it is active, only the latter can be changed. For administrators, those of "
    "integrations too.",
    extensions=[
        requires(LooksAfterIntegrations),
        Raises(
            refusals.InvalidInput,
            delegation_refusals.DelegationNotOffered,
            delegation_refusals.IntegrationInUse,
        ),
    ],
)
async def set_up_organization_integration(
    info: Info,
    input: SetUpOrganizationIntegrationInput,  # noqa: A002  (the argument's name in the schema)
) -> SetUpOrganizationIntegrationResult | None:
    await info.context.services.organization_integrations.set_up(
        info.context.viewer,
        provider=input.provider,
        owner_email=input.owner_email,
        limited=input.limited,
    )
    return SetUpOrganizationIntegrationPayload(
        organization_integration=await OrganizationIntegration.load(info)
    )


@strawberry.type(description="The key is sealed. Nothing is read with it before it is verified.")
class UploadOrganizationKeyPayload:
    organization_integration: OrganizationIntegration = strawberry.field(description=_THERE)


UploadOrganizationKeyResult = Annotated[
    UploadOrganizationKeyPayload
    | told.SetUpIncomplete
    | told.SetUpChanged
    | told.DelegationNotOffered
    | told.KeyUnusable
    | told.CredentialTaken,
    strawberry.union("UploadOrganizationKeyResult", description="How it stands, or why not."),
]


@mutation(
    description="Upload a key that may act for the members. Where one is in use, members are "
    "not integrated until the new one is verified. For administrators, those of "
    "integrations too.",
    extensions=[
        requires(LooksAfterIntegrations),
        Raises(
            delegation_refusals.SetUpIncomplete,
            delegation_refusals.SetUpChanged,
            delegation_refusals.DelegationNotOffered,
            delegation_refusals.KeyUnusable,
            delegation_refusals.CredentialTaken,
        ),
    ],
)
async def upload_organization_key(
    info: Info,
    input: UploadOrganizationKeyInput,  # noqa: A002  (the argument's name in the schema)
) -> UploadOrganizationKeyResult | None:
    await info.context.services.organization_integrations.upload_key(info.context.viewer, input.key)
    return UploadOrganizationKeyPayload(
        organization_integration=await OrganizationIntegration.load(info)
    )


@strawberry.type(description="It works.")
class VerifyOrganizationIntegrationPayload:
    organization_integration: OrganizationIntegration = strawberry.field(description=_THERE)


VerifyOrganizationIntegrationResult = Annotated[
    VerifyOrganizationIntegrationPayload
    | problems.InvalidInput
    | told.SetUpIncomplete
    | told.SetUpChanged
    | told.NotDelegatedYet
    | told.PermissionsMissing
    | told.KeyNotAccepted
    | told.PolicyInTheWay
    | told.MailboxUnknown
    | told.MailboxWithoutCalendar
    | told.MailboxNotAllowed
    | connection_problems.ProviderDown
    | connection_problems.NotAvailableHere,
    strawberry.union(
        "VerifyOrganizationIntegrationResult", description="How it stands, or why not."
    ),
]


@mutation(
    description="Try everything on one real mailbox. One that fails works again with this. "
    "For administrators, those of integrations too.",
    extensions=[
        requires(LooksAfterIntegrations),
        Raises(
            refusals.InvalidInput,
            delegation_refusals.SetUpIncomplete,
            delegation_refusals.SetUpChanged,
            delegation_refusals.NotDelegatedYet,
            delegation_refusals.PermissionsMissing,
            delegation_refusals.KeyNotAccepted,
            delegation_refusals.PolicyInTheWay,
            delegation_refusals.MailboxUnknown,
            delegation_refusals.MailboxWithoutCalendar,
            delegation_refusals.MailboxNotAllowed,
            refusals.ProviderDown,
            refusals.NotAvailableHere,
        ),
    ],
)
async def verify_organization_integration(
    info: Info,
    input: VerifyOrganizationIntegrationInput,  # noqa: A002  (the argument's name in the schema)
) -> VerifyOrganizationIntegrationResult | None:
    await info.context.services.organization_integrations.verify(info.context.viewer, input.mailbox)
    return VerifyOrganizationIntegrationPayload(
        organization_integration=await OrganizationIntegration.load(info)
    )


@strawberry.type(description="Everybody is being connected.")
class ActivateOrganizationIntegrationPayload:
    organization_integration: OrganizationIntegration = strawberry.field(description=_THERE)


ActivateOrganizationIntegrationResult = Annotated[
    ActivateOrganizationIntegrationPayload | told.SetUpIncomplete | told.SetUpChanged,
    strawberry.union(
        "ActivateOrganizationIntegrationResult", description="How it stands, or why not."
    ),
]


@mutation(
    description="Connect everybody, now and whoever comes later, and suspend what members "
    "connected themselves. For administrators, those of integrations too.",
    extensions=[
        requires(LooksAfterIntegrations),
        Raises(
            delegation_refusals.SetUpIncomplete,
            delegation_refusals.SetUpChanged,
        ),
    ],
)
async def activate_organization_integration(
    info: Info,
    input: ActivateOrganizationIntegrationInput,  # noqa: A002  (the argument's name in the schema)
) -> ActivateOrganizationIntegrationResult | None:
    await info.context.services.organization_integrations.activate(
        info.context.viewer, provider=input.provider
    )
    return ActivateOrganizationIntegrationPayload(
        organization_integration=await OrganizationIntegration.load(info)
    )


@strawberry.type(description="Members connect calendars themselves again.")
class TurnOffOrganizationIntegrationPayload:
    organization_integration: OrganizationIntegration = strawberry.field(description=_THERE)


TurnOffOrganizationIntegrationResult = Annotated[
    TurnOffOrganizationIntegrationPayload | told.SetUpChanged,
    strawberry.union(
        "TurnOffOrganizationIntegrationResult", description="How it stands, or why not."
    ),
]


@mutation(
    description="Let members connect calendars themselves again: what they had connected "
    "comes back where it still works, and the key is destroyed. A consent is forgotten here, and "
    "has to be ended at the service too. For administrators, those of integrations too.",
    extensions=[
        requires(LooksAfterIntegrations),
        Raises(
            delegation_refusals.SetUpChanged,
        ),
    ],
)
async def turn_off_organization_integration(
    info: Info,
    input: TurnOffOrganizationIntegrationInput,  # noqa: A002  (the argument's name in the schema)
) -> TurnOffOrganizationIntegrationResult | None:
    await info.context.services.organization_integrations.turn_off(
        info.context.viewer, provider=input.provider
    )
    return TurnOffOrganizationIntegrationPayload(
        organization_integration=await OrganizationIntegration.load(info)
    )
