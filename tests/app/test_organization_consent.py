"""An administrator connects everybody at Microsoft, and members have nothing to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from together_google.testing import Discovery
from together_outlook.sandbox.world import tenant_id
from together_outlook.testing import walk_consent

from tests.app.questions import mutation
from tests.app.serving import serving
from tests.app.site import BASE_URL, BOOK, Site
from tests.app.test_main_job import AVAILABILITY, sessions, wanted
from tests.app.test_organization_integration import DOMAIN, MANAGED, MINE, OWNER, STATUS
from tests.world import HOUR
from together.api.ids import Kind, to_id
from together.services.organization import proving
from together.services.organization.set_up_words import BY_CONSENT
from together.store.models import Attempt, Job, Member, OrganizationIntegration, Role

ADMIN = f"admin@{DOMAIN}"
"""The administrator's account at Microsoft, which has no mailbox."""
CONNECTED = MANAGED | {"provider": {"slug": "outlook"}}
FAILING = CONNECTED | {"state": "FAILING", "standing": "NOT_INTEGRATED"}
READ, WRITE = "Calendars.Read", "Calendars.ReadWrite"


class Tenant:
    """Saltmarsh's administrator, its Microsoft 365, and the worker."""

    def __init__(self, site: Site) -> None:
        self.site = site
        for each in site.world.people.values():
            if each.name != "Ivo Novak":
                site.sandbox.add_account(each.email, name=each.name, zone=each.zone)
        site.sandbox.add_account(ADMIN, name="Administrator", admin=True, has_calendar=False)

    async def answered(self, name: str, who: Member | None = None, **given: Any) -> dict[str, Any]:
        """Do one step as an administrator, and give all that it came to."""
        answer = await self.site.ask(who or self.site.world.chiara, mutation(name), input=given)
        return answer[name]

    async def does(self, name: str, who: Member | None = None, **given: Any) -> str:
        """Do one step as an administrator, and name what it came to."""
        return str((await self.answered(name, who, **given))["__typename"]).removesuffix("Payload")

    async def status(self) -> dict[str, Any]:
        found = await self.site.ask(self.site.world.chiara, STATUS)
        return found["organizationIntegration"]

    async def mine(self, member: Member) -> dict[str, Any]:
        return (await self.site.ask(member, MINE))["viewer"]

    async def work(self) -> None:
        await Job.filter(state="WAITING").update(due_at=0, leased_until=None)
        await self.site.deliver()

    async def chosen(self, **options: Any) -> None:
        """Choose Microsoft."""
        await proving.add(self.site.world.saltmarsh.id, [DOMAIN], at=self.site.now)
        given = {"provider": "outlook", "ownerEmail": OWNER} | options
        assert await self.does("setUpOrganizationIntegration", **given) == (
            "SetUpOrganizationIntegration"
        )

    async def started(self) -> str:
        """Start, and give the address of Microsoft's consent page."""
        given = {"returnTo": f"{BASE_URL}/connected"}
        return (await self.answered("startOrganizationConsent", **given))["authorizationUrl"]

    async def callback(self, url: str) -> str:
        """Call the callback as a browser does, and give where it leads."""
        back = await self.site.web.get(url)
        assert back.status_code == 303, back.text
        assert back.headers["cache-control"] == "no-store"
        assert back.headers["referrer-policy"] == "no-referrer"
        return back.headers["location"]

    async def walked(self, url: str, *, account: str = ADMIN, decision: str = "allow") -> str:
        """Walk a page of Microsoft's, and then the callback."""
        there = await walk_consent(self.site.web, url, account=account, decision=decision)
        return await self.callback(there)

    async def completes(self, back: str, who: Member | None = None) -> str:
        """Complete with the handle, which is all that came back."""
        assert back.startswith(f"{BASE_URL}/connected?")
        [(name, handle)] = parse_qsl(urlsplit(back).query)
        assert name == "handle"
        return await self.does("completeOrganizationConsent", who, handle=handle)

    async def consents(self) -> str:
        """Accept, sign in, and complete."""
        return await self.completes(await self.walked(await self.walked(await self.started())))

    async def verifies(self, mailbox: str = f"ada@{DOMAIN}") -> str:
        return await self.does("verifyOrganizationIntegration", mailbox=mailbox)

    async def activated(self, **options: Any) -> None:
        await self.chosen(**options)
        assert await self.consents() == "CompleteOrganizationConsent"
        assert await self.verifies() == "VerifyOrganizationIntegration"
        assert await self.does("activateOrganizationIntegration", provider="outlook") == (
            "ActivateOrganizationIntegration"
        )
        await self.work()

    async def probed(self) -> None:
        await OrganizationIntegration.all().update(probed_at=self.site.now - HOUR)
        await self.site.app.worker._delegations.sweep()

    async def credential(self) -> str | None:
        row = await OrganizationIntegration.get(organization_id=self.site.world.saltmarsh.id)
        return row.credential_id


