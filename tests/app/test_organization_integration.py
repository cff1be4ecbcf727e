"""An administrator connects everybody at Google, and members have nothing to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.questions import mutation
from tests.app.site import BOOK, START, Site
from tests.app.test_main_job import AVAILABILITY, sessions, wanted
from tests.world import HOUR
from together.api.ids import Kind, to_id
from together.services.organization import proving
from together.store.models import (
    BusyReading,
    Integration,
    IntegrationState,
    Job,
    Member,
    OrganizationIntegration,
)

DOMAIN = "saltmarsh.example.org"
OWNER = "it@saltmarsh.example.org"
STATUS = """query { organizationIntegration { state credentialName missing next
  provider { slug } capabilities steps { kind done values { label text } }
  preview { gain keep lose } } }"""
MINE = """query { viewer { calendarProviders { slug }
  calendarIntegration { source state standing managed canWrite nextSteps suspendedAccount
    provider { slug } } todos { kind } } }"""
CREATE = """mutation C($i: CreateMemberInput!) { createMember(input: $i) { __typename
  ... on CreateMemberPayload { member { id } } } }"""
DEACTIVATE = """mutation D($id: ID!) { deactivateMember(input: { memberId: $id }) {
  __typename } }"""
DISCONNECT = """mutation D($id: ID!) { disconnectCalendar(input: { calendarIntegrationId: $id }) {
  __typename ... on Problem { code } } }"""
MANAGED = {
    "source": "ORGANIZATION",
    "state": "ACTIVE",
    "standing": "INTEGRATED",
    "managed": True,
    "canWrite": True,
    "nextSteps": [],
    "suspendedAccount": None,
    "provider": {"slug": "google"},
}


class Tenant:
    """Saltmarsh's administrator, its Workspace, and the worker."""

    def __init__(self, site: Site) -> None:
        self.site = site
        for each in site.world.people.values():
            if each.organization_id == site.world.saltmarsh.id and each.name != "Ivo Novak":
                site.sandbox.add_account(each.email, name=each.name, zone=each.zone)

    async def does(self, name: str, **given: Any) -> str:
        """Do one step as an administrator, and give what it came to."""
        answer = await self.site.ask(self.site.world.chiara, mutation(name), input=given)
        return answer[name]["__typename"]

    async def status(self) -> dict[str, Any]:
        found = await self.site.ask(self.site.world.chiara, STATUS)
        return found["organizationIntegration"]

    async def mine(self, member: Member) -> dict[str, Any]:
        return (await self.site.ask(member, MINE))["viewer"]

    def allow(self, scopes: str | None) -> None:
        """Paste scopes into the Admin console, or take the delegation back."""
        self.site.sandbox.delegate(DOMAIN, [] if scopes is None else scopes.split(","))

    async def work(self) -> None:
        await Job.filter(state="WAITING").update(due_at=0, leased_until=None)
        await self.site.deliver()

    async def prepared(self, **options: Any) -> str:
        """Go as far as the key, and give the scopes that are to be pasted."""
        await proving.add(self.site.world.saltmarsh.id, [DOMAIN], at=self.site.now)
        given = {"provider": "google", "ownerEmail": OWNER} | options
        assert await self.does("setUpOrganizationIntegration", **given) == (
            "SetUpOrganizationIntegrationPayload"
        )
        key = self.site.sandbox.key_file()
        assert await self.does("uploadOrganizationKey", key=key) == "UploadOrganizationKeyPayload"
        [_, pasted] = (await self.status())["steps"]
        assert pasted["values"][0]["text"] == self.site.sandbox.service_account().client_id
        return pasted["values"][1]["text"]

    async def activated(self, **options: Any) -> None:
        self.allow(await self.prepared(**options))
        assert await self.does("verifyOrganizationIntegration", mailbox=f"ada@{DOMAIN}") == (
            "VerifyOrganizationIntegrationPayload"
        )
        assert await self.does("activateOrganizationIntegration", provider="google") == (
            "ActivateOrganizationIntegrationPayload"
        )
        await self.work()


@pytest.fixture
async def tenant(site: Site) -> Tenant:
    return Tenant(site)


