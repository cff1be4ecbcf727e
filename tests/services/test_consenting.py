"""An administrator consents for everybody, and everything that can come of it."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.services.consents import NILS, SLUG, ConsentEstate
from tests.services.town import RETURN_TO, query
from tests.world import World
from together.providers.values import Secret
from together.services.connections import attempts
from together.services.organization import delegation_refusals as refusals
from together.services.organization import set_up_words
from together.services.refusals import (
    Forbidden,
    ReturnAddressRefused,
    TooManyAttempts,
)
from together.services.signing_in.viewer import Viewer
from together.store.models import Attempt, AttemptState, AuditEntry, DelegationState


@pytest.fixture
async def estate(world: World) -> ConsentEstate:
    return ConsentEstate(world)


async def test_each_step_says_what_comes_next(estate: ConsentEstate):
    """From choosing to active, what is missing is said in the words of a consent."""
    told = []

    async def noted() -> None:
        status = await estate.service.status(estate.chiara)
        done = [done for _, done in status.steps]
        told.append((status.row.state.value, status.next, len(status.missing), done))

    words = set_up_words.BY_CONSENT
    await estate.chosen()
    await noted()
    await estate.consents.complete(estate.chiara, await estate.handle())
    await noted()
    await estate.service.verify(estate.chiara, "ada@saltmarsh.example.org")
    await noted()
    await estate.service.activate(estate.chiara, provider=SLUG)
    await noted()
    assert told == [
        ("SETTING_UP", words.give, 3, [False, False]),
        ("SETTING_UP", words.verify, 2, [True, False]),
        ("VERIFIED", set_up_words.ACTIVATE, 1, [True, True]),
        ("ACTIVE", set_up_words.NOTHING, 0, [True, True]),
    ]
    await estate.work()
    assert await estate.states(estate.world.ada) == [("ORGANIZATION", "ACTIVE")]
    assert await estate.states(estate.world.ivo) == [("ORGANIZATION", "NO_MAILBOX")]
    await estate.service.turn_off(estate.chiara, provider=SLUG)
    await estate.work()
    assert await estate.states(estate.world.ada) == []
    assert await estate.nothing_kept()


async def test_the_consent_proves_nothing_and_the_sign_in_does(estate: ConsentEstate):
    """The first callback leads on to a sign-in, with PKCE and a nonce, at the claimed tenant."""
    await estate.chosen()
    url = await estate.started()
    asked = query(url)
    signing_in = urlsplit(await estate.callback(url))
    again = {name: value for name, (value,) in parse_qs(signing_in.query).items()}
    assert signing_in.path == "/signin"
    assert again["tenant"] == "saltmarsh.example.org"
    assert (
        again["redirect_uri"]
        == asked["redirect_uri"]
        == (f"https://together.example.org/callback/{SLUG}")
    )
    assert again["code_challenge_method"] == "S256"
    assert len({asked["state"], again["state"], again["nonce"], again["code_challenge"]}) == 4
    attempt = await Attempt.get()
    assert (attempt.state, attempt.code) == (AttemptState.CONSENTED, None)
    kept = json.dumps({name: str(value) for name, value in vars(attempt).items()})
    assert not any(secret in kept for secret in (asked["state"], again["state"], again["nonce"]))
    assert (await estate.row()).credential is None
    assert "POST /tenant/token" not in estate.town.sandbox.requests


async def test_what_is_kept_is_the_tenant(estate: ConsentEstate):
    """The credential is the proved organization, sealed; nothing else of the sign-in is left."""
    await estate.consented()
    row = await estate.row()
    assert (row.credential_id, row.credential_name, row.key_id, row.choice) == (
        "saltmarsh.example.org",
        "saltmarsh.example.org",
        None,
        2,
    )
    opened = await estate.grants.delegations.credential(row)
    assert json.loads(opened.reveal()) == {"tenant": "saltmarsh.example.org"}
    assert "saltmarsh" not in row.credential
    [attempt] = await Attempt.all()
    assert (attempt.state, attempt.code, attempt.nonce, attempt.claim, attempt.verifier) == (
        AttemptState.ENDED,
        *(None, None, None),
        "",
    )
    actions = await AuditEntry.all().order_by("id").values_list("action", flat=True)
    assert actions == ["domain.proved", "integration.set_up", "integration.consented"]
    assert await estate.states(estate.world.chiara) == []


@pytest.mark.parametrize(
    ("switches", "told"),
    [
        ({"consent_error": "access_denied"}, "OrganizationConsentDeclined"),
        ({"administrator": None}, "AdministratorNeeded"),
        ({"consent_error": "never_seen"}, "NotAvailableHere"),
        ({"signs_in": NILS}, "WrongTenant"),
        ({"signs_in": "ada@saltmarsh.example.org"}, "AdministratorNeeded"),
    ],
    ids=["declined", "no administrator", "nonsense", "another tenant", "a member"],
)
async def test_what_it_can_come_to(estate: ConsentEstate, switches, told):
    """Each way that it comes to nothing has its own end, and is followed by one that works."""
    await estate.chosen()
    before = {name: getattr(estate.town.sandbox, name) for name in switches}
    for name, value in switches.items():
        setattr(estate.town.sandbox, name, value)
    url, steps = await estate.started(), 0
    while not url.startswith(RETURN_TO):
        url, steps = await estate.callback(url), steps + 1
    assert await estate.outcome(query(url)["handle"]) == told
    assert await estate.nothing_kept()
    assert steps == (2 if "signs_in" in switches else 1)
    for name, value in before.items():
        setattr(estate.town.sandbox, name, value)
    assert await estate.outcome(await estate.handle()) == "done"


async def test_a_made_up_tenant(estate: ConsentEstate):
    """Whoever writes another's tenant into the callback has to sign in there, and cannot."""
    await estate.chosen()
    estate.town.sandbox.consent("northlight.example.com")
    state = query(await estate.started())["state"]
    forged = {"state": state, "tenant": "northlight.example.com"}
    signing_in = await estate.town.connecting.callback(SLUG, forged)
    assert query(signing_in)["tenant"] == "northlight.example.com"
    back = await estate.callback(signing_in)
    assert await estate.outcome(query(back)["handle"]) == "WrongTenant"
    assert await estate.nothing_kept()


