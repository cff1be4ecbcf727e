"""The package as it is installed, and what its README promises."""

from __future__ import annotations

from pathlib import Path

import pytest
import together_outlook
from together_outlook.testing.checker import ASKED_OF_TENANTS

from together.providers.registry import load
from together.testing.contract_package import PackageContract

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
CREDENTIALS = {"TOGETHER_OUTLOOK_CLIENT_ID": "id", "TOGETHER_OUTLOOK_CLIENT_SECRET": "secret"}


class TestPackage(PackageContract):
    plugin, name, readme = together_outlook, "outlook", README
    addresses = (
        "/{tenant}/oauth2/v2.0/authorize",
        "/{tenant}/oauth2/v2.0/token",
        "/{tenant}/v2.0/adminconsent",
        "/{tenant}/v2.0/.well-known/openid-configuration",
        "/{tenant}/discovery/v2.0/keys",
        "/v1.0/",
        "/_admin/enterpriseapps",
        "/_calendar",
        "/_control",
    )
    further_settings = ("TENANT",)


def test_the_installed_plugin_is_found():
    """The entry point brings the calendar and Teams, and no sandbox unless one is asked for."""
    registry = load(CREDENTIALS, only=frozenset({"outlook"}))
    assert registry.calendars["outlook"].label == "Outlook Calendar"
    assert registry.videos["outlook-teams"].made_with == "outlook"
    assert registry.sandboxes == {}
    assert registry.distributions["outlook"] == "together-outlook"


def test_a_tenant_that_is_none_is_named():
    """The operator is told which setting is wrong, and not what stands in it."""
    registry = load(
        CREDENTIALS | {"TOGETHER_OUTLOOK_TENANT": "https://evil.example"},
        plugins={"outlook": together_outlook},
    )
    assert "TENANT" in registry.left_out["outlook"]
    assert "evil" not in registry.left_out["outlook"]


@pytest.mark.parametrize("name", sorted(ASKED_OF_TENANTS))
def test_the_readme_says_what_each_application_permission_is_for(name):
    """Every permission asked of an organization stands in the README with its purpose."""
    section = README.partition("| application permission | for |")[2]
    assert f"| `{name}` | " in section.partition("\n\n")[0]
