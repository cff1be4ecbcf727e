"""Hands on what tenants allow the app itself, in the sandbox while it runs."""

from __future__ import annotations

import json

import pytest
from together_outlook import OutlookSandbox
from together_outlook.sandbox.world import Tenant, Token, World, tenant_id

from together.testing.provider_contract import BASE_URL

ADA, NILS = "ada@saltmarsh.example.org", "nils@northlight.example.com"
DOMAIN = "saltmarsh.example.org"
TENANT = tenant_id(DOMAIN)
BOTH = ["Calendars.Read", "Calendars.ReadWrite"]
NOTHING = {"consented": False, "disabled": False, "roles": [], "restricted": [], "assigned": {}}


@pytest.fixture
def sandbox():
    sandbox = OutlookSandbox(clock=lambda: 1_795_500_000)
    sandbox.add_account(ADA, name="Ada Lindqvist", zone="Europe/Stockholm")
    sandbox.add_account(NILS, name="Nils Aas", admin=True)
    sandbox.add_account("ada.lindqvist@mail.example.net", personal=True)
    return sandbox


@pytest.fixture
def control(web):
    """Call a hand of the sandbox; give status and answer."""

    async def control(name, body=None, **more):
        url = f"{BASE_URL}/_control/{name}"
        if body is None and not more:
            reply = await web.get(url)
        else:
            reply = await web.post(url, **(more or {"json": body}))
        return reply.status_code, reply.json()

    return control


async def test_tenants_are_shown(control, sandbox):
    """Each organization is shown with its administrators and what it allows; personal ones not."""
    assert await control("tenants") == (
        200,
        {
            "application": {"id": sandbox.world.client_id, "roles": BOTH},
            "tenants": {
                DOMAIN: {"id": TENANT, "administrators": [f"admin@{DOMAIN}"], **NOTHING},
                "northlight.example.com": {
                    "id": tenant_id("northlight.example.com"),
                    "administrators": [NILS],
                    **NOTHING,
                },
            },
        },
    )


@pytest.mark.parametrize("name", [DOMAIN, DOMAIN.upper(), TENANT])
async def test_a_tenant_consents_and_takes_it_back(control, sandbox, name):
    """A consent is to all that the app is registered with, and its end takes all of it."""
    status, told = await control("tenants", {"tenant": name, "consented": True})
    assert (status, told["tenants"][DOMAIN]["roles"]) == (200, BOTH)
    assert sandbox.world.tenants == {TENANT: Tenant(consented=True, roles=BOTH)}
    sandbox.world.access["t"] = Token("", BOTH, 2_000_000_000, tenant=TENANT)
    sandbox.world.access["u"] = Token(ADA, BOTH, 2_000_000_000)
    await control("tenants", {"tenant": name, "consented": False})
    assert (sandbox.world.tenants, {*sandbox.world.access}) == ({}, {"u"})


async def test_permissions_are_given_and_withdrawn(control, sandbox):
    """Roles, a policy and what Exchange gives are each set, and the rest stays as it is."""
    sandbox.delegate(DOMAIN)
    for change in (
        {"roles": ["Calendars.Read"]},
        {"restricted": [ADA.upper()]},
        {"assigned": {"Calendars.ReadWrite": [ADA.upper()]}},
        {"disabled": True},
    ):
        assert (await control("tenants", {"tenant": DOMAIN, **change}))[0] == 200
    assert sandbox.tenant(DOMAIN) == Tenant(
        consented=True,
        disabled=True,
        roles=["Calendars.Read"],
        restricted=[ADA],
        assigned={"Calendars.ReadWrite": [ADA]},
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"tenant": "nowhere.example.net"},
        {"tenant": "consumers", "consented": True},
        {"tenant": "organizations", "consented": True},
        {"tenant": DOMAIN, "consented": "yes"},
        {"tenant": DOMAIN, "roles": ["Mail.Read"]},
        {"tenant": DOMAIN, "roles": "Calendars.Read"},
        {"tenant": DOMAIN, "assigned": {"Mail.Read": [ADA]}},
        {"tenant": DOMAIN, "mood": True},
    ],
    ids=range(9),
)
async def test_what_no_tenant_can_allow_is_refused(control, sandbox, body):
    """A wrong name or a value of another kind changes nothing."""
    sandbox.delegate(DOMAIN)
    before = json.dumps(sandbox.dump())
    assert (await control("tenants", body))[0] == 400
    assert json.dumps(sandbox.dump()) == before


