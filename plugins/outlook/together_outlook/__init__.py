"""Outlook Calendar and Microsoft Teams for Together."""

from __future__ import annotations

from collections.abc import Mapping

from together.providers.contract import CalendarProvider, Sandbox, VideoProvider
from together.providers.hookspecs import Register, hookimpl
from together_outlook.provider import MicrosoftTeams, OutlookCalendar
from together_outlook.sandbox import OutlookSandbox

__all__ = ["MicrosoftTeams", "OutlookCalendar", "OutlookSandbox"]


@hookimpl
def register_calendar_providers(
    register: Register[CalendarProvider], settings: Mapping[str, str]
) -> None:
    register(OutlookCalendar(settings))


@hookimpl
def register_video_providers(
    register: Register[VideoProvider], settings: Mapping[str, str]
) -> None:
    register(MicrosoftTeams())


@hookimpl
def register_sandboxes(register: Register[Sandbox], settings: Mapping[str, str]) -> None:
    register(OutlookSandbox())
