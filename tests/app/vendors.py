"""The calendar services in a test: each with its stand-in, and a checker of what goes there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import together_google.testing as google
import together_outlook.testing as outlook
from together_google import GoogleSandbox
from together_outlook import OutlookSandbox

SLUGS = ("google", "outlook")
Walk = Callable[..., Awaitable[str]]


@dataclass(slots=True)
class Vendor:
    """One service, in the words that tests of both use."""

    slug: str
    label: str
    sandbox: Any
    checker: Any
    carry: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]
    """Make a transport that is held to the vendor's own documents."""
    walk: Walk
    """Walk a consent: (http, url, account=, decision=) → the address of the callback."""
    settings: Mapping[str, str] = field(default_factory=dict)

    def guests(self, email: str) -> list[tuple[str, list[str]]]:
        """List the events that stand in somebody's calendar: title, and guests by address."""
        return [_event(self.slug, each) for each in self.sandbox.events(email) if _stands(each)]

    def faults(self) -> list[str]:
        """What was sent or answered and is in no document of the vendor."""
        return [*self.checker.faults, *self.checker.answer_faults]


def vendor(slug: str, base_url: str, *, clock: Callable[[], int], about: Any = None) -> Vendor:
    """Make a service; `about` is what is slow to load of its documents."""
    there, redirect_uri = f"{base_url}/sandbox/{slug}", f"{base_url}/callback/{slug}"
    if slug == "google":
        sandbox = GoogleSandbox(clock=clock, redirect_uris=[redirect_uri])
        settings = sandbox.settings(there)
        checker: Any = google.Checker(settings, sandbox.scopes_of, about)
        carry: Any = google.CheckedTransport
        label, walk = "Google Calendar", google.walk_consent
    else:
        sandbox = OutlookSandbox(clock=clock, redirect_uris=[redirect_uri])
        settings = sandbox.settings(there)
        checker = outlook.Checker(settings, sandbox.scopes_of)
        carry = outlook.CheckedTransport
        label, walk = "Outlook Calendar", outlook.walk_consent
    sandbox.switches.per_minute = 100_000
    return Vendor(
        slug, label, sandbox, checker, lambda inner: carry(inner, checker), walk, settings
    )


def _stands(event: dict[str, Any]) -> bool:
    return event.get("status") != "cancelled" and not event.get("isCancelled")


def _event(slug: str, event: dict[str, Any]) -> tuple[str, list[str]]:
    if slug == "google":
        guests = [each["email"] for each in event.get("attendees", ()) if not each.get("organizer")]
        return event["summary"], guests
    return event["subject"], [each["emailAddress"]["address"] for each in event["attendees"]]
