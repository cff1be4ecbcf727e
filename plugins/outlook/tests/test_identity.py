"""Whose calendars they are: an account by its tenant and its own id, and never by an address."""

from __future__ import annotations

import httpx
import pytest
from together_outlook import OutlookCalendar
from together_outlook.errors import NoCalendar
from together_outlook.identity import CONSUMERS

from together.providers import (
    Access,
    Account,
    AuthorizationExpired,
    Misconfigured,
    ProviderUnavailable,
    RateLimited,
)

ADA = "ada@saltmarsh.example.org"
NILS = "nils@northlight.example.com"
HOME = "ada.lindqvist@mail.example.net"
OID = "6f0c9a3e-1b7d-4e52-8a44-90d2c1f3b785"
TENANT = "3c1e5d70-92ab-4f6e-b0d8-57a1c4e9f213"
PERSONAL = "4b2e0df61bb4ae26"
ME = {"id": OID, "mail": ADA}
OURS = {"value": [{"id": TENANT}]}
SETTINGS = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}


def answering(me, organization=OURS, status=200):
    """Open calendars of an account, whose organization is answered like this, and see the calls."""
    calls = []

    def answer(request):
        calls.append(f"{request.url.path}?{request.url.query.decode()}")
        if request.url.path.endswith("/me"):
            return httpx.Response(200, json=me)
        return httpx.Response(status, json=organization, headers={"retry-after": "7"})

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer), trust_env=False)
    return OutlookCalendar(SETTINGS).open(Access(http=http)), calls


def refusal(code):
    return {"error": {"code": code, "message": code}}


async def whoami(*told, **more):
    return await answering(*told, **more)[0].whoami()


async def test_the_account_is_told_by_its_lasting_id(hands, checked_wire):
    """The tenant's id and the directory's stand for the account; its owner is shown the address."""
    calendars = await hands.calendars(ADA)
    before = len(checked_wire.seen)
    ada = hands.sandbox.world.people[ADA]
    assert await calendars.whoami() == Account(f"{ada.tid}:{ada.oid}", ADA)
    asked = [(each.url.path, dict(each.url.params)) for each in checked_wire.seen[before:]]
    assert [(path.partition("/v1.0")[2], query) for path, query in asked] == [
        ("/me", {"$select": "id,mail,userPrincipalName"}),
        ("/organization", {"$select": "id"}),
    ]


async def test_a_personal_account_is_of_the_one_tenant_they_share(hands, checked_wire):
    """It has no organization to ask for, and is known without."""
    home = hands.sandbox.add_account(HOME, personal=True)
    calendars = await hands.calendars(HOME)
    before = len(checked_wire.seen)
    short = home.oid.replace("-", "")[16:]
    assert await calendars.whoami() == Account(f"{CONSUMERS}:{short}", HOME)
    assert home.tid == CONSUMERS
    assert len(checked_wire.seen) == before + 1


async def test_one_object_id_in_two_tenants_is_two_accounts(hands):
    """Microsoft promises that an object id is unique within its tenant, and no more."""
    world = hands.sandbox.world
    hands.sandbox.add_account(NILS)
    world.people[NILS].oid = world.people[ADA].oid
    ada, nils = [await (await hands.calendars(email)).whoami() for email in (ADA, NILS)]
    assert [each.id.partition(":")[2] for each in (ada, nils)] == [world.people[ADA].oid] * 2
    assert ada.id != nils.id


async def test_consenting_again_is_the_same_account(hands):
    """Another consent, and another address, change nothing of who it is."""
    before = await (await hands.calendars(ADA)).whoami()
    hands.sandbox.revoke(ADA)
    assert await (await hands.calendars(ADA)).whoami() == before
    assert await whoami(ME) == Account(f"{TENANT}:{OID}", ADA)
    assert await whoami(ME | {"mail": HOME}) == Account(f"{TENANT}:{OID}", HOME)


async def test_an_id_is_read_in_any_case():
    """An id of Microsoft's is a number, however it is written."""
    organization = {"value": [{"id": TENANT.upper()}]}
    assert await whoami(ME | {"id": OID.upper()}, organization) == Account(f"{TENANT}:{OID}", ADA)
    told = Account(f"{CONSUMERS}:{PERSONAL}", ADA)
    assert await whoami(ME | {"id": PERSONAL.upper()}) == told


