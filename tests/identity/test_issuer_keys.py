"""The keys of an issuer: fetched seldom, renewed when rotated, and never past their time."""

from __future__ import annotations

import logging

import anyio
import httpx
import pytest

from tests.identity.conftest import URL
from together.services.refusals import SignInUnavailable
from together.services.signing_in.issuer_keys import IssuerKeys

HOUR = 3600
DISCOVERY, JWKS = f"{URL}/.well-known/openid-configuration", f"{URL}/jwks"


@pytest.fixture
def keys(wire, clock):
    return IssuerKeys(URL, http=httpx.AsyncClient(transport=wire), clock=clock)


@pytest.fixture
def kid(issuer):
    """The id of the key that the issuer signs with now."""
    import jwt

    def now():
        return jwt.get_unverified_header(issuer.token("a@b.c", organization="x", now=0))["kid"]

    return now


async def test_many_at_once_make_one_fetch(keys, kid, wire):
    """Twenty sign-ins of a cold start ask the issuer once."""
    found = []

    async def ask():
        found.append(await keys.key(kid(), "ES256"))

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(ask)
    assert (len(found), None in found, wire.asked) == (20, False, [DISCOVERY, JWKS])


async def test_a_rotated_key_is_found_and_the_old_one_forgotten(keys, kid, issuer, wire, clock):
    """An id that is not known fetches the keys anew, once a minute at most."""
    old = kid()
    assert await keys.key(old, "ES256")
    issuer.rotate()
    assert await keys.key(kid(), "ES256") is None
    clock.forward(59)
    assert await keys.key(kid(), "ES256") is None
    assert len(wire.asked) == 2
    clock.forward(1)
    assert await keys.key(kid(), "ES256")
    assert await keys.key(old, "ES256") is None
    assert len(wire.asked) == 4


async def test_made_up_ids_do_not_make_us_ask(keys, kid, wire, clock):
    """A thousand tokens with ids nobody has cost the issuer one request a minute."""
    await keys.key(kid(), "ES256")
    clock.forward(60)
    for number in range(1000):
        assert await keys.key(f"made-up-{number}", "ES256") is None
    assert len(wire.asked) == 4


async def test_keys_are_fetched_anew_every_hour(keys, kid, issuer, wire, clock):
    """A key that the issuer took back is refused an hour later, without an unknown id."""
    old = kid()
    await keys.key(old, "ES256")
    issuer.rotate()
    clock.forward(HOUR - 1)
    assert await keys.key(old, "ES256")
    clock.forward(1)
    assert await keys.key(old, "ES256") is None
    assert len(wire.asked) == 4


async def test_known_keys_serve_a_day_without_the_issuer(keys, kid, wire, clock):
    """While the issuer is down its keys serve for 24 hours, and then nobody is let in."""
    await keys.key(kid(), "ES256")
    wire.cut = True
    clock.forward(24 * HOUR - 1)
    assert await keys.key(kid(), "ES256")
    with pytest.raises(SignInUnavailable):
        await keys.key("made-up", "ES256")
    clock.forward(1)
    with pytest.raises(SignInUnavailable):
        await keys.key(kid(), "ES256")
    wire.cut = False
    clock.forward(60)
    assert await keys.key(kid(), "ES256")


async def test_an_issuer_that_is_down_from_the_start_lets_nobody_in(keys, kid, wire, clock, caplog):
    """Without keys the answer is to try again, the issuer is asked once a minute, and no address
    reaches the log.
    """
    caplog.set_level(logging.DEBUG)
    wire.cut = True
    for _ in range(3):
        with pytest.raises(SignInUnavailable) as caught:
            await keys.key(kid(), "ES256")
    assert caught.value.message == (
        "The sign-in service cannot be reached right now. Try again in a minute."
    )
    assert wire.asked == [DISCOVERY]
    assert [
        record.getMessage() for record in caplog.records if record.name.startswith("together")
    ] == ["issuer keys not read: it cannot be reached"]
    assert "canary" not in caplog.text
    wire.cut = False
    clock.forward(60)
    assert await keys.key(kid(), "ES256")


async def test_a_clock_put_back_does_not_stop_the_fetching(keys, kid, issuer, wire, clock):
    """When the clock goes backwards, a rotated key is still found."""
    await keys.key(kid(), "ES256")
    issuer.rotate()
    clock.forward(-2 * HOUR)
    assert await keys.key(kid(), "ES256")


async def test_a_cancelled_fetch_is_made_again(keys, kid, wire):
    """A sign-in that is cancelled while it fetches does not keep the next one waiting."""
    with anyio.CancelScope() as scope:
        wire.interrupt = scope.cancel
        await keys.key(kid(), "ES256")
    assert (scope.cancelled_caught, wire.asked) == (True, [DISCOVERY])
    wire.interrupt = None
    assert await keys.key(kid(), "ES256")


GOOD = {"issuer": URL, "jwks_uri": JWKS}


@pytest.mark.parametrize(
    "answers",
    [
        {"/.well-known/openid-configuration": httpx.Response(500)},
        {"/.well-known/openid-configuration": httpx.Response(302, headers={"location": JWKS})},
        {"/.well-known/openid-configuration": httpx.Response(200, text="<html>")},
        {"/.well-known/openid-configuration": httpx.Response(200, json=[])},
        {"/.well-known/openid-configuration": httpx.Response(200, text="[" * 100_000)},
        {"/.well-known/openid-configuration": httpx.Response(200, json=GOOD | {"issuer": "x"})},
        {"/.well-known/openid-configuration": httpx.Response(200, json={"issuer": URL})},
        {
            "/.well-known/openid-configuration": httpx.Response(
                200, json=GOOD | {"jwks_uri": "http://evil.example/jwks"}
            )
        },
        {"/jwks": httpx.Response(200, json={"keys": []})},
        {"/jwks": httpx.Response(200, json={"keys": "none"})},
        {
            "/jwks": httpx.Response(
                200, json={"keys": [1, {}, {"kid": "a", "kty": "oct", "k": "x"}]}
            )
        },
        {"/jwks": httpx.Response(200, content=b" " * (1 << 20) + b'{"keys": []}')},
    ],
)
async def test_nonsense_from_the_issuer_lets_nobody_in(keys, kid, wire, clock, answers):
    """Whatever the issuer answers instead of keys, sign-in waits, and recovers by itself."""
    wire.answers = answers
    with pytest.raises(SignInUnavailable):
        await keys.key(kid(), "ES256")
    wire.answers = {}
    clock.forward(60)
    assert await keys.key(kid(), "ES256")


async def test_nobody_elses_address_on_this_machine_is_asked(wire, clock):
    """An issuer of the web that names keys on our own machine is not believed."""
    wire.answers = {
        "/.well-known/openid-configuration": httpx.Response(
            200, json={"issuer": "https://login.example.org", "jwks_uri": JWKS}
        )
    }
    keys = IssuerKeys(
        "https://login.example.org", http=httpx.AsyncClient(transport=wire), clock=clock
    )
    with pytest.raises(SignInUnavailable):
        await keys.key("a", "ES256")
    assert wire.asked == ["https://login.example.org/.well-known/openid-configuration"]
