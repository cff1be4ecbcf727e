"""Key, consent and verification, carried to their end by each role: who may, and what it says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Api
from tests.api.walk.cast import CAST
from tests.services.consents import CHIARA, SLUG, TenantCalendar
from tests.services.estate import DOMAIN
from tests.services.town import BASE_URL, DISTRIBUTION, RETURN_TO, query
from tests.store.schema import contents
from tests.world import looked_after
from together.services.organization import proving
from together.store.database import Database
from together.store.models import AuditEntry, Member, OrganizationIntegration, Role

MAY = ("leo", "chiara")
"""The IT_ADMIN and the ORG_ADMIN; of another organization's nobody is meant here."""
MAY_NOT = tuple(who for who in CAST if who not in (*MAY, "mira"))
TOLD = "organizationIntegration { state credentialId credentialName missing next verifiedMailbox }"
FORBIDDEN = [("Your role does not allow this.", {"code": "FORBIDDEN"})]


def _document(name: str) -> str:
    title = name[0].upper() + name[1:]
    told = "authorizationUrl" if name.startswith("start") else TOLD
    return f"""mutation M($input: {title}Input!) {{ {name}(input: $input) {{ __typename
        ... on {title}Payload {{ {told} }} ... on Problem {{ code }} }} }}"""


@pytest.fixture
async def setting_up(api: Api) -> Api:
    """Everybody in their roles, with a domain that is proved, and two services to choose."""
    world = api.world
    await Member.filter(id=world.leo.id).update(role=Role.IT_ADMIN)
    await Member.filter(id=world.mira.id).update(role=Role.ORG_ADMIN)
    await looked_after(world.kemi)
    await looked_after(world.jo, "Autumn mentoring")
    api.town.registry.calendars[SLUG] = TenantCalendar(BASE_URL)  # type: ignore[index]
    api.town.registry.distributions[SLUG] = DISTRIBUTION  # type: ignore[index]
    api.town.sandbox.administrator = CHIARA
    for each in world.people.values():
        api.town.sandbox.add_account(each.email)
    await proving.add(world.saltmarsh.id, [DOMAIN], at=api.town.clock())
    return api


async def _does(api: Api, who: str, name: str, **given: Any) -> dict[str, Any]:
    found = await api.ask(_document(name), who=who, input=given)
    answer: dict[str, Any] = found[name]
    return answer


async def _refused(api: Api, who: str, name: str, **given: Any) -> None:
    assert (who, await api.errors(_document(name), who=who, input=given)) == (who, FORBIDDEN)


async def _here(database: Database, api: Api) -> dict[str, list[dict[str, Any]]]:
    mine = api.world.saltmarsh.id
    return {
        table: [row for row in rows if row.get("organization_id", mine) == mine]
        for table, rows in (await contents(database)).items()
        if table != "organization"
    }


@pytest.mark.parametrize("who", MAY)
async def test_a_key_to_its_end(setting_up: Api, who: str):
    """Whoever looks after integrations uploads a key and verifies it, and sees no secret of it."""
    api, sandbox = setting_up, setting_up.town.sandbox
    await _does(api, who, "setUpOrganizationIntegration", provider="memory")
    key = sandbox.add_key()
    sandbox.delegate(DOMAIN)
    uploaded = await _does(api, who, "uploadOrganizationKey", key=key)
    told = uploaded["organizationIntegration"]
    assert (uploaded["__typename"], told["state"], told["credentialName"]) == (
        "UploadOrganizationKeyPayload",
        "SETTING_UP",
        "robot",
    )
    verified = await _does(
        api, who, "verifyOrganizationIntegration", mailbox="ada@saltmarsh.example.org"
    )
    told = verified["organizationIntegration"]
    assert (verified["__typename"], told["state"], told["verifiedMailbox"], told["next"]) == (
        "VerifyOrganizationIntegrationPayload",
        "VERIFIED",
        "ada@saltmarsh.example.org",
        "Activate it.",
    )
    secret = sandbox.state["keys"]["key-1"]["secret"]
    assert secret not in str([uploaded, verified])
    lines = await AuditEntry.filter(actor_id=getattr(api.world, who).id).values_list("action")
    assert [action for (action,) in lines] == [
        "integration.set_up",
        "integration.key_uploaded",
        "integration.verification",
        "integration.verified",
    ]


