"""A reply becomes a value or an error that says who must act, and nothing else."""

import asyncio
import gzip
from datetime import timedelta

import httpx
import pytest

from together.providers import (
    AuthorizationExpired,
    Conflict,
    Gone,
    JsonApi,
    Misconfigured,
    ProviderUnavailable,
    RateLimited,
    decipher,
    origin,
    path,
    retry_after,
)
from together.providers import http as provider_http
from together.providers.http import LIMIT


def api(answer) -> JsonApi:
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer), trust_env=False)
    return JsonApi(client, "https://calendar.example")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Misconfigured),
        (304, Misconfigured),
        (400, Misconfigured),
        (401, AuthorizationExpired),
        (403, Misconfigured),
        (404, Gone),
        (408, ProviderUnavailable),
        (409, Conflict),
        (410, Gone),
        (412, Conflict),
        (418, Misconfigured),
        (429, RateLimited),
        (500, ProviderUnavailable),
        (503, ProviderUnavailable),
    ],
)
def test_a_status_names_who_must_act(status, kind):
    """What every service agrees on is told apart, and what nobody knows is the operator's."""
    assert type(decipher(status, {}, None)) is kind


def test_a_good_status_is_no_error():
    """Every answer from 200 to 299 is one."""
    assert [decipher(status, {}, None) for status in (200, 201, 204, 299)] == [None] * 4


def test_an_error_keeps_codes_and_no_sentences():
    """Status, code and request id are kept; a sentence in their place is dropped."""
    error = decipher(400, {"x-request-id": "r-17"}, {"error": {"code": "invalid"}})
    assert (error.status, error.code, error.request_id) == (400, "invalid", "r-17")
    told = decipher(400, {"x-request-id": "Bearer ya29 token"}, {"error": "Ada's lunch: no"})
    assert (told.status, told.code, told.request_id) == (400, None, None)
    assert str(told) == "The connection to the service is not set up correctly."


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "99999"}, 6 * 3600),
        ({"retry-after": "9" * 5000}, 6 * 3600),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Tue, 04 Mar 2031 09:00:30 GMT"}, None),
        (
            {
                "retry-after": "Tue, 04 Mar 2031 09:00:30 GMT",
                "date": "Tue, 04 Mar 2031 09:00:00 GMT",
            },
            30,
        ),
        (
            {
                "retry-after": "Tue, 04 Mar 2031 09:00:00 GMT",
                "date": "Wed, 05 Mar 2031 09:00:00 GMT",
            },
            1,
        ),
        ({"retry-after": "Tue, 04 Mar 2031 09:00:30 -0000", "date": "Tue, 04 Mar 2031 9:0 GMT"},
         None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(headers, wait):
    """The wait is between a second and six hours, and a date counts from the reply's own date."""
    assert retry_after(headers) == (None if wait is None else timedelta(seconds=wait))


async def test_an_empty_answer_is_nothing():
    """An answer without a body, as after a deletion, is None."""
    assert await api(lambda request: httpx.Response(204))("DELETE", "/x") is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, Misconfigured), (401, Misconfigured), (404, Misconfigured), (429, RateLimited),
     (502, ProviderUnavailable)],
)  # fmt: skip
async def test_a_proxys_page_is_not_the_services_word(status, kind):
    """HTML with a 401 or a 404 neither ends a consent nor an event."""
    page = "<h1>Ada, please sign in to the guest network</h1>"
    with pytest.raises(kind) as caught:
        await api(lambda request: httpx.Response(status, html=page))("GET", "/x")
    assert "Ada" not in repr(vars(caught.value)) + str(caught.value)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpx.ConnectError, ProviderUnavailable),
        (httpx.ReadTimeout, ProviderUnavailable),
        (httpx.RemoteProtocolError, ProviderUnavailable),
        (httpx.LocalProtocolError, Misconfigured),
        (httpx.UnsupportedProtocol, Misconfigured),
    ],
)
async def test_no_error_of_the_library_leaves(failure, kind):
    """The library's error is neither raised nor dragged along: it holds the request."""

    def fail(request):
        raise failure("https://calendar.example/?token=s3cret", request=request)

    with pytest.raises(kind) as caught:
        await api(fail)("GET", "/x")
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert "s3cret" not in repr(caught.value)


async def test_a_bomb_is_given_up():
    """The limit counts after decompression."""
    bomb = gzip.compress(b" " * (LIMIT + 1))
    assert len(bomb) < 20_000
    with pytest.raises(Misconfigured) as caught:
        await api(
            lambda request: httpx.Response(200, content=bomb, headers={"content-encoding": "gzip"})
        )("GET", "/x")
    assert caught.value.code == "reply_too_large"


async def test_what_cannot_be_decompressed_is_nonsense():
    """An answer that is not what its header says is the operator's."""
    with pytest.raises(Misconfigured):
        await api(
            lambda request: httpx.Response(
                200,
                stream=httpx.ByteStream(b"not gzip"),
                headers={"content-encoding": "gzip"},
            )
        )("GET", "/x")


async def test_a_dripping_answer_is_given_up(monkeypatch):
    """A whole call has a time limit, however busily its bytes drip."""
    monkeypatch.setattr(provider_http, "PATIENCE", 0.05)

    class Drip(httpx.AsyncByteStream):
        async def __aiter__(self):
            for _ in range(100):
                yield b" "
                await asyncio.sleep(0.01)

    with pytest.raises(ProviderUnavailable):
        await api(lambda request: httpx.Response(200, stream=Drip()))("GET", "/x")


@pytest.mark.parametrize("content", [b"[" * 200_000, b"\xff\xfe\xfa", b'{"a": Infinity}'])
async def test_hostile_json_is_nonsense(content):
    """Endless nesting, broken encoding and numbers that JSON has not are the operator's."""
    with pytest.raises(Misconfigured):
        await api(lambda request: httpx.Response(200, content=content))("GET", "/x")


def test_an_id_stays_one_segment():
    """An id from elsewhere cannot climb out of its place in a path."""
    assert path("calendars", "a/../b?c#d", "é") == "/calendars/a%2F..%2Fb%3Fc%23d/%C3%A9"
    for bad in ("", ".", ".."):
        with pytest.raises(Gone):
            path("calendars", bad)


def test_an_origin_is_normal():
    """An origin is written in one way, so that comparing it is comparing texts."""
    assert [
        origin(address)
        for address in (
            "https://WWW.Example.com/calendar/v3/",
            "https://www.example.com:443",
            "https://www.example.com:8443/x",
            "http://127.0.0.1:8000/sandbox",
            "http://[::1]:80/x",
            "http://localhost",
        )
    ] == [
        "https://www.example.com",
        "https://www.example.com",
        "https://www.example.com:8443",
        "http://127.0.0.1:8000",
        "http://[::1]",
        "http://localhost",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "http://www.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
        "https://ada@www.example.com",
        "https://www.example.com\\@elsewhere.example",
        "https://",
        "www.example.com",
        "https://www.example.com:99999",
        "https://www.exa\nmple.com",
    ],
)
def test_a_base_address_is_https(address):
    """Anything but https, save on this machine, is refused where the provider is built."""
    with pytest.raises(ValueError):
        origin(address)
