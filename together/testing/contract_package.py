"""The contract of a package: what is missing is named, and its README keeps what it promises.

class TestPackage(PackageContract):
plugin, name = together_acme, "acme"
readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
addresses = ("/authorize", "/token", "/v1/", "/_control")
"""

from __future__ import annotations

from dataclasses import fields
from types import ModuleType
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.routing import Route

from together.providers import CalendarProvider
from together.providers.registry import load
from together.testing.contract_fixtures import overridden
from together.testing.stand_in import StandIn

BASE = "http://127.0.0.1:8000/sandbox"


class PackageContract:
    """Inherit this in a class whose name begins with ``Test``."""

    plugin: ClassVar[ModuleType]
    name: ClassVar[str]
    """The plugin's, which is its sandbox's and its calendar's slug as well."""
    readme: ClassVar[str]
    addresses: ClassVar[tuple[str, ...]]
    """How the addresses of the sandbox begin."""
    further_settings: ClassVar[tuple[str, ...]] = ()
    """Those that the sandbox does not give."""

    def _sandbox(self) -> StandIn[Any, Any]:
        found = load({}, plugins={self.name: self.plugin}, sandboxes=True).sandboxes[self.name]
        assert isinstance(found, StandIn)
        return found

    def _setting(self, name: str) -> str:
        return f"TOGETHER_{self.name.upper()}_{name}"

    def _provider(self) -> CalendarProvider:
        given = self._sandbox().settings(BASE)
        settings = {self._setting(name): value for name, value in given.items()}
        return load(settings, plugins={self.name: self.plugin}).calendars[self.name]

    def test_without_credentials_it_is_left_out(self) -> None:
        """A missing setting is named with its prefix."""
        registry = load({}, plugins={self.name: self.plugin})
        assert (registry.calendars, registry.videos) == ({}, {})
        assert self._setting("CLIENT_ID") in registry.left_out[self.name]

    def test_the_sandbox_brings_the_settings(self) -> None:
        """With the sandbox's settings the plugin talks to the sandbox and to nobody else."""
        provider = self._provider()
        oauth = provider.oauth
        addresses = [oauth.authorize_url, oauth.token_url, oauth.revoke_url or f"{BASE}/"]
        assert provider.origins == {"http://127.0.0.1:8000"}
        assert [each for each in addresses if not each.startswith(f"{BASE}/")] == []

    def test_the_readme_says_what_each_scope_is_for(self) -> None:
        """Every scope asked for stands in a table of the README, with its purpose."""
        oauth = self._provider().oauth
        scopes = oauth.identity_scopes.union(*oauth.scopes.values())
        assert [scope for scope in scopes if f"| `{scope}` | " not in self.readme] == []

    def test_the_readme_names_every_switch(self) -> None:
        """Whatever can be made to go wrong in the sandbox is listed."""
        switches = [known.name for known in fields(self._sandbox().switches)]
        assert [switch for switch in switches if f"`{switch}`" not in self.readme] == []

    def test_the_readme_names_every_address(self) -> None:
        """Every address of the sandbox begins as one that the README lists."""
        app = self._sandbox().app()
        assert isinstance(app, Starlette)
        paths = [route.path for route in app.routes if isinstance(route, Route)]
        assert [path for path in paths if not path.startswith(self.addresses)] == []
        assert [begun for begun in self.addresses if f"`{begun}" not in self.readme] == []

    def test_the_readme_names_every_setting(self) -> None:
        """Every setting that the sandbox gives is explained, and those that it does not."""
        names = [*self._sandbox().settings(BASE), *self.further_settings]
        missing = [name for name in names if f"`{self._setting(name)}`" not in self.readme]
        assert missing == []

    def test_the_contract_is_whole(self) -> None:
        """No test of the contract is overridden, unless it is marked xfail with a reason."""
        assert overridden(type(self), PackageContract) == []
