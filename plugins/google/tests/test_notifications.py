"""What the plugin reads of a notification of Google's, and of what only looks like one."""

from __future__ import annotations

import pytest
from together_google.syncing import GoogleNotifications

from together.providers import Notice, NoticeKind, Secret

CHANNEL_ID, SECRET = "0f" * 16, "s" * 43
HEADERS = {
    "host": "together.example.org",
    "x-goog-channel-id": CHANNEL_ID,
    "x-goog-channel-token": SECRET,
    "x-goog-channel-expiration": "Tue, 02 Mar 2027 09:00:00 GMT",
    "x-goog-resource-id": "res-1",
    "x-goog-resource-uri": "https://www.googleapis.com/calendar/v3/calendars/a/events?alt=json",
    "x-goog-resource-state": "exists",
    "x-goog-message-number": "10",
}
NOTICE = Notice(CHANNEL_ID, Secret(SECRET), NoticeKind.CHANGED, "res-1")


@pytest.mark.parametrize("state", ["exists", "not_exists"])
def test_a_notification_asks_to_ask(state):
    """Whatever has become of the calendar is found out by asking; a body says nothing."""
    read = GoogleNotifications().read
    headers = HEADERS | {"x-goog-resource-state": state}
    assert [*read(headers, b"")] == [NOTICE]
    assert [*read(headers, b'{"id": "something else"}')] == [NOTICE]


@pytest.mark.parametrize(
    "change",
    [
        {"x-goog-resource-state": "sync"},
        {"x-goog-resource-state": "EXISTS"},
        {"x-goog-resource-state": "exists, exists"},
        {"x-goog-resource-state": ""},
        {"x-goog-channel-id": ""},
        {"x-goog-channel-id": "a" * 65},
        {"x-goog-channel-id": f"{CHANNEL_ID}, {CHANNEL_ID}"},
        {"x-goog-channel-id": f"{CHANNEL_ID}\n"},
        {"x-goog-channel-id": "'; drop table watches; --"},
        {"x-goog-channel-token": ""},
        {"x-goog-channel-token": "t" * 257},
        {"x-goog-channel-token": f"{SECRET}\r\nx-goog-channel-id: other"},
        {"x-goog-channel-token": f"{SECRET}\n"},
        {"x-goog-channel-token": "geheim\xfc"},
        {"x-goog-resource-id": ""},
        {"x-goog-resource-id": "res 1"},
        {"x-goog-resource-id": "\x00"},
    ],
    ids=range(17),
)
def test_what_google_would_not_send_is_nothing(change):
    """A notification with something else in a header is none, and so is one that lacks it."""
    assert [*GoogleNotifications().read(HEADERS | change, b"")] == []
    (name,) = change
    bare = {other: value for other, value in HEADERS.items() if other != name}
    assert [*GoogleNotifications().read(bare, b"")] == []


def test_headers_are_read_by_their_names_alone():
    """What merely looks like Google's header, by its end or in its case, is not read."""
    for prefix in ("x-forwarded-", "x_goog_"):
        headers = {
            f"{prefix}{name.removeprefix('x-goog-')}": said for name, said in HEADERS.items()
        }
        assert [*GoogleNotifications().read(headers, b"")] == []
