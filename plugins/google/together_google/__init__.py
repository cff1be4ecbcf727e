"""Google Calendar and Google Meet for Together."""

from __future__ import annotations

from collections.abc import Mapping

from together.providers.contract import CalendarProvider, Sandbox, VideoProvider
from together.providers.hookspecs import Register, hookimpl
from together_google.provider import GoogleCalendar, GoogleMeet
from together_google.sandbox import GoogleSandbox

__all__ = ["GoogleCalendar", "GoogleMeet", "GoogleSandbox"]


@hookimpl
def register_calendar_providers(
    register: Register[CalendarProvider], settings: Mapping[str, str]
) -> None:
    register(GoogleCalendar(settings))


@hookimpl
def register_video_providers(
    register: Register[VideoProvider], settings: Mapping[str, str]
) -> None:
    register(GoogleMeet())


@hookimpl
def register_sandboxes(register: Register[Sandbox], settings: Mapping[str, str]) -> None:
    register(GoogleSandbox())
