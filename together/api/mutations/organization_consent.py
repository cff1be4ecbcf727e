"""An administrator consents for the whole organization, where access is given in this way."""

from __future__ import annotations

from typing import Annotated

import strawberry

from together.api import connection_problems as problems
from together.api import delegation_problems as told
from together.api.context import Info
from together.api.fields import mutation
from together.api.organization_integration import OrganizationIntegration
from together.api.outcomes import Raises
from together.api.permissions import LooksAfterIntegrations, requires
from together.services import refusals
from together.services.organization import delegation_refusals


@strawberry.input(description="Where to come back to.")
class StartOrganizationConsentInput:
    return_to: str = strawberry.field(
        description="Where the browser is sent in the end, with `handle` in the query. The "
        "operator lists what is allowed."
    )


@strawberry.type(description="A consent was started.")
class StartOrganizationConsentPayload:
    authorization_url: str = strawberry.field(
        description="Send the browser there. Good for ten minutes. After the consent follows a "
        "sign-in, as proof of whose organization it is."
    )


StartOrganizationConsentResult = Annotated[
    StartOrganizationConsentPayload
    | told.SetUpIncomplete
    | told.DelegationNotOffered
    | problems.ReturnAddressRefused
    | problems.TooManyAttempts,
    strawberry.union("StartOrganizationConsentResult", description="Where to consent, or why not."),
]


@mutation(
    description="Begin to consent for the whole organization, at a service with a CONSENT among "
    "its `steps`. For administrators, those of integrations too.",
    extensions=[
        requires(LooksAfterIntegrations),
        Raises(
            delegation_refusals.SetUpIncomplete,
            delegation_refusals.DelegationNotOffered,
            refusals.ReturnAddressRefused,
            refusals.TooManyAttempts,
        ),
    ],
)
async def start_organization_consent(
    info: Info,
    input: StartOrganizationConsentInput,  # noqa: A002  (the argument's name in the schema)
) -> StartOrganizationConsentResult | None:
    url = await info.context.services.organization_consents.start(
        info.context.viewer, return_to=input.return_to
    )
    return StartOrganizationConsentPayload(authorization_url=url)


@strawberry.input(description="What came back from the service.")
class CompleteOrganizationConsentInput:
    handle: str = strawberry.field(
        description="`handle` of the address the browser was sent back to. Works once, for "
        "whoever started."
    )

    def __repr__(self) -> str:
        """Print no handle: it is worth a consent until it was used."""
        return "CompleteOrganizationConsentInput(•••)"


@strawberry.type(description="The consent is kept. Nothing is read with it before it is verified.")
class CompleteOrganizationConsentPayload:
    organization_integration: OrganizationIntegration = strawberry.field(
        description="The integration as it stands now, with what comes next."
    )


CompleteOrganizationConsentResult = Annotated[
    CompleteOrganizationConsentPayload
    | told.SetUpChanged
    | told.DelegationNotOffered
    | told.OrganizationConsentDeclined
    | told.AdministratorNeeded
    | told.WrongTenant
    | told.OrganizationNotProved
    | told.CredentialTaken
    | problems.ConsentNotFound
    | problems.StartedBySomebodyElse
    | problems.ProviderDown
    | problems.NotAvailableHere,
    strawberry.union("CompleteOrganizationConsentResult", description="How it stands, or why not."),
]


@mutation(
    description="Finish consenting for the whole organization. Where a consent is in use, members "
    "are not integrated until the new one is verified. For administrators, those of integrations "
    "too.",
    extensions=[
        requires(LooksAfterIntegrations),
        Raises(
            delegation_refusals.SetUpChanged,
            delegation_refusals.DelegationNotOffered,
            delegation_refusals.OrganizationConsentDeclined,
            delegation_refusals.AdministratorNeeded,
            delegation_refusals.WrongTenant,
            delegation_refusals.OrganizationNotProved,
            delegation_refusals.CredentialTaken,
            refusals.ConsentNotFound,
            refusals.StartedBySomebodyElse,
            refusals.ProviderDown,
            refusals.NotAvailableHere,
        ),
    ],
)
async def complete_organization_consent(
    info: Info,
    input: CompleteOrganizationConsentInput,  # noqa: A002  (the argument's name in the schema)
) -> CompleteOrganizationConsentResult | None:
    await info.context.services.organization_consents.complete(info.context.viewer, input.handle)
    return CompleteOrganizationConsentPayload(
        organization_integration=await OrganizationIntegration.load(info)
    )
