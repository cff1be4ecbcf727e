"""Who a token signs in, and each no of its own."""

from __future__ import annotations

import anyio
import jwt
import pytest

from together.services.refusals import (
    MemberDeactivated,
    NotSignedIn,
    TokenRefused,
    UnknownMember,
)
from together.services.signing_in.identity import Identity, bearer_of
from together.services.signing_in.issuer import subject
from together.services.signing_in.viewer import Viewer
from together.store.models import AuditEntry, Member

ADA = "ada@saltmarsh.example.org"


@pytest.fixture
def token(issuer, clock):
    """Make a token of Saltmarsh's tenant, for Ada unless another is said."""

    def make(email=ADA, *, organization="saltmarsh", **claims):
        return issuer.token(email, organization=organization, now=clock(), **claims)

    return make


async def test_a_token_signs_its_member_in(identity, world, token):
    """The viewer is the member, as the database has them."""
    assert await identity.viewer(token()) == Viewer.of(world.ada)


async def test_the_first_sign_in_ties_the_login_to_the_member(identity, world, token, clock):
    """From the first sign-in on, issuer and subject are the member's, and the log says when."""
    await identity.viewer(token())
    await identity.viewer(token())
    ada = await Member.get(id=world.ada.id)
    assert (ada.issuer, ada.subject) == (
        "http://127.0.0.1:8000/issuer",
        subject(ADA, organization="saltmarsh"),
    )
    lines = await AuditEntry.all().values("actor_id", "action", "subject", "at")
    assert lines == [
        {
            "actor_id": world.ada.id,
            "action": "login.tied",
            "subject": f"member:{world.ada.id}",
            "at": clock(),
        }
    ]


async def test_a_tied_login_stays_when_the_address_changes(identity, world, token):
    """Once tied, the address in a token plays no part, and needs not even be verified."""
    await identity.viewer(token())
    changed = token(email="ben@saltmarsh.example.org", sub=subject(ADA, organization="saltmarsh"))
    assert (await identity.viewer(changed)).member_id == world.ada.id
    without = token(email_verified=None)
    assert (await identity.viewer(without)).member_id == world.ada.id


async def test_a_second_subject_for_a_tied_member_is_refused(identity, world, token):
    """Whoever gets an address later does not get the login of the member who had it."""
    await identity.viewer(token())
    with pytest.raises(UnknownMember):
        await identity.viewer(token(sub="somebody-else"))
    assert (await identity.viewer(token())).member_id == world.ada.id


@pytest.mark.parametrize("email", ["", "ada", "ada\ud800@saltmarsh.example.org", "\x00@x.org"])
async def test_a_text_that_is_no_address_ties_nothing(identity, issuer, world, token, email):
    """Whatever an issuer writes as the address, one that nobody can have finds nobody."""
    usual = jwt.decode_complete(token(), options={"verify_signature": False})
    claims = usual["payload"] | {"sub": "somebody", "email": email}
    with pytest.raises(UnknownMember):
        await identity.viewer(jwt.encode(claims, issuer._keys[0], "ES256", usual["header"]))
    assert (await identity.viewer(token())).member_id == world.ada.id


@pytest.mark.parametrize("verified", [None, False, "true", 1])
async def test_an_address_that_is_not_verified_ties_nothing(identity, world, token, verified):
    """Only an address that the issuer vouches for finds a member."""
    with pytest.raises(UnknownMember):
        await identity.viewer(token(email_verified=verified))
    assert await Member.filter(subject__not_isnull=True).count() == 0


async def test_spellings_of_an_address_find_one_member(identity, world, token):
    """The address is compared after folding."""
    shouted = token(email="ADA@Saltmarsh.Example.ORG")
    assert (await identity.viewer(shouted)).member_id == world.ada.id


async def test_the_organization_comes_from_the_configuration(identity, world, token):
    """The tenant of a token says the organization; the domain of an address does not."""
    with pytest.raises(UnknownMember):
        await identity.viewer(token(organization="northlight"))
    mira = token(email="mira@northlight.example.com", organization="northlight")
    assert (await identity.viewer(mira)).organization_id == world.northlight.id
    with pytest.raises(TokenRefused):
        await identity.viewer(token(tid="elsewhere"))
    with pytest.raises(TokenRefused):
        await identity.viewer(token(tid=None))


async def test_one_login_is_not_tied_in_two_organizations(
    identity, issuer, world, token, wire, clock
):
    """A login that is tied already ties nobody of another organization."""
    await identity.viewer(token())
    north = token(
        email="mira@northlight.example.com",
        organization="northlight",
        sub=subject(ADA, organization="saltmarsh"),
    )
    with pytest.raises(UnknownMember):
        await identity.viewer(north)
    assert (await Member.get(id=world.mira.id)).subject is None


async def test_a_configured_organization_that_is_missing_has_no_members(issuer, world, wire, clock):
    """An issuer for an organization that does not exist signs nobody in."""
    identity = Identity(issuer.trusted(["nowhere"]), transport=wire, clock=clock)
    with pytest.raises(UnknownMember):
        await identity.viewer(issuer.token(ADA, organization="nowhere", now=clock()))


async def test_somebody_who_is_no_member_is_unknown(identity, world, token):
    """A good token of somebody who is no member says so."""
    with pytest.raises(UnknownMember):
        await identity.viewer(token(email="zoe@saltmarsh.example.org"))


async def test_a_deactivated_member_is_told(identity, world, token):
    """Deactivation holds from the next request, tied or not."""
    await identity.viewer(token())
    await Member.filter(id__in=[world.ada.id, world.ben.id]).update(active=False)
    for email in (ADA, "ben@saltmarsh.example.org"):
        with pytest.raises(MemberDeactivated):
            await identity.viewer(token(email=email))
    assert (await Member.get(id=world.ben.id)).subject is None


async def test_membership_is_read_anew_for_each_request(identity, world, token):
    """Role and zone are those of now, not those of the first sign-in."""
    await identity.viewer(token())
    await Member.filter(id=world.ada.id).update(role="ORG_ADMIN", zone="Europe/Rome")
    viewer = await identity.viewer(token())
    assert (viewer.role, viewer.zone) == ("ORG_ADMIN", "Europe/Rome")


async def test_of_many_first_sign_ins_at_once_one_ties(identity, world, token):
    """One login signing in from everywhere is tied once; of two logins, one wins for good."""
    outcomes: list[object] = []

    async def sign_in(bearer):
        try:
            outcomes.append((await identity.viewer(bearer)).member_id)
        except UnknownMember:
            outcomes.append(UnknownMember)

    async with anyio.create_task_group() as group:
        for number in range(10):
            group.start_soon(sign_in, token(sub=f"login-{number % 2}"))
    assert sorted(map(str, outcomes)) == sorted(map(str, [world.ada.id] * 5 + [UnknownMember] * 5))
    assert await AuditEntry.filter(action="login.tied").count() == 1


@pytest.mark.parametrize("bearer", [None, ""])
async def test_without_a_token_nobody_is_signed_in(identity, world, bearer, wire):
    """No token is an answer of its own, and asks the issuer nothing."""
    with pytest.raises(NotSignedIn):
        await identity.viewer(bearer)
    assert wire.asked == []


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (None, None),
        ("", None),
        ("Bearer", None),
        ("Bearer  ", None),
        ("Basic YTpi", None),
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("BEARER abc", "abc"),
    ],
)
def test_a_token_is_read_from_a_bearer_header_only(header, token):
    """Another scheme, or none, is no token."""
    assert bearer_of(header) == token