async def test_from_set_up_to_a_booked_session(site: Site, tenant: Tenant) -> None:
    """Every step at Google, and two members who connected nothing book a session with Meet."""
    ada, ben = site.world.ada, site.world.ben
    scopes = await tenant.prepared()
    verify, told = {"mailbox": ada.email}, []
    for pasted in (None, scopes.split(",")[0], scopes):
        tenant.allow(pasted)
        told.append(await tenant.does("verifyOrganizationIntegration", **verify))
    told.append(await tenant.does("verifyOrganizationIntegration", mailbox=f"nobody@{DOMAIN}"))
    assert told == [
        "NotDelegatedYet",
        "PermissionsMissing",
        "VerifyOrganizationIntegrationPayload",
        "MailboxUnknown",
    ]
    assert (await tenant.status())["preview"] == {"gain": 12, "keep": 0, "lose": 0}
    await tenant.does("activateOrganizationIntegration", provider="google")
    await tenant.work()
    assert (await tenant.status())["state"] == "ACTIVE"

    assert (await tenant.mine(ada))["calendarIntegration"] == MANAGED
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
    [event] = site.sandbox.events(ada.email)
    guests = [guest["email"] for guest in event["attendees"] if not guest.get("organizer")]
    assert guests == [ben.email]
    [session] = await sessions(site, ben, match)
    assert (session["delivery"], session["joinUrl"]) == ("DELIVERED", event["hangoutLink"])
    assert event["hangoutLink"].startswith("https://meet.google.com/")


async def test_what_verifying_tells_apart(site: Site, tenant: Tenant) -> None:
    """Not delegated yet, a wrong scope, an unknown mailbox, a key that was revoked: in words."""
    scopes = await tenant.prepared()
    [key] = site.sandbox.service_account().keys.values()
    told = []

    async def verified(mailbox: str = f"ada@{DOMAIN}") -> None:
        given = {"mailbox": mailbox}
        answer = await site.ask(
            site.world.chiara, mutation("verifyOrganizationIntegration"), input=given
        )
        found = answer["verifyOrganizationIntegration"]
        told.append((found["__typename"], (found.get("message") or "")[:60]))

    tenant.allow(None)
    await verified()
    tenant.allow(scopes.split(",")[0])
    await verified()
    tenant.allow(scopes)
    await verified(f"nobody@{DOMAIN}")
    key.state = "deleted"
    await verified()
    assert told == [
        ("NotDelegatedYet", "The service does not let the key act for this mailbox yet. C"),
        ("PermissionsMissing", "These permissions are missing at the service: https://www.go"),
        ("MailboxUnknown", "The service knows no such mailbox where access was given. Na"),
        ("KeyNotAccepted", "The service does not accept the key any more: it was deleted"),
    ]
    assert (await tenant.status())["state"] == "SETTING_UP"


async def test_what_members_are_refused(site: Site, tenant: Tenant) -> None:
    """Connecting, reconnecting and disconnecting are refused: the organization does it."""
    ada, ben = site.world.ada, site.world.ben
    await site.connect(ben)
    await Integration.filter(member_id=ben.id).update(
        state=IntegrationState.NEEDS_RECONNECT, reason="AuthorizationExpired"
    )
    await tenant.activated()
    start = {"provider": "google", "returnTo": "http://127.0.0.1:8000/connected"}
    words = "Your organization looks after how calendars are connected, so there is nothing to do."
    for who in (ada, ben):  # Ben's own was to be reconnected
        refused = (await site.ask(who, START, input=start))["startCalendarConnection"]
        assert (refused["code"], refused["message"]) == ("MANAGED_BY_ORGANIZATION", words)
        assert "RECONNECT_CALENDAR" not in [
            todo["kind"] for todo in (await tenant.mine(who))["todos"]
        ]
    refused = (await site.ask(ada, DISCONNECT, id=f"int_{ada.uid}"))["disconnectCalendar"]
    assert refused["code"] == "MANAGED_BY_ORGANIZATION"


