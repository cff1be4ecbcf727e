"""Channels of the sandbox: who is told of changes, where, and for how long."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from together.providers.http import loopback
from together_google.sandbox import pushes, refusals
from together_google.sandbox.served import Desk
from together_google.sandbox.world import Book, Channel, Token

_ID = re.compile(r"[A-Za-z0-9_+/=-]{1,64}\Z")
_TOKEN = re.compile(r"[\x20-\x7e]{0,256}\Z")
_NUMBER = re.compile(r"[0-9]{1,15}\Z")
KINDS = ("web_hook", "webhook")


def watch(desk: Desk, token: Token, book: Book, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Make a channel, and say so on it, which can be heard before the answer."""
    now, world = desk.clock(), desk.world
    channel_id, secret = asked.get("id"), asked.get("token", "")
    if not isinstance(channel_id, str) or not _ID.match(channel_id):
        raise refusals.required("Invalid value for: id")
    if asked.get("type") not in KINDS:
        raise refusals.invalid("Invalid value for: type")
    if not isinstance(secret, str) or not _TOKEN.match(secret):
        raise refusals.invalid("Invalid value for: token")
    if not book.owner:
        raise refusals.no_push_here()
    if desk.switches.watch_refused:
        raise refusals.not_verified()
    pushes.announce(world, desk.switches, desk.teller, now=now)
    if channel_id in world.channels:
        raise refusals.channel_taken()
    channel = Channel(
        id=channel_id,
        email=token.email,
        client_id=token.client_id,
        book=book.id,
        resource_id=_resource_id(book),
        address=_address(asked.get("address")),
        token=secret,
        expires_at=_expiry(asked, now=now, longest=desk.switches.watch_seconds),
        told=book.version,
    )
    world.channels[channel.id] = channel
    pushes.push(desk.switches, desk.teller, channel, "sync")
    return {
        "kind": "api#channel",
        "id": channel.id,
        "resourceId": channel.resource_id,
        "resourceUri": pushes.resource_uri(book.id),
        "expiration": str(channel.expires_at * 1000),
        **({"token": secret} if secret else {}),
    }


def stop(desk: Desk, token: Token, asked: Mapping[str, Any]) -> None:
    """End a channel, which only whoever made it can: a service account as any of its users."""
    channel = desk.world.channels.get(str(asked.get("id")))
    if not asked.get("id") or not asked.get("resourceId"):
        raise refusals.required("Required")
    if channel is None or channel.resource_id != asked["resourceId"]:
        raise refusals.not_found()
    mine = channel.client_id == token.client_id
    if not mine or (token.client_id is None and channel.email != token.email):
        raise refusals.not_found()
    del desk.world.channels[channel.id]


def _address(asked: Any) -> str:
    """Google demands https; here plain http does on this very machine, as everywhere else."""
    if not isinstance(asked, str) or not asked.isprintable():
        raise refusals.required("Required")
    try:
        url = urlsplit(asked)
        host = url.hostname or ""
    except ValueError:
        raise refusals.not_https() from None
    if not host or not (url.scheme == "https" or (url.scheme == "http" and loopback(host))):
        raise refusals.not_https()
    return asked


def _expiry(asked: Mapping[str, Any], *, now: int, longest: int) -> int:
    """Of all that is asked for the soonest is meant; it is never longer than what is given."""
    ends = [now + longest]
    if "expiration" in asked:
        ends.append(_number(asked["expiration"], "expiration") // 1000)
    params = asked.get("params")
    if isinstance(params, dict) and "ttl" in params:
        ends.append(now + _number(params["ttl"], "ttl"))
    if min(ends) <= now:
        raise refusals.invalid("Invalid value for: expiration")
    return min(ends)


def _number(asked: Any, name: str) -> int:
    if not _NUMBER.match(str(asked)):
        raise refusals.invalid(f"Invalid value for: {name}")
    return int(asked)


def _resource_id(book: Book) -> str:
    """Name what is watched: the same for every channel, and nothing of it can be read."""
    digest = hashlib.sha256(f"events of {book.id}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:20]).decode().rstrip("=")
