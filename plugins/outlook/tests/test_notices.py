"""What Graph's notifications are read as: item by item, and never more than they claim."""

from __future__ import annotations

import json

import pytest
from together_outlook.notices import MOST, OutlookNotifications

from together.providers import Notice, NoticeKind, Secret

READER = OutlookNotifications()
ID = "7f105c7d-2dc5-4530-97cd-4e7ae6534c07"
ITEM = {
    "subscriptionId": ID,
    "subscriptionExpirationDateTime": "2026-12-08T09:00:00.0000000Z",
    "changeType": "updated",
    "resource": "Users/a/Events/b",
    "tenantId": "84bd8158-6d4d-4958-8b9f-9d6445542f95",
    "clientState": "s" * 43,
    "resourceData": {"@odata.type": "#Microsoft.Graph.Event", "id": "b"},
}
MINE = Notice(ID, Secret("s" * 43))


def read(*items):
    return [*READER.read({}, json.dumps({"value": [*items]}).encode())]


def test_a_batch_is_read_item_by_item():
    """Each item has its own subscription and secret, and who they are is compared elsewhere."""
    other = {**ITEM, "subscriptionId": "other", "clientState": "forged"}
    assert read(ITEM, other, ITEM) == [MINE, Notice("other", Secret("forged")), MINE]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("missed", NoticeKind.MISSED),
        ("reauthorizationRequired", NoticeKind.RENEW),
        ("subscriptionRemoved", NoticeKind.ENDED),
    ],
)
def test_what_becomes_of_a_subscription(event, kind):
    """Each lifecycle event asks for something else than a change does."""
    item = {name: ITEM[name] for name in ("subscriptionId", "clientState", "tenantId")}
    assert read({**item, "lifecycleEvent": event}) == [Notice(ID, Secret("s" * 43), kind)]


@pytest.mark.parametrize(
    "change",
    [
        {"subscriptionId": None}, {"subscriptionId": 7}, {"subscriptionId": ""},
        {"subscriptionId": "x" * 129}, {"subscriptionId": "a b"}, {"subscriptionId": "\u00e9"},
        {"clientState": None}, {"clientState": ["s"]}, {"clientState": ""},
        {"clientState": "x" * 129}, {"clientState": "\ud800"}, {"clientState": "s\n"},
        {"lifecycleEvent": "somethingNew"}, {"lifecycleEvent": 7}, {"lifecycleEvent": {}},
        {"lifecycleEvent": ""},
    ],
)  # fmt: skip
def test_an_item_that_claims_nothing_is_left_out(change):
    """One that names no subscription, brings no secret or says what nobody knows is no notice."""
    assert read(ITEM, {**ITEM, **change}, ITEM) == [MINE, MINE]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"7", b"[]", b"{}", b'"value"', b"\xff\xfe", b'{"value": null}',
        b'{"value": {}}', b'{"value": "x"}', b'{"value": [null, 1, "x", [], {}]}',
        b'{"value": NaN}', b"[" * 100_000, b'{"value": [' * 50_000, b"1" * 5_000,
    ],
)  # fmt: skip
def test_what_is_no_notification_is_nothing(body):
    """Whatever is posted, it reads as nothing and raises nothing."""
    assert [*READER.read({"content-type": "\x00"}, body)] == []


def test_a_huge_batch_is_cut():
    """No more items are read than one notification has, and of the rest the next question tells."""
    assert read(*[ITEM] * (MOST + 500)) == [MINE] * MOST


def test_a_first_question_is_echoed():
    """What Graph asks with, spaces and all, is given back, and no more than it may be long."""
    words = "Validation: Testing client application reachability, id 42"
    assert READER.challenge({"validationToken": words}) == words
    assert READER.challenge({"validationToken": "t" * 1024}) == "t" * 1024
    for query in ({}, {"validationToken": ""}, {"validationToken": "t" * 1025},
                  {"validationToken": "a\r\nb"}, {"validationtoken": "t"}):  # fmt: skip
        assert READER.challenge(query) is None


def test_a_subscription_is_asked_for_below_the_limit():
    """Graph takes 10,080 minutes at the most by its own clock, and something is left for ours."""
    assert READER.longest.total_seconds() == (10_080 - 60) * 60