async def test_callbacks_out_of_order(estate: ConsentEstate):
    """A consent where a code is waited for, a code where a consent is, or neither: no proof."""
    await estate.chosen()
    told = []
    for first in ({"code": "c0de"}, {}, {"tenant": ""}):
        state = query(await estate.started())["state"]
        back = await estate.town.connecting.callback(SLUG, {"state": state, **first})
        told.append(await estate.outcome(query(back)["handle"]))
    for second in ({"tenant": "saltmarsh.example.org"}, {"code": ""}, {"error": "access_denied"}):
        state = query(await estate.callback(await estate.started()))["state"]
        back = await estate.town.connecting.callback(SLUG, {"state": state, **second})
        told.append(await estate.outcome(query(back)["handle"]))
    assert told == [
        "NotAvailableHere",
        "NotAvailableHere",
        "NotAvailableHere",
        "NotAvailableHere",
        "NotAvailableHere",
        "OrganizationConsentDeclined",
    ]
    assert await estate.nothing_kept()


async def test_a_made_up_code(estate: ConsentEstate):
    """A code that the service did not make for this sign-in proves nothing."""
    await estate.chosen()
    state = query(await estate.callback(await estate.started()))["state"]
    back = await estate.town.connecting.callback(SLUG, {"state": state, "code": "made-up"})
    assert await estate.outcome(query(back)["handle"]) == "OrganizationNotProved"
    assert await estate.nothing_kept()


async def test_a_consent_in_the_place_of_an_active_one(estate: ConsentEstate):
    """Members count as not integrated until the new one is verified, and are again then."""
    await estate.activated()
    assert await estate.outcome(await estate.handle()) == "done"
    row = await estate.row()
    assert (row.state, row.reason, row.verified_at, row.verified_mailbox) == (
        DelegationState.FAILING,
        "ConsentReplaced",
        None,
        "ada@saltmarsh.example.org",
    )
    assert await estate.states(estate.world.ada) == [("ORGANIZATION", "FAILING")]
    status = await estate.service.status(estate.chiara)
    assert status.next == set_up_words.BY_CONSENT.repair
    await estate.service.verify(estate.chiara, "ben@saltmarsh.example.org")
    assert await estate.states(estate.world.ada) == [("ORGANIZATION", "ACTIVE")]


