"""What the sandbox tells by itself: on each channel, that its calendar has changed."""

from __future__ import annotations

import asyncio
import secrets
from email.utils import formatdate
from urllib.parse import quote

from together.testing.telling import Teller
from together_google.sandbox.switches import Switches
from together_google.sandbox.world import Channel, World

AGENT = "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)"
API = "https://www.googleapis.com/calendar/v3"
"""In the names of resources, wherever the sandbox stands."""


def announce(world: World, switches: Switches, teller: Teller, *, now: int) -> None:
    """Tell on every channel what was not told yet; what has changed twice is told once."""
    for channel in [*world.channels.values()]:
        book = world.books.get(channel.book)
        if channel.expires_at <= now:
            del world.channels[channel.id]
        elif book is None:
            del world.channels[channel.id]
            push(switches, teller, channel, "not_exists")
        elif book.version != channel.told:
            channel.told = book.version
            push(switches, teller, channel, "exists")


def push(switches: Switches, teller: Teller, channel: Channel, state: str) -> None:
    """Send one message, unless a switch says otherwise.  The first one has the number 1."""
    channel.number += 1 if not channel.number else 1 + secrets.randbelow(1_000)
    headers = {
        "X-Goog-Channel-ID": channel.id,
        "X-Goog-Channel-Token": channel.token,
        "X-Goog-Channel-Expiration": formatdate(channel.expires_at, usegmt=True),
        "X-Goog-Resource-ID": channel.resource_id,
        "X-Goog-Resource-URI": resource_uri(channel.book),
        "X-Goog-Resource-State": state,
        "X-Goog-Message-Number": str(channel.number),
        "User-Agent": AGENT,
    }
    if not channel.token:
        del headers["X-Goog-Channel-Token"]
    if switches.pushes_lost:
        return
    for _ in range(2 if switches.pushes_twice else 1):
        if switches.pushes_late_seconds:
            loop = asyncio.get_running_loop()
            loop.call_later(
                switches.pushes_late_seconds,
                lambda: teller.tell(channel.address, headers=headers),
            )
        else:
            teller.tell(channel.address, headers=headers)


def resource_uri(calendar_id: str) -> str:
    return f"{API}/calendars/{quote(calendar_id, safe='')}/events?alt=json"