async def test_pages_of_other_sites_post_nothing(control, sandbox):
    """Without the content type of JSON nothing is changed."""
    text = json.dumps({"tenant": DOMAIN, "consented": True})
    assert (await control("tenants", content=text))[0] == 400
    assert (await control("account", content=json.dumps({"email": ADA, "admin": True})))[0] == 400
    assert sandbox.world.tenants == {}
    assert not sandbox.world.people[ADA].admin


async def test_the_application_is_registered_with_permissions(control, sandbox):
    """What it is registered with is what the next consent allows."""
    status, told = await control("application", {"roles": ["Calendars.Read"]})
    assert (status, told["application"]["roles"]) == (200, ["Calendars.Read"])
    await control("tenants", {"tenant": DOMAIN, "consented": True})
    assert sandbox.tenant(DOMAIN).roles == ["Calendars.Read"]
    for wrong in ({}, {"roles": ["Mail.Read"]}, {"roles": "Calendars.Read"}, {"rules": []}):
        assert (await control("application", wrong))[0] == 400
    assert sandbox.world.app_roles == ["Calendars.Read"]


async def test_an_account_becomes_administrator_and_loses_its_mailbox(control, sandbox):
    """Both can be said of an account, and taken back; a personal one administers nothing."""
    ada = sandbox.world.people[ADA]
    await control("account", {"email": ADA.upper(), "admin": True, "mailbox": False})
    assert (ada.admin, ada.has_mailbox) == (True, False)
    await control("account", {"email": ADA, "mailbox": True})
    assert (ada.admin, ada.has_mailbox) == (True, True)
    status, made = await control(
        "account", {"email": "ada.lindqvist@mail.example.net", "admin": True}
    )
    assert (status, made["admin"]) == (200, False)
    for wrong in ({"email": "x"}, {"email": ADA, "admin": "yes"}, {"email": ADA, "mailbox": 1.5}):
        assert (await control("account", wrong))[0] == 400


async def test_an_account_that_never_had_a_mailbox_gets_one(control, sandbox):
    """Its calendar is made when Exchange first has it."""
    sandbox.add_account("grace@saltmarsh.example.org", has_calendar=False)
    await control("account", {"email": "grace@saltmarsh.example.org", "mailbox": True})
    assert sandbox.world.default_book("grace@saltmarsh.example.org").name == "Calendar"


async def test_what_tenants_allow_outlives_the_process(sandbox):
    """It is in what is dumped, and what was dumped before there was such a thing is read too."""
    sandbox.delegate(DOMAIN)
    sandbox.tenant(DOMAIN).assigned = {"Calendars.Read": [ADA]}
    sandbox.world.access["t"] = Token("", BOTH, 2_000_000_000, tenant=TENANT)
    sandbox.world.app_roles = ["Calendars.Read"]
    kept = json.loads(json.dumps(sandbox.dump()))
    other = OutlookSandbox()
    other.load(kept)
    assert other.world == sandbox.world
    old = kept["world"]
    del old["tenants"], old["app_roles"]
    for person in old["people"].values():
        del person["admin"]
    for token in old["access"].values():
        del token["tenant"]
    before = World.of(old)
    assert (before.tenants, before.app_roles) == ({}, BOTH)
    assert not any(person.admin for person in before.people.values())
