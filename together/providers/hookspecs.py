"""The hooks a plugin can implement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

import pluggy

if TYPE_CHECKING:
    from together.providers.contract import CalendarProvider, Sandbox, VideoProvider
    from together.providers.listening import BookingListener

PROJECT = "together"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

P = TypeVar("P", contravariant=True)


class Register(Protocol[P]):
    """Takes a provider.  Raises `DuplicateProvider` when its slug is taken."""

    def __call__(self, provider: P) -> None: ...


@hookspec
def register_calendar_providers(
    register: Register[CalendarProvider], settings: Mapping[str, str]
) -> None:
    """Register calendars that people can connect, such as Google Calendar.

    Runs once, when the app starts.  Do no I/O here.

    :param register: takes each provider
    :param settings: this plugin's settings: ``TOGETHER_GOOGLE_CLIENT_ID`` is ``CLIENT_ID`` to the
        plugin whose entry point is named ``google``; asking for one that is not set leaves the
        plugin out and lists it with what it lacks
    """


@hookspec
def register_video_providers(
    register: Register[VideoProvider], settings: Mapping[str, str]
) -> None:
    """Register services that make a video link for a session, such as Google Meet.

    Runs once, when the app starts.  Do no I/O here.

    :param register: takes each provider
    :param settings: this plugin's settings, as for calendars
    """


@hookspec
def register_sandboxes(register: Register[Sandbox], settings: Mapping[str, str]) -> None:
    """Register stand-ins of your service, which the demo mounts and the contract kit drives.

    Runs once, under the demo and tests only.  Do no I/O here.

    :param register: takes each sandbox
    :param settings: this plugin's settings, as for calendars
    """


@hookspec
def register_listeners(register: Register[BookingListener], settings: Mapping[str, str]) -> None:
    """Register objects that hear of every change of a session, after it was committed.

    Runs once, when the app starts.  Do no I/O here.

    :param register: takes each listener
    :param settings: this plugin's settings, as for calendars
    """
