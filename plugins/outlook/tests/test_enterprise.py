"""What an administrator does about the app in their tenant, on the sandbox's page."""

from __future__ import annotations

import pytest
from together_outlook.sandbox.world import Tenant, tenant_id

from together.testing.provider_contract import BASE_URL

ADA, BEN = "ada@saltmarsh.example.org", "ben@saltmarsh.example.org"
DOMAIN = "saltmarsh.example.org"
OURS, THEIRS = tenant_id(DOMAIN), tenant_id("northlight.example.com")
PAGE = BASE_URL + "/_admin/enterpriseapps"
BOTH = ["Calendars.Read", "Calendars.ReadWrite"]


@pytest.fixture
def web(office, checker):
    """Give the web; pages of people are in no document."""
    yield office.web
    checker.faults.clear()


async def press(web, action, value="", tenant=OURS):
    form = {"action": action, "value": value}
    reply = await web.post(PAGE, params={"tenant": tenant}, data=form)
    return reply.status_code, reply.headers["location"]


async def test_an_administrator_chooses_their_organization(web):
    """Each organization is a link, and its page shows what it allows."""
    chooser = (await web.get(PAGE)).text
    assert all(f'href="?tenant={tid}"' in chooser for tid in (OURS, THEIRS))
    ours = (await web.get(PAGE, params={"tenant": OURS})).text
    assert all(f"<small>{role}</small>" in ours for role in BOTH)
    theirs = (await web.get(PAGE, params={"tenant": THEIRS})).text
    assert "not among the applications of <b>northlight.example.com</b>" in theirs


async def test_permissions_are_revoked_one_by_one(web, sandbox):
    """What is taken back is gone, and the rest stays."""
    assert await press(web, "revoke", "Calendars.ReadWrite") == (
        303,
        f"/sandbox/_admin/enterpriseapps?tenant={OURS}",
    )
    assert sandbox.tenant(DOMAIN) == Tenant(consented=True, roles=["Calendars.Read"])
    await press(web, "revoke", "Calendars.ReadWrite")
    assert sandbox.tenant(DOMAIN).roles == ["Calendars.Read"]


async def test_a_mailbox_is_shut_out_and_let_in(web, sandbox):
    """The page shows who is shut out, as text and as nothing else."""
    for mailbox in (BEN.upper(), BEN, "<b>x", ""):
        await press(web, "restrict", mailbox)
    assert sandbox.tenant(DOMAIN).restricted == [BEN, "<b>x"]
    shown = (await web.get(PAGE, params={"tenant": OURS})).text
    assert ("&lt;b&gt;x" in shown, "<b>x" in shown) == (True, False)
    await press(web, "release", BEN)
    assert sandbox.tenant(DOMAIN).restricted == ["<b>x"]


async def test_the_app_is_deleted(web, sandbox):
    """Nothing of the consent is left, and another organization's is not touched."""
    sandbox.delegate("northlight.example.com")
    await press(web, "remove")
    assert {*sandbox.world.tenants} == {THEIRS}
    for tenant in (OURS, "", "nowhere"):
        assert (await press(web, "remove", tenant=tenant))[0] == 303
    assert {*sandbox.world.tenants} == {THEIRS}
