"""An administrator connects everybody, and everything that can come of each step."""

from __future__ import annotations

import json

import pytest

from tests.services.estate import DOMAIN, Estate
from tests.world import World
from together.providers.values import Secret
from together.services.organization import delegation_refusals as refusals
from together.services.organization import proving
from together.services.refusals import Forbidden, InvalidInput, ProviderDown
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    AuditEntry,
    DelegationState,
    Integration,
    Job,
    Member,
    OrganizationIntegration,
    Role,
)


@pytest.fixture
async def estate(world: World) -> Estate:
    return Estate(world)


async def test_each_step_says_what_comes_next(estate: Estate):
    """From nothing to active, the status names what is missing, and each step takes one away."""
    told = []

    async def noted() -> None:
        status = await estate.service.status(estate.chiara)
        done = [done for _, done in status.steps]
        told.append((status.row.state.value, len(status.missing), status.next[:12], done))

    await noted()
    await proving.add(estate.world.saltmarsh.id, [DOMAIN], at=0)
    await noted()
    await estate.service.set_up(estate.chiara, provider="memory", owner_email=None, limited=False)
    await noted()
    await estate.service.upload_key(estate.chiara, Secret(estate.town.sandbox.add_key()))
    estate.town.sandbox.delegate(DOMAIN)
    await noted()
    await estate.service.verify(estate.chiara, "ada@saltmarsh.example.org")
    await noted()
    await estate.service.activate(estate.chiara, provider="memory")
    await noted()
    assert told == [
        ("OFF", 5, "Choose the c", []),
        ("OFF", 4, "Choose the c", []),
        ("SETTING_UP", 3, "Upload a key", [False, False]),
        ("SETTING_UP", 2, "Allow the ke", [True, False]),
        ("VERIFIED", 1, "Activate it.", [True, True]),
        ("ACTIVE", 0, "There is not", [True, True]),
    ]


async def test_a_key_is_sealed_and_shown_to_nobody(estate: Estate):
    """What is stored of a key opens nowhere else, and no other column holds a piece of it."""
    await estate.prepared()
    row = await estate.row()
    secret = estate.town.sandbox.state["keys"]["key-1"]["secret"]
    assert secret not in json.dumps({name: str(value) for name, value in vars(row).items()})
    assert (row.credential_id, row.credential_name, row.key_id) == ("key-1", "robot", "key-1")
    opened = await estate.grants.delegations.credential(row)
    assert json.loads(opened.reveal()) == {"id": "key-1", "secret": secret}


async def test_what_verifying_tells_apart(estate: Estate):
    """Not delegated, a scope that is missing, no mailbox, a policy, a dead key, and an outage."""
    await estate.prepared()
    sandbox, told = estate.town.sandbox, []

    async def tried(mailbox: str = "ada@saltmarsh.example.org") -> None:
        with pytest.raises(refusals.Refusal) as caught:
            await estate.service.verify(estate.chiara, mailbox)
        told.append((type(caught.value), getattr(caught.value, "missing", None)))

    sandbox.delegate(DOMAIN, scopes=())
    await tried()
    sandbox.delegate(DOMAIN, scopes=("freebusy",))
    await tried()
    sandbox.delegate(DOMAIN)
    await tried("nobody@saltmarsh.example.org")
    sandbox.restricted.add("ben@saltmarsh.example.org")
    await tried("ben@saltmarsh.example.org")
    sandbox.add_account("dev@saltmarsh.example.org", calendars=())
    await tried("dev@saltmarsh.example.org")
    await tried("mira@northlight.example.com")
    sandbox.down = True
    await tried()
    sandbox.down = False
    sandbox.delete_key()
    await tried()
    assert told == [
        (refusals.NotDelegatedYet, None),
        (refusals.PermissionsMissing, ("events",)),
        (refusals.MailboxUnknown, None),
        (refusals.MailboxNotAllowed, None),
        (refusals.MailboxWithoutCalendar, None),
        (InvalidInput, None),
        (ProviderDown, None),
        (refusals.KeyNotAccepted, None),
    ]
    assert (await estate.row()).state is DelegationState.SETTING_UP
    asked = await AuditEntry.filter(action="integration.verification").values_list(
        "subject", flat=True
    )
    assert len(asked) == 7
    assert "mailbox:nobody@saltmarsh.example.org" in asked


async def test_nothing_is_active_before_it_was_verified(estate: Estate):
    """Activating is refused with what is missing, and no member's connection is made."""
    await estate.prepared()
    with pytest.raises(refusals.SetUpIncomplete) as caught:
        await estate.service.activate(estate.chiara, provider="memory")
    assert [each[:9] for each in caught.value.missing] == ["Allow the"]
    await estate.work()
    assert await Integration.all().count() == 0


async def test_steps_out_of_turn(estate: Estate):
    """A key without a service, a mailbox without a domain: each names the step before."""
    with pytest.raises(refusals.SetUpIncomplete):
        await estate.service.upload_key(estate.chiara, Secret("{}"))
    await estate.service.set_up(estate.chiara, provider="memory", owner_email=None, limited=True)
    with pytest.raises(refusals.KeyUnusable):
        await estate.service.upload_key(estate.chiara, Secret("no key"))
    await estate.service.upload_key(estate.chiara, Secret(estate.town.sandbox.add_key()))
    with pytest.raises(refusals.SetUpIncomplete) as caught:
        await estate.service.verify(estate.chiara, "ada@saltmarsh.example.org")
    assert ["domains saltmarsh add" in each for each in caught.value.missing] == [True]
    with pytest.raises(refusals.DelegationNotOffered):
        await estate.service.set_up(
            estate.chiara, provider="elsewhere", owner_email=None, limited=True
        )


