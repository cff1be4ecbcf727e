"""The package as it is installed, and what its README promises."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
import together_outlook
from starlette.applications import Starlette
from starlette.routing import Route
from together_outlook.oauth import IDENTITY_SCOPES, SCOPES
from together_outlook.sandbox import Switches
from together_outlook.testing.checker import ASKED_OF_TENANTS

from together.providers.registry import load

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
CREDENTIALS = {"TOGETHER_OUTLOOK_CLIENT_ID": "id", "TOGETHER_OUTLOOK_CLIENT_SECRET": "secret"}


def test_the_installed_plugin_is_found():
    """The entry point brings the calendar and Teams, and no sandbox unless one is asked for."""
    registry = load(CREDENTIALS, only=frozenset({"outlook"}))
    assert registry.calendars["outlook"].label == "Outlook Calendar"
    assert registry.videos["outlook-teams"].made_with == "outlook"
    assert registry.sandboxes == {}
    assert registry.distributions["outlook"] == "together-outlook"


def test_without_credentials_it_is_left_out():
    """A missing setting is named with its prefix."""
    registry = load({}, plugins={"outlook": together_outlook})
    assert (registry.calendars, registry.videos) == ({}, {})
    assert "TOGETHER_OUTLOOK_CLIENT_ID" in registry.left_out["outlook"]


def test_a_tenant_that_is_none_is_named():
    """The operator is told which setting is wrong, and not what stands in it."""
    registry = load(
        CREDENTIALS | {"TOGETHER_OUTLOOK_TENANT": "https://evil.example"},
        plugins={"outlook": together_outlook},
    )
    assert "TENANT" in registry.left_out["outlook"]
    assert "evil" not in registry.left_out["outlook"]


def test_the_sandbox_brings_the_settings():
    """With the sandbox's settings the plugin talks to the sandbox and to nobody else."""
    base = "http://127.0.0.1:8000/sandbox/outlook"
    alone = load({}, plugins={"outlook": together_outlook}, sandboxes=True)
    sandbox = alone.sandboxes["outlook"]
    settings = {f"TOGETHER_OUTLOOK_{k}": v for k, v in sandbox.settings(base).items()}
    provider = load(settings, plugins={"outlook": together_outlook}).calendars["outlook"]
    assert provider.origins == {"http://127.0.0.1:8000"}
    addresses = (provider.oauth.authorize_url, provider.oauth.token_url)
    assert all(address.startswith(base + "/") for address in addresses)


@pytest.mark.parametrize("scope", sorted(IDENTITY_SCOPES.union(*SCOPES.values())))
def test_the_readme_says_what_each_scope_is_for(scope):
    """Every scope asked for stands in the README with its purpose."""
    assert f"| `{scope}` | " in README


@pytest.mark.parametrize("name", sorted(ASKED_OF_TENANTS))
def test_the_readme_says_what_each_application_permission_is_for(name):
    """Every permission asked of an organization stands in the README with its purpose."""
    section = README.partition("| application permission | for |")[2]
    assert f"| `{name}` | " in section.partition("\n\n")[0]


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
        "/{tenant}/oauth2/v2.0/authorize",
        "/{tenant}/oauth2/v2.0/token",
        "/{tenant}/v2.0/adminconsent",
        "/{tenant}/v2.0/.well-known/openid-configuration",
        "/{tenant}/discovery/v2.0/keys",
        "/v1.0/",
        "/_admin/enterpriseapps",
        "/_control",
    )
    assert [path for path in paths if not path.startswith(listed)] == []
    assert [name for name in listed if f"`{name}" not in README] == []


def test_every_setting_is_in_the_readme(sandbox):
    """The settings that the plugin reads are those the README explains."""
    names = [*sandbox.settings("http://127.0.0.1"), "TENANT"]
    assert [name for name in names if f"`TOGETHER_OUTLOOK_{name}`" not in README] == []
