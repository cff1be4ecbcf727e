"""Who is let in, and the clear answer to everybody else."""

from __future__ import annotations

import pytest

from tests.api.conftest import Api
from together.services import refusals

QUERY = {"query": "{ viewer { name } }"}


@pytest.fixture
def dialect() -> str:
    """Nothing here depends on the kind of database."""
    return "sqlite"


@pytest.mark.parametrize(
    ("refusal", "status", "code", "reason", "header"),
    [
        (refusals.NotSignedIn, 401, "UNAUTHENTICATED", "NO_TOKEN", "www-authenticate"),
        (refusals.TokenRefused, 401, "UNAUTHENTICATED", "BAD_TOKEN", "www-authenticate"),
        (refusals.UnknownMember, 401, "UNAUTHENTICATED", "UNKNOWN_MEMBER", "www-authenticate"),
        (
            refusals.MemberDeactivated,
            401,
            "UNAUTHENTICATED",
            "MEMBER_DEACTIVATED",
            "www-authenticate",
        ),
        (
            refusals.SignInUnavailable,
            503,
            "INTERNAL_SERVER_ERROR",
            "SIGN_IN_UNAVAILABLE",
            "retry-after",
        ),
    ],
)
async def test_each_way_of_not_being_signed_in(api: Api, refusal, status, code, reason, header):
    """Each has its own words and its own reason, and the next request of a member goes well."""
    api.sign_in.refuses = refusal()
    answer = await api.post(QUERY)
    assert (answer.status_code, answer.json()) == (
        status,
        {"errors": [{"message": refusal.words, "extensions": {"code": code, "reason": reason}}]},
    )
    assert header in answer.headers
    api.sign_in.refuses = None
    assert await api.ask(QUERY["query"]) == {"viewer": {"name": "Ada Lindqvist"}}


async def test_a_stranger_learns_nothing(api: Api):
    """Without a token there is no introspection, no validation, and no look at the body."""
    for body in ({"query": "{ __schema { types { name } } }"}, {"query": "{ nothing }"}, []):
        answer = await api.post(body, who=None)
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["extensions"]["reason"] == "NO_TOKEN"


async def test_a_token_is_read_from_its_header_only(api: Api):
    """A token in the address or in a cookie signs nobody in."""
    answer = await api.client.get(
        "/graphql",
        params={"query": QUERY["query"], "access_token": "ada", "token": "ada"},
        headers={"Cookie": "Authorization=Bearer ada", "GraphQL-Require-Preflight": "1"},
    )
    assert answer.status_code == 401


async def test_deactivation_is_at_once(api: Api):
    """A member who was deactivated is out with the next request, with the same token."""
    ben = "mbr_" + api.world.ben.uid
    mutation = (
        "mutation M($i: DeactivateMemberInput!) { deactivateMember(input: $i) { __typename } }"
    )
    done = await api.ask(mutation, who="chiara", i={"memberId": ben})
    assert done == {"deactivateMember": {"__typename": "DeactivateMemberPayload"}}
    answer = await api.post(QUERY, who="ben")
    assert answer.json()["errors"][0]["extensions"]["reason"] == "MEMBER_DEACTIVATED"
