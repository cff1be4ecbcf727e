"""The sandbox's subscriptions: what is refused, who is asked for an echo, and what is told."""

from __future__ import annotations

import httpx
import pytest

ADA, BEN = "ada@saltmarsh.example.org", "ben@saltmarsh.example.org"
URL = "https://together.example.org/notifications/outlook"
LATER = "https://together.example.org/notifications/lifecycle?kind=all"


async def test_a_subscription_is_made_shown_and_ended(call, ear, ahead, subscribe):
    """It can be listed, read, prolonged, reauthorized and deleted, by whoever made it alone."""
    made = await subscribe(lifecycleNotificationUrl=LATER)
    assert made["clientState"] is None
    assert ear.asked == [URL, LATER.partition("?")[0]]
    one = f"subscriptions/{made['id']}"
    assert (await call("GET", one))[1] == made
    assert [each["id"] for each in (await call("GET", "subscriptions"))[1]["value"]] == [made["id"]]
    assert (await call("GET", "subscriptions", who=BEN))[1]["value"] == []
    for method in ("GET", "DELETE"):
        assert (await call(method, one, who=BEN))[0::2] == (404, "ResourceNotFound")
    until = ahead(days=1)
    changed = await call("PATCH", one, body={"expirationDateTime": until})
    assert changed[1]["expirationDateTime"] == until
    assert ear.asked == [URL, LATER.partition("?")[0]] * 2
    assert (await call("POST", f"{one}/reauthorize"))[0] == 204
    assert (await call("DELETE", one))[0] == 204
    assert (await call("DELETE", one))[0::2] == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"changeType": "moved"}, (400, "InvalidRequest")),
        ({"changeType": None}, (400, "InvalidRequest")),
        ({"notificationUrl": "http://together.example.org/x"}, (400, "InvalidRequest")),
        ({"notificationUrl": "ftp://x"}, (400, "InvalidRequest")),
        ({"notificationUrl": 7}, (400, "InvalidRequest")),
        ({"resource": "me/messages"}, (400, "InvalidRequest")),
        ({"resource": "me/calendars/AAMkA/events/b"}, (400, "InvalidRequest")),
        ({"resource": "me/calendars/AAMkAD00000000000000000000/events"}, (404, None)),
        ({"resource": f"users/{BEN}/events"}, (403, "ErrorAccessDenied")),
        ({"expirationDateTime": "2020-01-01T00:00:00Z"}, (400, "InvalidRequest")),
        ({"expirationDateTime": "2199-01-01T00:00:00Z"}, (400, "InvalidRequest")),
        ({"expirationDateTime": "soon"}, (400, "ErrorInvalidParameter")),
        ({"expirationDateTime": None}, (400, "InvalidRequest")),
        ({"clientState": "s" * 129}, (400, "InvalidRequest")),
        ({"colour": "red"}, (400, "RequestBodyRead")),
    ],
)
async def test_what_is_no_subscription(call, ear, sandbox, changes, refusal, asking):
    """What Graph would not take is refused, and nobody is asked for an echo."""
    status, _, code = await call("POST", "subscriptions", body=asking(**changes))
    assert (status, code) == (refusal[0], refusal[1] or "ErrorFolderNotFound")
    assert (sandbox.world.subscriptions, ear.asked) == ({}, [])


async def test_reading_is_needed(call, ear, sandbox, asking):
    """A token without the permission to read subscribes to nothing."""
    for token in sandbox.world.access.values():
        token.scopes = ["User.Read", "Calendars.ReadBasic"]
    refused = await call("POST", "subscriptions", body=asking())
    assert refused[0::2] == (403, "ErrorAccessDenied")


def answering(status=200, **more):
    async def answer(words):
        return httpx.Response(status, **{"text": words, **more})

    return answer


async def broken(words):
    raise httpx.ConnectError("nobody there")


async def slow(words):
    raise httpx.ReadTimeout("longer than anybody waits")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (answering(202), "ValidationError"),
        (answering(404), "ValidationError"),
        (answering(text="another"), "ValidationError"),
        (answering(text=""), "ValidationError"),
        (answering(headers={"content-type": "text/html"}), "ValidationError"),
        (broken, "InvalidRequest"),
        (slow, "InvalidRequest"),
    ],
    ids=range(7),
)
async def test_nobody_is_told_who_does_not_echo(
    call, ear, sandbox, answer, code, asking, ahead, subscribe
):
    """An address that says anything but the words, in plain text and with 200, is not told."""
    made = await subscribe()
    ear.answer = answer
    assert (await call("POST", "subscriptions", body=asking()))[0::2] == (400, code)
    body = {"expirationDateTime": ahead(days=2)}
    patched = await call("PATCH", f"subscriptions/{made['id']}", body=body)
    assert patched[0::2] == (400, code)
    kept = (await call("GET", f"subscriptions/{made['id']}"))[1]
    assert (len(sandbox.world.subscriptions), kept) == (1, made)


async def test_a_subscription_lives_as_long_as_it_may(ear, sandbox, ahead, subscribe):
    """What asks for minutes gets three quarters of an hour, and a switch shortens all of them."""
    short = await subscribe(expirationDateTime=ahead(minutes=5))
    assert ahead(minutes=44) < short["expirationDateTime"] <= ahead(minutes=45)
    sandbox.switches.set({"subscription_minutes": 60})
    cut = await subscribe()
    assert cut["expirationDateTime"] <= ahead(minutes=60)