async def test_a_key_serves_one_organization(estate: Estate):
    """The credential of one organization is refused to another, also where it is not active."""
    await estate.prepared()
    file = json.dumps({"type": "memory_key", "id": "key-1", "name": "robot", "secret": "s"})
    mira = estate.world.mira
    await Member.filter(id=mira.id).update(role=Role.ORG_ADMIN)
    await mira.refresh_from_db()
    there = Viewer.of(mira)
    await estate.service.set_up(there, provider="memory", owner_email=None, limited=False)
    with pytest.raises(refusals.CredentialTaken):
        await estate.service.upload_key(there, Secret(file))
    await estate.service.turn_off(estate.chiara, provider="memory")
    await estate.service.upload_key(there, Secret(file))


async def test_whom_mails_about_it_go_to(estate: Estate):
    """The owner's address is in a proved domain, or that of a member who signed in with it."""
    own, guest = "it@saltmarsh.example.org", "kemi@mail.example.net"
    kemi = Member.filter(id=estate.world.kemi.id)
    await kemi.update(email=guest, email_key=guest)

    async def asked(owner: str) -> str | None:
        try:
            await estate.service.set_up(
                estate.chiara, provider="memory", owner_email=owner, limited=False
            )
        except InvalidInput as refused:
            return refused.field
        return (await estate.row()).owner_email

    before = [await asked(each) for each in (own, guest, "nonsense")]
    await proving.add(estate.world.saltmarsh.id, [DOMAIN], at=0)
    await kemi.update(issuer="https://issuer.example.org", subject="kemi")
    after = [
        await asked(each) for each in (own, guest, "else@mail.example.net", "mira@example.com")
    ]
    assert before == ["ownerEmail"] * 3
    assert after == [own, guest, "ownerEmail", "ownerEmail"]


async def test_what_is_active_is_not_changed_under_its_members(estate: Estate):
    """Another scope is refused while it is active; the owner's address can be changed."""
    await estate.activated()
    with pytest.raises(refusals.IntegrationInUse):
        await estate.service.set_up(
            estate.chiara, provider="memory", owner_email=None, limited=True
        )
    owner = "it@saltmarsh.example.org"
    await estate.service.set_up(estate.chiara, provider="memory", owner_email=owner, limited=False)
    row = await estate.row()
    assert (row.state, row.owner_email) == (DelegationState.ACTIVE, owner)


async def test_all_of_it_is_for_those_who_look_after_integrations(estate: Estate):
    """A member can neither see it nor do any of it, and nothing is written."""
    ada, service = Viewer.of(estate.world.ada), estate.service
    for call in (
        service.status(ada),
        service.preview(ada),
        service.set_up(ada, provider="memory", owner_email=None, limited=False),
        service.upload_key(ada, Secret("{}")),
        service.verify(ada, "ada@saltmarsh.example.org"),
        service.activate(ada, provider="memory"),
        service.turn_off(ada, provider="memory"),
    ):
        with pytest.raises(Forbidden):
            await call
    assert await OrganizationIntegration.all().count() == 0
    assert await AuditEntry.all().count() == 0


async def test_the_service_is_named_again_where_it_counts(estate: Estate):
    """Who activates or turns off something else than they saw is told so."""
    await estate.prepared()
    for call in (estate.service.activate, estate.service.turn_off):
        with pytest.raises(refusals.SetUpChanged):
            await call(estate.chiara, provider="google")
    assert await Job.all().count() == 0


async def test_each_step_can_be_taken_twice(estate: Estate):
    """Doing every step again changes nothing, and nobody is connected twice."""
    await estate.activated()
    before = await Integration.all().count()
    await estate.service.verify(estate.chiara, "ada@saltmarsh.example.org")
    await estate.service.activate(estate.chiara, provider="memory")
    await estate.work()
    assert (await estate.row()).state is DelegationState.ACTIVE
    assert await Integration.all().count() == before == 12
    await estate.service.turn_off(estate.chiara, provider="memory")
    await estate.service.turn_off(estate.chiara, provider="memory")
    await estate.work()
    assert await Integration.all().count() == 0
    row = await estate.row()
    assert (row.state, row.credential, row.credential_id) == (DelegationState.OFF, None, None)


async def test_how_many_gain_keep_and_lose(estate: Estate):
    """The preview counts active members by whether they are connected, and in a domain."""
    await estate.town.connect(estate.world.ada)
    outside = estate.world.ben
    await estate.town.connect(outside)
    await Member.filter(id=outside.id).update(email_key="ben@elsewhere.example.net")
    await Member.filter(id=estate.world.hana.id).update(active=False)
    await proving.add(estate.world.saltmarsh.id, [DOMAIN], at=0)
    found = await estate.service.preview(estate.chiara)
    assert (found.gain, found.keep, found.lose) == (9, 1, 1)