@pytest.fixture
async def site(database_url: str, tmp_path: Path, discovery: Discovery) -> AsyncIterator[Site]:
    """Saltmarsh, served; everything sent to Microsoft is held to its documents at the end."""
    async with serving(database_url, tmp_path, discovery, services=("outlook",)) as site:
        yield site


@pytest.fixture
async def tenant(site: Site) -> Tenant:
    return Tenant(site)


async def test_from_set_up_to_a_booked_session(site: Site, tenant: Tenant) -> None:
    """Every step at Microsoft, and two members who connected nothing book one with Teams."""
    ada, ben = site.world.ada, site.world.ben
    await tenant.chosen()
    status = await tenant.status()
    assert (
        status["next"] == "Consent for your whole organization at the service, and sign in there."
    )
    assert [step["kind"] for step in status["steps"]] == ["CONSENT", "PASTE_VALUES"]
    assert await tenant.consents() == "CompleteOrganizationConsent"
    status = await tenant.status()
    assert (status["state"], status["credentialName"], status["next"]) == (
        "SETTING_UP",
        DOMAIN,
        BY_CONSENT.verify,
    )
    assert [step["done"] for step in status["steps"]] == [True, False]
    assert await tenant.verifies() == "VerifyOrganizationIntegration"
    assert await tenant.does("activateOrganizationIntegration", provider="outlook") == (
        "ActivateOrganizationIntegration"
    )
    await tenant.work()
    status = await tenant.status()
    assert (status["state"], status["missing"]) == ("ACTIVE", [])

    assert (await tenant.mine(ada))["calendarIntegration"] == CONNECTED
    assert (await tenant.mine(ada))["calendarProviders"] == []
    assert (await tenant.mine(site.world.ivo))["calendarIntegration"]["state"] == "NO_MAILBOX"
    match = to_id(Kind.MATCH, site.world.match.uid)
    found = await site.ask(
        ada, AVAILABILITY, match=match, start=site.monday(0), end=site.monday(23)
    )
    answer = found["node"]["availability"]
    assert answer["slots"][0]["states"] == ["FREE", "FREE"]
    await site.ask(ada, BOOK, input=wanted(match, answer["slots"][0]["start"]))
    await site.deliver()
    [(_, guests)] = site.vendors["outlook"].guests(ada.email)
    assert guests == [ben.email]
    [session] = await sessions(site, ben, match)
    assert session["delivery"] == "DELIVERED"
    assert session["joinUrl"].startswith("https://teams.microsoft.com/")


async def test_declined_and_given_after_all(tenant: Tenant) -> None:
    """The administrator's no at either step changes nothing, and they can start again."""
    await tenant.chosen()
    back = await tenant.walked(await tenant.started(), decision="cancel")
    assert await tenant.completes(back) == "OrganizationConsentDeclined"
    back = await tenant.walked(await tenant.started(), account=f"ada@{DOMAIN}", decision="blocked")
    assert await tenant.completes(back) == "AdministratorNeeded"
    assert await tenant.verifies() == "SetUpIncomplete"
    assert await tenant.credential() is None
    signing_in = await tenant.walked(await tenant.started())
    state = dict(parse_qsl(urlsplit(signing_in).query))["state"]
    answer = f"error=access_denied&error_description=AADSTS65004:+x&state={state}"
    back = await tenant.callback(f"{BASE_URL}/callback/outlook?{answer}")
    assert await tenant.completes(back) == "OrganizationConsentDeclined"
    assert await tenant.credential() is None
    assert await tenant.consents() == "CompleteOrganizationConsent"


async def test_another_tenant(site: Site, tenant: Tenant) -> None:
    """A tenant that was made up lets nobody of ours sign in, and another's code proves nothing."""
    northlight, ours = tenant_id("northlight.example.com"), tenant_id(DOMAIN)
    site.sandbox.add_account("admin@northlight.example.com", admin=True)
    site.sandbox.delegate("northlight.example.com")
    await tenant.chosen()
    state = dict(parse_qsl(urlsplit(await tenant.started()).query))["state"]
    forged = f"admin_consent=True&tenant={northlight}&state={state}"
    signing_in = await tenant.callback(f"{BASE_URL}/callback/outlook?{forged}")
    assert f"/{northlight}/oauth2/v2.0/authorize?" in signing_in
    with pytest.raises(AssertionError, match="no button"):
        await walk_consent(site.web, signing_in, account=ADMIN)

    signing_in = await tenant.walked(await tenant.started())
    elsewhere = signing_in.replace(ours, northlight)
    back = await tenant.walked(elsewhere, account="admin@northlight.example.com")
    assert await tenant.completes(back) == "WrongTenant"
    signing_in = await tenant.walked(await tenant.started())
    back = await tenant.walked(signing_in, account=f"ada@{DOMAIN}")
    assert await tenant.completes(back) == "AdministratorNeeded"
    assert await tenant.credential() is None
    assert await tenant.consents() == "CompleteOrganizationConsent"
    assert await tenant.credential() == ours


