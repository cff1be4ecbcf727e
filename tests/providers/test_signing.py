"""Requests are signed on a copy, for declared origins only, with a token renewed in one place."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from together.providers import AuthorizationExpired, Grant, Misconfigured, Secret
from together.providers.signing import signed_client

NOW = datetime(2031, 3, 3, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
OLD = Grant(Secret("old"), Secret("r"), LATER, frozenset())
NEW = Grant(Secret("new"), Secret("r"), LATER, frozenset())
ORIGIN = "https://calendar.example"


class Service:
    """Takes one token, and remembers what was sent to it."""

    def __init__(self, token="new"):
        self.token, self.seen = token, []

    def __call__(self, request):
        self.seen.append(request)
        right = request.headers.get("authorization") == f"Bearer {self.token}"
        return httpx.Response(200 if right else 401, content=request.content)


class Keeper:
    """Keeps the grant, and renews it slowly."""

    def __init__(self, grant=OLD, renewed=NEW):
        self.grant, self.renewed, self.renewals = grant, renewed, []
        self.begun = asyncio.Event()

    async def current(self):
        return self.grant

    async def renew(self, stale):
        self.renewals.append(stale)
        self.begun.set()
        await asyncio.sleep(0.01)
        if isinstance(self.renewed, Exception):
            raise self.renewed
        self.grant = self.renewed
        return self.renewed


def client(service, keeper, *, origins=(ORIGIN,)):
    return signed_client(
        httpx.MockTransport(service),
        origins=origins,
        grant=keeper.current,
        renew=keeper.renew,
        now=lambda: NOW,
    )


async def test_what_is_sent_is_signed_and_what_is_held_is_not():
    """The service gets the token and the body; the caller's request stays as it was."""
    service, keeper = Service("old"), Keeper()
    async with client(service, keeper) as http:
        reply = await http.post(f"{ORIGIN}/x?y=1", json={"a": 1}, headers={"x-own": "1"})
    sent = service.seen[0]
    assert (reply.status_code, reply.json()) == (200, {"a": 1})
    assert str(sent.url) == f"{ORIGIN}/x?y=1"
    assert (sent.headers["authorization"], sent.headers["x-own"]) == ("Bearer old", "1")
    assert "authorization" not in reply.request.headers
    assert keeper.renewals == []


async def test_many_calls_renew_once():
    """Ten calls at once see the dead token, and one of them renews it."""
    service, keeper = Service(), Keeper()
    async with client(service, keeper) as http:
        replies = await asyncio.gather(*(http.post(ORIGIN, json=n) for n in range(10)))
    assert [reply.json() for reply in replies] == list(range(10))
    assert keeper.renewals == [OLD]


async def test_a_token_is_renewed_early():
    """Two minutes before its end a token is not used any more."""
    service, keeper = Service(), Keeper(replace(OLD, expires_at=NOW + timedelta(minutes=2)))
    async with client(service, keeper) as http:
        await http.get(ORIGIN)
    assert [request.headers["authorization"] for request in service.seen] == ["Bearer new"]
    service, keeper = Service("old"), Keeper(replace(OLD, expires_at=NOW + timedelta(seconds=121)))
    async with client(service, keeper) as http:
        await http.get(ORIGIN)
    assert keeper.renewals == []


async def test_a_refused_new_token_is_not_renewed_again():
    """A service that refuses every token is asked twice, and then its answer stands."""
    service, keeper = Service("another"), Keeper()
    async with client(service, keeper) as http:
        reply = await http.get(ORIGIN)
    assert (reply.status_code, len(service.seen), len(keeper.renewals)) == (401, 2, 1)


async def test_a_dead_consent_reaches_every_caller():
    """What the renewal raises passes through unchanged, and the next call asks anew."""
    keeper = Keeper(renewed=AuthorizationExpired())
    async with client(Service(), keeper) as http:
        calls = (http.get(ORIGIN) for _ in range(3))
        failed = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(error) for error in failed] == [AuthorizationExpired] * 3
        assert len(keeper.renewals) == 1
        keeper.renewed = NEW
        assert (await http.get(ORIGIN)).status_code == 200


async def test_a_cancelled_caller_does_not_stop_the_renewal():
    """The service may have replaced the refresh token already, so the renewal comes to its end."""
    keeper = Keeper()
    async with client(Service(), keeper) as http:
        impatient = asyncio.create_task(http.get(ORIGIN))
        patient = asyncio.create_task(http.get(ORIGIN))
        await keeper.begun.wait()
        impatient.cancel()
        assert (await patient).status_code == 200
        with pytest.raises(asyncio.CancelledError):
            await impatient
    assert (keeper.grant, keeper.renewals) == (NEW, [OLD])