@pytest.mark.parametrize(
    ("me", "email"),
    [
        ({"mail": ADA, "userPrincipalName": "ada@saltmarsh.onmicrosoft.example"}, ADA),
        ({"mail": None, "userPrincipalName": ADA}, ADA),
        ({"mail": "", "userPrincipalName": ADA}, ADA),
        ({"userPrincipalName": ADA}, ADA),
    ],
)
async def test_an_address_is_the_mailboxs_or_else_the_name(me, email):
    """The sign-in name serves as an address where the directory has no other."""
    assert await whoami({"id": OID, **me}) == Account(f"{TENANT}:{OID}", email)


@pytest.mark.parametrize(
    "name", ["ada_mail.example.net#EXT#@saltmarsh.onmicrosoft.example", "x#ext#@y.example", "ada"]
)
async def test_a_guests_name_is_no_address(name):
    """A guest of an organization has no mailbox there, and the name only looks like an address."""
    calendars, calls = answering({"id": OID, "mail": None, "userPrincipalName": name})
    with pytest.raises(NoCalendar):
        await calendars.whoami()
    assert len(calls) == 1


@pytest.mark.parametrize(
    "odd", [None, "", 7, "1", ADA, PERSONAL[1:], PERSONAL + "0", OID[:-1], OID.replace("-", "")]
)
async def test_an_account_without_an_id_is_the_operators(odd):
    """Nobody is told apart by an address, nor by what is no id of Microsoft's."""
    calendars, calls = answering({"id": odd, "mail": ADA})
    with pytest.raises(Misconfigured):
        await calendars.whoami()
    assert len(calls) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"value": None},
        {"value": {"id": TENANT}},
        {"value": []},
        {"value": [{"id": TENANT}, {"id": OID}]},
        {"value": [TENANT]},
        {"value": [{"displayName": "Saltmarsh Institute"}]},
        {"value": [{"id": "saltmarsh.example.org"}]},
        {"value": [{"id": CONSUMERS}]},
    ],
)
async def test_a_tenant_that_is_told_oddly_is_the_operators(odd):
    """Without exactly one organization nobody is known, and no tenant is made up."""
    with pytest.raises(Misconfigured):
        await whoami(ME, odd)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "Authorization_RequestDenied"),
        (403, "ErrorAccessDenied"),
        (401, "UnknownError"),
        (404, "ResourceNotFound"),
        (404, "MailboxNotEnabledForRESTAPI"),
        (409, "Request_Conflict"),
    ],
)
async def test_a_tenant_that_is_refused_is_the_operators(status, code):
    """That the tenant is not told says nothing of the mailbox, so it is not the person's affair."""
    with pytest.raises(Misconfigured) as caught:
        await whoami(ME, refusal(code), status=status)
    assert (caught.value.status, caught.value.code) == (status, code)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, "TooManyRequests", RateLimited),
        (503, "serviceNotAvailable", ProviderUnavailable),
        (401, "InvalidAuthenticationToken", AuthorizationExpired),
    ],
)
async def test_a_tenant_that_cannot_be_told_now_is_asked_again(status, code, kind):
    """An outage passes, and a consent that ends between two calls has ended."""
    with pytest.raises(kind):
        await whoami(ME, refusal(code), status=status)


async def test_a_personal_account_is_refused_by_the_directory(hands):
    """The sandbox tells the organization of a work account alone."""
    hands.sandbox.add_account(HOME, personal=True)
    replies = []
    for email in (ADA, HOME):
        token = (await hands.grant(email)).access_token.reveal()
        replies.append(
            await hands.web.get(
                f"{hands.provider._api_url}/organization",
                headers={"authorization": f"Bearer {token}"},
            )
        )
    ours, theirs = replies
    ada = hands.sandbox.world.people[ADA]
    domain = {"name": ada.domain, "type": "Managed", "isDefault": True, "isInitial": False}
    assert (ours.status_code, ours.json()) == (
        200,
        {
            "@odata.context": f"{hands.provider._api_url}/$metadata#organization",
            "value": [
                {
                    "id": ada.tid,
                    "displayName": ada.domain,
                    "verifiedDomains": [{"capabilities": "Email", **domain}],
                }
            ],
        },
    )
    assert (theirs.status_code, theirs.json()["error"]["code"]) == (401, "UnknownError")