async def test_only_who_started(site: Site, tenant: Tenant) -> None:
    """Another administrator with the handle ends it, and nothing was exchanged for it."""
    await tenant.chosen()
    dev = site.world.dev
    await Member.filter(id=dev.id).update(role=Role.ORG_ADMIN)
    back = await tenant.walked(await tenant.walked(await tenant.started()))
    asked = len(site.tap.sent)
    assert await tenant.completes(back, dev) == "StartedBySomebodyElse"
    assert await tenant.completes(back) == "ConsentNotFound"
    assert len(site.tap.sent) == asked
    assert await tenant.credential() is None


async def test_what_verifying_tells_apart(site: Site, tenant: Tenant) -> None:
    """A permission less, no licence, a policy, an unknown mailbox, and a consent taken back."""
    await tenant.chosen()
    assert await tenant.consents() == "CompleteOrganizationConsent"
    allowed, told = site.sandbox.tenant(DOMAIN), []
    allowed.roles.remove(WRITE)
    answer = await tenant.answered("verifyOrganizationIntegration", mailbox=f"ada@{DOMAIN}")
    assert (answer["__typename"], answer["message"]) == (
        "PermissionsMissing",
        f"These permissions are missing at the service: {WRITE}",
    )
    allowed.roles.append(WRITE)
    told.append(await tenant.verifies(ADMIN))
    allowed.restricted.append(f"ben@{DOMAIN}")
    told.append(await tenant.verifies(f"ben@{DOMAIN}"))
    told.append(await tenant.verifies(f"nobody@{DOMAIN}"))
    told.append(await tenant.verifies("mira@northlight.example.com"))
    allowed.disabled = True
    told.append(await tenant.verifies())
    allowed.disabled = False
    site.sandbox.withdraw(DOMAIN)
    told.append(await tenant.verifies())
    assert told == [
        "MailboxWithoutCalendar",
        "MailboxNotAllowed",
        "MailboxUnknown",
        "InvalidInput",
        "PolicyInTheWay",
        "NotDelegatedYet",
    ]
    assert await tenant.consents() == "CompleteOrganizationConsent"
    assert await tenant.verifies() == "VerifyOrganizationIntegration"


async def test_withdrawn_at_microsoft(site: Site, tenant: Tenant) -> None:
    """A consent that is taken back is the administrators' to repair, and nobody else's."""
    await tenant.activated()
    ada, chiara = site.world.ada, site.world.chiara
    site.sandbox.withdraw(DOMAIN)
    await tenant.probed()
    assert (await tenant.status())["state"] == "FAILING"
    assert (await tenant.mine(ada))["calendarIntegration"] == FAILING
    todos = [each["kind"] for each in (await tenant.mine(chiara))["todos"]]
    assert todos == ["FIX_ORGANIZATION_INTEGRATION"]
    assert await tenant.consents() == "CompleteOrganizationConsent"
    assert (await tenant.status())["state"] == "FAILING"
    assert await tenant.verifies() == "VerifyOrganizationIntegration"
    await tenant.work()
    assert (await tenant.mine(ada))["calendarIntegration"] == CONNECTED
    assert (await tenant.mine(chiara))["todos"] == []
    site.sandbox.withdraw(DOMAIN)
    await tenant.probed()
    site.sandbox.delegate(DOMAIN)
    await tenant.probed()
    assert (await tenant.mine(ada))["calendarIntegration"] == CONNECTED


async def test_limited_and_turned_off(site: Site, tenant: Tenant) -> None:
    """Free and busy alone ask for no permission to write; turned off, the tenant is forgotten."""
    site.sandbox.world.app_roles = [READ]
    await tenant.activated(limited=True)
    ada = site.world.ada
    assert (await tenant.mine(ada))["calendarIntegration"] == CONNECTED | {"canWrite": False}
    assert await tenant.does("turnOffOrganizationIntegration", provider="outlook") == (
        "TurnOffOrganizationIntegration"
    )
    await tenant.work()
    assert (await tenant.mine(ada))["calendarIntegration"]["source"] == "NONE"
    assert await tenant.credential() is None
    assert await Attempt.exclude(code=None, nonce=None, verifier="").count() == 0