async def test_one_who_joins_and_one_who_leaves(site: Site, tenant: Tenant) -> None:
    """Who joins is integrated without doing anything; who leaves is read no more, at once."""
    await tenant.activated()
    email = f"nora@{DOMAIN}"
    site.sandbox.add_account(email)
    given = {"email": email, "name": "Nora Quist", "clientKey": "n"}
    await site.ask(site.world.chiara, CREATE, i=given)
    await tenant.work()
    nora = await Member.get(email=email)
    assert (await tenant.mine(nora))["calendarIntegration"] == MANAGED
    match = to_id(Kind.MATCH, site.world.match.uid)
    await site.ask(site.world.ben, BOOK, input=wanted(match, site.monday(10)))
    await tenant.work()
    assert len(site.vendors["google"].guests(site.world.ben.email)) == 1
    await site.ask(site.world.chiara, DEACTIVATE, id=f"mbr_{site.world.ben.uid}")
    await tenant.work()
    assert site.vendors["google"].guests(site.world.ben.email) == []
    await site.app._busy.sweep()
    assert await Integration.filter(member_id=site.world.ben.id).count() == 0
    read = await BusyReading.all().values_list("integration__member__name", flat=True)
    assert sorted(read) == ["Ada Lindqvist", "Dev Raman"]  # who are matched with each other


async def test_a_personal_connection_comes_back(site: Site, tenant: Tenant) -> None:
    """What a member had connected rests meanwhile, and is used again once it is turned off."""
    ada = site.world.ada
    await site.connect(ada)
    await tenant.activated()
    assert (await tenant.mine(ada))["calendarIntegration"] == MANAGED | {
        "suspendedAccount": ada.email,
        "nextSteps": ["DISCONNECT"],
    }
    assert await tenant.does("turnOffOrganizationIntegration", provider="google") == (
        "TurnOffOrganizationIntegrationPayload"
    )
    await tenant.work()
    assert (await tenant.mine(ada))["calendarIntegration"] == MANAGED | {
        "source": "INDIVIDUAL",
        "managed": False,
        "nextSteps": ["DISCONNECT"],
    }
    ben = (await tenant.mine(site.world.ben))["calendarIntegration"]
    assert (ben["source"], ben["nextSteps"]) == ("NONE", ["CONNECT"])


async def test_withdrawn_and_given_back(site: Site, tenant: Tenant) -> None:
    """A delegation that is withdrawn is the administrators' to repair, and nobody else's."""
    await tenant.activated()
    ada, chiara = site.world.ada, site.world.chiara
    tenant.allow(None)
    probing = site.app.worker._delegations
    await OrganizationIntegration.all().update(probed_at=site.now - HOUR)
    await probing.sweep()
    assert (await tenant.status())["state"] == "FAILING"
    failing = await tenant.mine(ada)
    assert failing["calendarIntegration"] == MANAGED | {
        "state": "FAILING",
        "standing": "NOT_INTEGRATED",
    }
    kinds = {each["kind"] for each in failing["todos"]}
    assert kinds == {"BOOK_NEXT_SESSION"}
    todos = [each["kind"] for each in (await tenant.mine(chiara))["todos"]]
    assert todos == ["FIX_ORGANIZATION_INTEGRATION"]
    [_, pasted] = (await tenant.status())["steps"]
    tenant.allow(pasted["values"][1]["text"])
    assert await tenant.does("verifyOrganizationIntegration", mailbox=ada.email) == (
        "VerifyOrganizationIntegrationPayload"
    )
    await tenant.work()
    assert (await tenant.mine(ada))["calendarIntegration"] == MANAGED
    assert (await tenant.mine(chiara))["todos"] == []


async def test_limited_to_free_and_busy(site: Site, tenant: Tenant) -> None:
    """With free/busy alone, availability works, and a session is in nobody's calendar."""
    await tenant.activated(limited=True)
    ada = site.world.ada
    assert (await tenant.mine(ada))["calendarIntegration"] == MANAGED | {"canWrite": False}
    match = to_id(Kind.MATCH, site.world.match.uid)
    found = await site.ask(
        ada, AVAILABILITY, match=match, start=site.monday(0), end=site.monday(23)
    )
    start = found["node"]["availability"]["slots"][0]["start"]
    booked = await site.ask(ada, BOOK, input=wanted(match, start))
    assert booked["bookSession"]["__typename"] == "BookSessionPayload"
    await site.deliver()
    assert site.sandbox.events(ada.email) == []