async def test_a_tenant_serves_one_organization(estate: ConsentEstate):
    """What one organization was proved for is refused to another, in words of its own."""
    await estate.consented()
    nils = await estate.administrator(estate.world.nils)
    await estate.chosen(nils)
    handle = await estate.handle(nils)
    with pytest.raises(refusals.CredentialTaken) as caught:
        await estate.consents.complete(nils, handle)
    assert caught.value.message == set_up_words.BY_CONSENT.taken
    await estate.service.turn_off(estate.chiara, provider=SLUG)
    assert await estate.outcome(await estate.handle(nils), nils) == "done"


async def test_what_is_refused_before_it_begins(estate: ConsentEstate):
    """Without a service, at one that takes keys, back to elsewhere, or too often: no address."""
    told = []

    async def tried(**given) -> None:
        with pytest.raises(refusals.Refusal) as caught:
            await estate.consents.start(estate.chiara, **{"return_to": RETURN_TO} | given)
        told.append(type(caught.value))

    await tried()
    await estate.service.set_up(estate.chiara, provider="memory", owner_email=None, limited=False)
    await tried()
    await estate.chosen()
    await tried(return_to="https://elsewhere.example/")
    with pytest.raises(refusals.DelegationNotOffered):
        await estate.service.upload_key(estate.chiara, Secret("{}"))
    for _ in range(attempts.OPEN_AT_ONCE):
        await estate.started()
    await tried()
    await estate.service.turn_off(estate.chiara, provider=SLUG)
    await tried()
    assert told == [
        refusals.SetUpIncomplete,
        refusals.DelegationNotOffered,
        ReturnAddressRefused,
        TooManyAttempts,
        refusals.SetUpIncomplete,
    ]
    for call in (estate.started, estate.handle):
        with pytest.raises(Forbidden):
            await call(Viewer.of(estate.world.ada))


async def test_another_package_gets_nothing_of_it(estate: ConsentEstate):
    """Where another distribution brings the service now, neither half of it is done."""
    await estate.chosen()
    handle = await estate.handle()
    estate.town.registry.distributions[SLUG] = "together-elsewhere"
    with pytest.raises(refusals.DelegationNotOffered):
        await estate.started()
    assert await estate.outcome(handle) == "DelegationNotOffered"
    assert await estate.nothing_kept()


async def test_what_verifying_tells_apart(estate: ConsentEstate):
    """A consent taken back, a permission less, no calendar, a policy: each in its own words."""
    await estate.consented()
    sandbox, told = estate.town.sandbox, []

    async def tried(mailbox: str = "ada@saltmarsh.example.org") -> None:
        with pytest.raises(refusals.Refusal) as caught:
            await estate.service.verify(estate.chiara, mailbox)
        told.append((type(caught.value), caught.value.message))

    sandbox.withdraw("saltmarsh.example.org")
    await tried()
    sandbox.consent("saltmarsh.example.org", scopes=("freebusy",))
    await tried()
    sandbox.consent("saltmarsh.example.org")
    sandbox.add_account("dev@saltmarsh.example.org", calendars=())
    await tried("dev@saltmarsh.example.org")
    sandbox.restricted.add("ben@saltmarsh.example.org")
    await tried("ben@saltmarsh.example.org")
    assert told == [
        (refusals.NotDelegatedYet, set_up_words.BY_CONSENT.not_delegated),
        (
            refusals.PermissionsMissing,
            "These permissions are missing at the service: events",
        ),
        (refusals.MailboxWithoutCalendar, refusals.MailboxWithoutCalendar.words),
        (refusals.MailboxNotAllowed, refusals.MailboxNotAllowed.words),
    ]


async def test_withdrawn_at_the_service(estate: ConsentEstate):
    """A consent that is taken back fails for everybody, and works again once it is given again."""
    await estate.activated()
    estate.town.sandbox.withdraw("saltmarsh.example.org")
    assert await estate.grants.delegations.probe(await estate.row()) is False
    row = await estate.row()
    assert (row.state, row.reason) == (DelegationState.FAILING, "NotDelegated")
    assert await estate.states(estate.world.ada) == [("ORGANIZATION", "FAILING")]
    estate.town.sandbox.consent("saltmarsh.example.org")
    assert await estate.grants.delegations.probe(await estate.row()) is True
    assert await estate.states(estate.world.ada) == [("ORGANIZATION", "ACTIVE")]