@pytest.mark.parametrize("who", MAY)
async def test_a_consent_to_its_end(setting_up: Api, who: str):
    """Whoever looks after integrations consents, signs in, and completes with the handle."""
    api, town = setting_up, setting_up.town
    await _does(api, who, "setUpOrganizationIntegration", provider=SLUG)
    started = await _does(api, who, "startOrganizationConsent", returnTo=RETURN_TO)
    url = started["authorizationUrl"]
    for _ in range(2):
        url = await town.connecting.callback(SLUG, await town.consented(url))
    completed = await _does(api, who, "completeOrganizationConsent", handle=query(url)["handle"])
    told = completed["organizationIntegration"]
    assert (completed["__typename"], told["state"], told["credentialId"] is None) == (
        "CompleteOrganizationConsentPayload",
        "SETTING_UP",
        False,
    )
    verified = await _does(
        api, who, "verifyOrganizationIntegration", mailbox="ada@saltmarsh.example.org"
    )
    assert verified["__typename"] == "VerifyOrganizationIntegrationPayload"


async def test_nobody_else_does_any_of_it(setting_up: Api, database: Database):
    """With a real key and a real handle in hand, nobody else comes further, or changes a row."""
    api, town = setting_up, setting_up.town
    key = town.sandbox.add_key()
    town.sandbox.delegate(DOMAIN)
    await _does(api, "chiara", "setUpOrganizationIntegration", provider="memory")
    before = await _here(database, api)
    for who in MAY_NOT:
        await _refused(api, who, "uploadOrganizationKey", key=key)
    assert await _here(database, api) == before
    await _does(api, "chiara", "uploadOrganizationKey", key=key)
    before = await _here(database, api)
    town.sandbox.requests.clear()
    for who in MAY_NOT:
        await _refused(
            api, who, "verifyOrganizationIntegration", mailbox="ada@saltmarsh.example.org"
        )
    assert (await _here(database, api), town.sandbox.requests) == (before, [])


async def test_nobody_else_completes(setting_up: Api):
    """The handle of an administrator's consent is of no use to any other role."""
    api, town = setting_up, setting_up.town
    await _does(api, "chiara", "setUpOrganizationIntegration", provider=SLUG)
    started = await _does(api, "chiara", "startOrganizationConsent", returnTo=RETURN_TO)
    url = started["authorizationUrl"]
    for _ in range(2):
        url = await town.connecting.callback(SLUG, await town.consented(url))
    handle = query(url)["handle"]
    for who in MAY_NOT:
        await _refused(api, who, "completeOrganizationConsent", handle=handle)
    assert (await OrganizationIntegration.get(provider=SLUG)).credential is None
    completed = await _does(api, "chiara", "completeOrganizationConsent", handle=handle)
    assert completed["__typename"] == "CompleteOrganizationConsentPayload"


async def test_an_administrator_of_elsewhere(setting_up: Api, database: Database):
    """Another organization's administrator acts on their own, and this one's stays as it was."""
    api, town = setting_up, setting_up.town
    key = town.sandbox.add_key()
    town.sandbox.delegate(DOMAIN)
    await _does(api, "chiara", "setUpOrganizationIntegration", provider="memory")
    await _does(api, "chiara", "uploadOrganizationKey", key=key)
    before = await _here(database, api)
    await _does(api, "mira", "setUpOrganizationIntegration", provider="memory")
    taken = await _does(api, "mira", "uploadOrganizationKey", key=key)
    assert taken["__typename"] == "CredentialTaken"
    own = town.sandbox.add_key("other")
    assert (await _does(api, "mira", "uploadOrganizationKey", key=own))["__typename"] == (
        "UploadOrganizationKeyPayload"
    )
    told = await _does(
        api, "mira", "verifyOrganizationIntegration", mailbox="ada@saltmarsh.example.org"
    )
    assert told["__typename"] == "SetUpIncomplete"  # nothing of the other's domains is said
    assert await _here(database, api) == before