async def test_closing_waits_for_the_renewal():
    """A renewal whose only caller was cancelled is kept before the client is closed."""
    keeper = Keeper()
    async with client(Service(), keeper) as http:
        impatient = asyncio.create_task(http.get(ORIGIN))
        await keeper.begun.wait()
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
    assert keeper.grant == NEW


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/",
        "http://calendar.example/",
        "https://calendar.example:8443/",
        "https://calendar.example.elsewhere.example/",
        "https://ada@calendar.example/",
        "http://127.0.0.1:8001/",
        "http://10.0.0.1/",
    ],
)
async def test_another_origin_is_refused_before_it_is_sent(url):
    """The token goes where the provider said it talks to, and nowhere else."""
    service, keeper = Service(), Keeper()
    origins = (ORIGIN, "http://127.0.0.1:8000", "http://10.0.0.1")
    async with client(service, keeper, origins=origins) as http:
        with pytest.raises(Misconfigured) as caught:
            await http.get(url)
    assert caught.value.code == "origin_not_declared"
    assert service.seen == []


@pytest.mark.parametrize(
    "url", ["https://CALENDAR.example:443/x", "http://127.0.0.1:8000/x", "http://[::1]/x"]
)
async def test_an_origin_is_compared_in_normal_form(url):
    """Case and default port make no other origin, and a sandbox on this machine may be http."""
    origins = (ORIGIN, "http://127.0.0.1:8000", "http://[::1]")
    async with client(Service("old"), Keeper(), origins=origins) as http:
        assert (await http.get(url)).status_code == 200


async def test_a_redirect_elsewhere_is_refused_even_when_followed():
    """A provider that follows redirects is stopped at the border."""
    seen = []

    def service(request):
        seen.append(request.url.host)
        return httpx.Response(302, headers={"location": "https://elsewhere.example/take"})

    async with client(service, Keeper()) as http:
        assert (await http.get(ORIGIN)).status_code == 302
        with pytest.raises(Misconfigured):
            await http.get(ORIGIN, follow_redirects=True)
    assert seen == ["calendar.example"] * 2


async def test_what_a_caller_adds_does_not_travel():
    """A header that would name another host or another token is replaced."""
    service = Service("old")
    async with client(service, Keeper()) as http:
        http.cookies.set("session", "1")
        headers = {"host": "elsewhere.example", "authorization": "Bearer mine"}
        await http.get(ORIGIN, headers=headers)
    sent = service.seen[0].headers
    assert (sent["host"], sent["authorization"]) == ("calendar.example", "Bearer old")
    assert "cookie" not in sent


async def test_what_another_stored_is_renewed_and_not_gone_back_from():
    """A token that came after the one renewed here, and does not work either, is renewed too."""
    service, keeper = Service(), Keeper()
    async with client(service, keeper) as http:
        assert (await http.get(ORIGIN)).status_code == 200
        others = replace(NEW, access_token=Secret("other"), expires_at=LATER + timedelta(hours=1))
        newest = replace(NEW, access_token=Secret("newest"), expires_at=LATER + timedelta(hours=2))
        keeper.grant, keeper.renewed, service.token = others, newest, "newest"
        assert (await http.get(ORIGIN)).status_code == 200
    assert keeper.renewals == [OLD, others]


async def test_a_streamed_body_is_sent_again():
    """A body that came as a stream is whole in the second request too."""

    async def parts():
        yield b"one "
        yield b"two"

    service = Service()
    async with client(service, Keeper()) as http:
        reply = await http.post(ORIGIN, content=parts())
    assert [request.content for request in service.seen] == [b"one two"] * 2
    assert reply.content == b"one two"


async def test_an_error_drags_no_token_along():
    """The library's error comes with the caller's own request, and nothing behind it."""

    def drop(request):
        raise httpx.ConnectError(f"lost {request.headers}", request=request)

    async with client(drop, Keeper()) as http:
        with pytest.raises(httpx.ConnectError) as caught:
            await http.get(ORIGIN)
    assert "authorization" not in caught.value.request.headers
    assert str(caught.value) == "the request could not be completed"
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


async def test_nothing_prints_a_grant():
    """Neither the client nor its transport shows what it signs with."""
    async with client(Service("old"), Keeper()) as http:
        await http.get(ORIGIN)
        shown = repr([http, http._transport, http._transport.__dict__, OLD])
    assert "old" not in shown
