"""The package as it is installed, and what its README promises."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
import together_google
from starlette.applications import Starlette
from starlette.routing import Route
from together_google.oauth import IDENTITY_SCOPES, SCOPES
from together_google.sandbox import Switches

from together.providers.registry import load

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
CREDENTIALS = {"TOGETHER_GOOGLE_CLIENT_ID": "id", "TOGETHER_GOOGLE_CLIENT_SECRET": "secret"}


def test_the_installed_plugin_is_found():
    """The entry point brings the calendar and Meet, and no sandbox unless one is asked for."""
    registry = load(CREDENTIALS, only=frozenset({"google"}))
    assert registry.calendars["google"].label == "Google Calendar"
    assert registry.videos["google-meet"].made_with == "google"
    assert registry.sandboxes == {}
    assert registry.distributions["google"] == "together-google"


def test_without_credentials_it_is_left_out():
    """A missing setting is named with its prefix."""
    registry = load({}, plugins={"google": together_google})
    assert (registry.calendars, registry.videos) == ({}, {})
    assert "TOGETHER_GOOGLE_CLIENT_ID" in registry.left_out["google"]


def test_the_sandbox_brings_the_settings():
    """With the sandbox's settings the plugin talks to the sandbox and to nobody else."""
    base = "http://127.0.0.1:8000/sandbox/google"
    alone = load({}, plugins={"google": together_google}, sandboxes=True)
    sandbox = alone.sandboxes["google"]
    settings = {f"TOGETHER_GOOGLE_{k}": v for k, v in sandbox.settings(base).items()}
    provider = load(settings, plugins={"google": together_google}).calendars["google"]
    assert provider.origins == {"http://127.0.0.1:8000"}
    addresses = (provider.oauth.authorize_url, provider.oauth.token_url, provider.oauth.revoke_url)
    assert all(address.startswith(base + "/") for address in addresses)


@pytest.mark.parametrize("scope", sorted(IDENTITY_SCOPES.union(*SCOPES.values())))
def test_the_readme_says_what_each_scope_is_for(scope):
    """Every scope asked for stands in the README with its purpose."""
    assert f"| `{scope}` | " in README


@pytest.mark.parametrize("switch", [known.name for known in fields(Switches)])
def test_the_readme_names_every_switch(switch):
    """Whatever can be made to go wrong in the sandbox is listed."""
    assert f"`{switch}`" in README


def test_the_readme_names_every_address(sandbox):
    """Every address of the sandbox begins as one that the README lists."""
    app = sandbox.app()
    assert isinstance(app, Starlette)
    paths = [route.path for route in app.routes if isinstance(route, Route)]
    listed = (
        "/o/oauth2/v2/auth",
        "/token",
        "/revoke",
        "/v1/userinfo",
        "/calendar/v3/",
        "/_admin/domainwidedelegation",
        "/_admin/serviceaccounts",
        "/_control",
    )
    assert [path for path in paths if not path.startswith(listed)] == []
    assert [name for name in listed if f"`{name}" not in README] == []


def test_every_setting_is_in_the_readme(sandbox):
    """The settings that the sandbox gives are those the README explains."""
    names = [f"`TOGETHER_GOOGLE_{name}`" for name in sandbox.settings("http://127.0.0.1")]
    assert [name for name in names if name not in README] == []
