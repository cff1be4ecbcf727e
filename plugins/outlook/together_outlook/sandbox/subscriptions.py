"""Graph's subscriptions: whoever makes one says where, and shows that somebody listens there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.requests import Request
from starlette.routing import Route

from together.providers.http import BadAddress, origin
from together_outlook.sandbox import graph_refusals as refused
from together_outlook.sandbox import moments, pushes, refusals, views
from together_outlook.sandbox.served import Answer, Desk, json_body
from together_outlook.sandbox.subscribed import KINDS, Subscription
from together_outlook.sandbox.world import Book, Token

BASE = "/v1.0/subscriptions"
SCOPES = frozenset({"Calendars.Read", "Calendars.ReadWrite"})
NAMES = frozenset(
    {
        *("changeType", "notificationUrl", "lifecycleNotificationUrl", "resource"),
        *("expirationDateTime", "clientState", "latestSupportedTlsVersion"),
    }
)
LONGEST, SHORTEST = 10_080 * 60, 45 * 60
"""Seconds that a subscription lives; what asks for less than the shorter one gets that."""
MOST_STATE = 128
_RESOURCE = re.compile(
    r"/?(?:me|users/(?P<user>[^/]+))(?:/calendar|/calendars/(?P<calendar>[^/]+))?/events\Z",
    re.IGNORECASE,
)


def routes(desk: Desk) -> list[Route]:
    api, one = _Api(desk), BASE + "/{subscription_id}"
    return [
        Route(BASE, desk.signed(api.listed), methods=["GET"]),
        Route(BASE, desk.signed(api.create), methods=["POST"]),
        Route(one, desk.signed(api.show), methods=["GET"]),
        Route(one, desk.signed(api.prolong), methods=["PATCH"]),
        Route(one, desk.signed(api.delete), methods=["DELETE"]),
        Route(one + "/reauthorize", desk.signed(api.reauthorize), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Api:
    desk: Desk

    async def create(self, request: Request, token: Token) -> Any:
        asked, world = await json_body(request), self.desk.world
        for name in asked:
            if name not in NAMES:
                raise refused.unknown_property(name, "subscription")
        book = self._watched(request, token, _text(asked, "resource"))
        made = Subscription(
            owner=token.email or token.tenant,
            calendar=book.id,
            resource=_text(asked, "resource"),
            change_type=_kinds(_text(asked, "changeType")),
            notification_url=_address(_text(asked, "notificationUrl")),
            lifecycle_url=_address(str(asked.get("lifecycleNotificationUrl") or "")),
            client_state=str(asked.get("clientState") or ""),
            expires_at=self._until(asked),
            told=world.number,
        )
        if len(made.client_state) > MOST_STATE:
            raise refused.bad_subscription("ClientState is longer than 128 characters.")
        await self._validate(made)
        key = str(uuid.uuid4())
        world.subscriptions[key] = made
        return Answer(201, self._shown(request, key))

    def listed(self, request: Request, token: Token) -> Any:
        world = self.desk.world
        pushes.drop_dead(world, now=self.desk.clock())
        mine = [key for key, one in world.subscriptions.items() if _mine(one, token)]
        context = views.context(request.url, "subscriptions")
        return {"@odata.context": context, "value": [self._body(key) for key in mine]}

    def show(self, request: Request, token: Token) -> Any:
        return self._shown(request, self._found(request, token)[0])

    async def prolong(self, request: Request, token: Token) -> Any:
        """Let it live longer, once its addresses are asked again, as others have seen it done."""
        asked, (key, found) = await json_body(request), self._found(request, token)
        if {*asked} != {"expirationDateTime"}:
            raise refused.bad_subscription("Only the expiration of a subscription changes here.")
        until = self._until(asked)
        await self._validate(found)
        found.expires_at = until
        return self._shown(request, key)

    def delete(self, request: Request, token: Token) -> None:
        del self.desk.world.subscriptions[self._found(request, token)[0]]

    def reauthorize(self, request: Request, token: Token) -> None:
        self._found(request, token)

    def _watched(self, request: Request, token: Token, resource: str) -> Book:
        """Find the calendar that a resource names, and hold whoever asks to what they may read."""
        named = _RESOURCE.match(resource)
        if named is None:
            raise refused.bad_subscription(f"Resource '{resource}' is not supported.")
        caller = self.desk.caller(request, token, named["user"], SCOPES)
        if not caller.person.has_mailbox:
            raise refusals.no_mailbox()
        world, calendar_id = self.desk.world, named["calendar"]
        if calendar_id is None:
            book = world.default_book(caller.email)
        else:
            book = world.book(calendar_id, caller.email)
        if book is None or book.owner != caller.email:
            raise refused.calendar_not_found()
        return book

    def _found(self, request: Request, token: Token) -> tuple[str, Subscription]:
        pushes.drop_dead(self.desk.world, now=self.desk.clock())
        key = request.path_params["subscription_id"]
        found = self.desk.world.subscriptions.get(key)
        if found is None or not _mine(found, token):
            raise refused.no_subscription()
        return key, found

    def _until(self, asked: Mapping[str, Any]) -> int:
        now = self.desk.clock()
        until = moments.parameter(_text(asked, "expirationDateTime"), "ExpirationDateTime")
        if until <= now or until > now + LONGEST:
            minutes = LONGEST // 60
            words = f"Subscription expiration can only be {minutes} minutes in the future."
            raise refused.bad_subscription(words)
        most = now + self.desk.switches.subscription_minutes * 60
        return min(max(until, now + SHORTEST), most)

    async def _validate(self, subscription: Subscription) -> None:
        """Ask each address for an echo, in plain text, of words that a query has to escape."""
        for url in dict.fromkeys((subscription.notification_url, subscription.lifecycle_url)):
            if not url:
                continue
            words = "Validation: Testing client application reachability for subscription"
            said = f"{words} Request-Id: {uuid.uuid4()}"
            asked = httpx.URL(url).copy_merge_params({"validationToken": said})
            echo = await self.desk.teller.ask(str(asked))
            if echo is None:
                raise refused.nobody_listens()
            kind = echo.headers.get("content-type", "").partition(";")[0].strip()
            if (echo.status_code, kind, echo.text) != (200, "text/plain", said):
                raise refused.wrong_echo()

    def _shown(self, request: Request, key: str) -> dict[str, Any]:
        context = views.context(request.url, "subscriptions/$entity")
        return {"@odata.context": context, **self._body(key)}

    def _body(self, key: str) -> dict[str, Any]:
        """Show a subscription; its secret is not shown again."""
        world, one = self.desk.world, self.desk.world.subscriptions[key]
        return {
            "id": key,
            "resource": one.resource,
            "applicationId": world.client_id,
            "changeType": one.change_type,
            "clientState": None,
            "notificationUrl": one.notification_url,
            "lifecycleNotificationUrl": one.lifecycle_url or None,
            "expirationDateTime": moments.stamp(one.expires_at),
            "creatorId": world.people[one.owner].oid if "@" in one.owner else one.owner,
            "latestSupportedTlsVersion": "v1_2",
        }


def _mine(subscription: Subscription, token: Token) -> bool:
    return subscription.owner == (token.email or token.tenant)


def _kinds(text: str) -> str:
    kinds = [kind.strip() for kind in text.split(",")]
    if not kinds or not {*kinds} <= {*KINDS}:
        raise refused.bad_subscription(f"ChangeType '{text}' is not supported.")
    return ",".join(kinds)


def _address(url: str) -> str:
    """Take https, and anything on this very machine, where the demo listens."""
    try:
        if url:
            origin(url)
    except ValueError as error:
        words = "Notification URL must be https." if isinstance(error, BadAddress) else "No URL."
        raise refused.bad_subscription(words) from None
    return url


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not value:
        raise refused.bad_subscription(f"Subscription needs a value for {name}.")
    return value
