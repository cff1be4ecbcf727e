"""The package as it is installed, and what its README promises."""

from __future__ import annotations

from pathlib import Path

import together_google

from together.providers.registry import load
from together.testing.contract_package import PackageContract

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
CREDENTIALS = {"TOGETHER_GOOGLE_CLIENT_ID": "id", "TOGETHER_GOOGLE_CLIENT_SECRET": "secret"}


class TestPackage(PackageContract):
    plugin, name, readme = together_google, "google", README
    addresses = (
        "/o/oauth2/v2/auth",
        "/token",
        "/revoke",
        "/v1/userinfo",
        "/calendar/v3/",
        "/_admin/domainwidedelegation",
        "/_admin/serviceaccounts",
        "/_calendar",
        "/_control",
    )


def test_the_installed_plugin_is_found():
    """The entry point brings the calendar and Meet, and no sandbox unless one is asked for."""
    registry = load(CREDENTIALS, only=frozenset({"google"}))
    assert registry.calendars["google"].label == "Google Calendar"
    assert registry.videos["google-meet"].made_with == "google"
    assert registry.sandboxes == {}
    assert registry.distributions["google"] == "together-google"
