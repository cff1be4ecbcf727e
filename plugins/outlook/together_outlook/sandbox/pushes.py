"""What the sandbox tells by itself, like Graph: batches of changes, and ends of subscriptions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from together.testing.telling import Teller
from together_outlook.sandbox import moments
from together_outlook.sandbox.subscribed import Change, Subscription
from together_outlook.sandbox.switches import Switches
from together_outlook.sandbox.world import Book, World

LIFECYCLE = ("reauthorizationRequired", "subscriptionRemoved", "missed")


def tell(world: World, switches: Switches, teller: Teller, *, now: int) -> None:
    """Tell of every change that nobody was told of yet, all of an address in one batch."""
    drop_dead(world, now=now)
    if switches.pushes_late:
        return
    batches: dict[str, list[dict[str, Any]]] = {}
    for key, subscription in world.subscriptions.items():
        if subscription.told == world.number:
            continue
        book, told = world.books[subscription.calendar], subscription.told
        subscription.told = world.number
        news = sorted(
            (change.number, event_id, change)
            for event_id, change in book.changes.items()
            if change.number > told and change.kind in subscription.change_type.split(",")
        )
        items = [_item(world, key, book, event_id, change) for _, event_id, change in news]
        if items and not switches.pushes_lost:
            batches.setdefault(subscription.notification_url, []).extend(items)
    for url, items in batches.items():
        for _ in range(2 if switches.pushes_twice else 1):
            _send(teller, url, items)


def say(world: World, teller: Teller, key: str, event: str) -> None:
    """Say what becomes of a subscription: it ends soon, is over, or something was missed."""
    subscription = world.subscriptions[key]
    url = subscription.lifecycle_url
    if url:
        _send(teller, url, [{**_about(world, key, subscription), "lifecycleEvent": event}])
    if event == "subscriptionRemoved":
        del world.subscriptions[key]


def drop_dead(world: World, *, now: int) -> None:
    """Forget what has run out, and what was for a calendar or by an organization that is gone."""
    for key, one in [*world.subscriptions.items()]:
        gone = one.calendar not in world.books or one.owner not in {*world.people, *world.tenants}
        if gone or one.expires_at <= now:
            del world.subscriptions[key]


def _item(world: World, key: str, book: Book, event_id: str, change: Change) -> dict[str, Any]:
    place = f"Users/{world.people[book.owner].oid}/Events/{event_id}"
    found = world.event(book, event_id)
    tag = {} if found is None else {"@odata.etag": f'W/"{found[1].body["changeKey"]}"'}
    return {
        **_about(world, key, world.subscriptions[key]),
        "changeType": change.kind,
        "resource": place,
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.Event",
            "@odata.id": place,
            **tag,
            "id": event_id,
        },
    }


def _about(world: World, key: str, subscription: Subscription) -> dict[str, Any]:
    book = world.books[subscription.calendar]
    return {
        "subscriptionId": key,
        "subscriptionExpirationDateTime": moments.stamp(subscription.expires_at),
        "tenantId": world.people[book.owner].tid,
        "clientState": subscription.client_state,
    }


def _send(teller: Teller, url: str, items: Iterable[Mapping[str, Any]]) -> None:
    body = json.dumps({"value": [*items]}).encode()
    teller.tell(url, headers={"content-type": "application/json"}, content=body)
