"""Jitsi Meet for Together: a room for each session, that nobody is asked for and nobody guesses."""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from collections.abc import Mapping

from together.providers import (
    Access,
    Account,
    BadSetting,
    Meeting,
    Meetings,
    OrganizationMeetings,
    Register,
    Sandbox,
    Secret,
    Span,
    VideoProvider,
    hookimpl,
)
from together_jitsi.sandbox import JitsiSandbox

_SERVER = re.compile(r"https://((?:[a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63})/?")


@hookimpl
def register_video_providers(
    register: Register[VideoProvider], settings: Mapping[str, str]
) -> None:
    register(Jitsi(settings))


@hookimpl
def register_sandboxes(register: Register[Sandbox]) -> None:
    register(JitsiSandbox())


class Jitsi(VideoProvider):
    slug = "jitsi"
    label = "Jitsi Meet"

    def __init__(self, settings: Mapping[str, str]) -> None:
        server = _SERVER.fullmatch(settings["SERVER"].lower())
        if server is None:
            raise BadSetting("TOGETHER_JITSI_SERVER is https://host, without a port or a path")
        secret = Secret(settings["SECRET"])
        if len(secret.reveal()) < 32:
            raise BadSetting("TOGETHER_JITSI_SECRET is 32 random characters, or more")
        self.join_hosts = frozenset({server[1]})
        self.organization = JitsiOfAll(server[1], secret)


class JitsiOfAll(OrganizationMeetings):
    def __init__(self, host: str, secret: Secret) -> None:
        self._rooms = Rooms(host, secret)

    def open(self, access: Access) -> Meetings:
        return self._rooms


class Rooms(Meetings):
    def __init__(self, host: str, secret: Secret) -> None:
        self._host, self._secret = host, secret

    async def whoami(self) -> Account:
        return Account(id=self._host, email="")

    async def create(self, *, key: str, span: Span, title: str) -> Meeting:
        # The key is an event's id in calendars, too: without the secret it tells nobody the room.
        digest = hmac.digest(self._secret.reveal().encode(), key.encode(), "sha256")
        room = b32encode(digest[:20]).decode().lower()
        return Meeting(key, f"https://{self._host}/{room}")

    async def update(self, meeting: Meeting, *, span: Span, title: str) -> Meeting:
        return meeting

    async def cancel(self, meeting: Meeting) -> None:
        """There is nothing to take away: a room is there while somebody is in it."""
