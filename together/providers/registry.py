"""The providers of this installation: the only code that calls a hook."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any

import pluggy

from together.providers import hookspecs
from together.providers.contract import CalendarProvider, Sandbox, VideoProvider
from together.providers.delegation import Delegation
from together.providers.errors import BadSetting
from together.providers.http import origin
from together.providers.listening import BookingListener
from together.providers.oauth import OAuth
from together.providers.organization_video import OrganizationMeetings
from together.providers.parting import Ends, Parting
from together.providers.plugin_errors import DuplicateProvider as DuplicateProvider
from together.providers.plugin_errors import MissingSetting as MissingSetting
from together.providers.plugin_errors import PluginError as PluginError
from together.providers.plugin_errors import PluginSettings as PluginSettings
from together.providers.plugin_errors import UnknownHook as UnknownHook

NAME = re.compile(r"(?=.{1,31}\Z)[a-z][a-z0-9]*([_-][a-z0-9]+)*\Z")
"""What a plugin's name and a slug look like: both stand in addresses and in the database."""


@dataclass(frozen=True, slots=True)
class Registry:
    """What is installed and set up, by slug; and what was left out, and why."""

    calendars: Mapping[str, CalendarProvider]
    videos: Mapping[str, VideoProvider]
    sandboxes: Mapping[str, Sandbox] = field(default_factory=dict)
    distributions: Mapping[str, str] = field(default_factory=dict)
    """Slug → the distribution that brought it; a stored integration belongs to that one."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Plugin → why it is not used, in words for the operator."""
    plugins: Mapping[str, str] = field(default_factory=dict)
    """Slug → the plugin that registered it."""
    listeners: Mapping[str, BookingListener] = field(default_factory=dict)

    def sandbox_settings(self, slug: str, base_url: str) -> dict[str, str]:
        """Give the settings, with their prefix, that point a plugin at its sandbox."""
        prefix = _prefix(self.plugins[slug])
        return {
            prefix + name: value for name, value in self.sandboxes[slug].settings(base_url).items()
        }


@dataclass(slots=True)
class _Plugin:
    name: str
    distribution: str
    give: Callable[[], object]


def load(
    settings: Mapping[str, str],
    *,
    plugins: Mapping[str, object] | None = None,
    sandboxes: bool = False,
    only: frozenset[str] | None = None,
) -> Registry:
    """Ask every installed plugin, or the given ones by name, for its providers.

    `settings` is the environment (``TOGETHER_…``); `only` names the plugins to load, the names of
    all others stay reserved.  A sandbox is registered even where its plugin's providers lack a
    setting, because it is the sandbox that has it.
    """
    found = sorted(_installed() if plugins is None else _given(plugins), key=lambda p: p.name)
    names = [plugin.name for plugin in found]
    prefixes = [_prefix(name) for name in names]
    if twice := next((n for n in names if prefixes.count(_prefix(n)) > 1), None):
        raise DuplicateProvider(f"two installed packages are the plugin {twice!r}")
    shelves = _Shelves(frozenset(names))
    for plugin in found:
        if only is not None and plugin.name not in only:
            shelves.left_out[plugin.name] = "it is not named in TOGETHER_PLUGINS"
            continue
        _ask(plugin, _view(settings, plugin.name, names), shelves, sandboxes=sandboxes)
    for name in sorted((only or frozenset()).difference(names)):
        shelves.left_out[name] = "no installed package brings a plugin of this name"
    return Registry(
        shelves.calendars,
        shelves.videos,
        shelves.sandboxes,
        {slug: next(p.distribution for p in found if p.name == owner)
         for slug, owner in shelves.owners.items()},
        shelves.left_out,
        shelves.owners,
        shelves.listeners,
    )  # fmt: skip


def _installed() -> Iterator[_Plugin]:
    seen = set()
    for point in entry_points(group=hookspecs.PROJECT):
        distribution = point.dist.name if point.dist else point.module
        if (point.name, point.value, distribution) not in seen:
            seen.add((point.name, point.value, distribution))
            yield _Plugin(point.name, distribution, point.load)


def _given(plugins: Mapping[str, object]) -> Iterator[_Plugin]:
    for name, plugin in plugins.items():
        yield _Plugin(name, name, lambda plugin=plugin: plugin)  # type: ignore[misc]


def _prefix(name: str) -> str:
    return f"TOGETHER_{name.upper().replace('-', '_')}_"


def _view(settings: Mapping[str, str], name: str, names: list[str]) -> PluginSettings:
    """Give a plugin its own settings, and none of a plugin whose name only begins alike.

    What is empty is not set: a line of a ``.env`` that waits for its value.
    """
    prefix = _prefix(name)
    others = [_prefix(other) for other in names if _prefix(other).startswith(prefix)]
    view = PluginSettings(
        (key.removeprefix(prefix), value)
        for key, value in settings.items()
        if key.startswith(prefix)
        and value.strip()
        and not any(key.startswith(other) for other in others if other != prefix)
    )
    view.prefix = prefix
    return view


def _ask(plugin: _Plugin, settings: PluginSettings, shelves: _Shelves, *, sandboxes: bool) -> None:
    """Run the hooks of one plugin; a plugin that fails is left out whole, and said why."""
    if not NAME.match(plugin.name):
        shelves.left_out[plugin.name] = "its name is not lowercase letters, digits, “-” and “_”"
        return
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin.give(), name=plugin.name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise UnknownHook(f"the plugin {plugin.name!r} does not fit: {error}") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a plugin's own code, not trusted)
        shelves.left_out[plugin.name] = f"it cannot be imported ({type(error).__name__})"
        return
    shelf = shelves.of(plugin.name)
    try:
        if sandboxes:
            _run(manager.hook.register_sandboxes, shelf.sandbox, settings)
            shelves.keep(shelf)
        _run(manager.hook.register_calendar_providers, shelf.calendar, settings)
        _run(manager.hook.register_video_providers, shelf.video, settings)
        _run(manager.hook.register_listeners, shelf.listener, settings)
        shelves.keep(shelf)
    except DuplicateProvider:
        raise
    except MissingSetting as missing:
        shelves.left_out[plugin.name] = f"it needs the setting {missing.args[0]}"
    except (_Unfit, BadSetting) as unfit:
        shelves.left_out[plugin.name] = str(unfit)
    except (Exception, SystemExit) as error:  # noqa: BLE001  (its text may hold a setting)
        shelves.left_out[plugin.name] = f"it raised {type(error).__name__} when it started"


def _run(hook: Any, register: Callable[[Any], None], settings: PluginSettings) -> None:
    # A copy, so that a plugin that changes its settings does not change the next hook's.
    view = PluginSettings(settings)
    view.prefix = settings.prefix
    for answer in hook(register=register, settings=view):
        if inspect.iscoroutine(answer):
            answer.close()
            raise _Unfit("its hooks are coroutines; hooks are plain functions")


class _Unfit(Exception):  # noqa: N818
    """What a plugin registered is not what the hook takes."""


@dataclass(slots=True)
class _Shelves:
    """Everything registered so far."""

    names: frozenset[str]
    calendars: dict[str, CalendarProvider] = field(default_factory=dict)
    videos: dict[str, VideoProvider] = field(default_factory=dict)
    sandboxes: dict[str, Sandbox] = field(default_factory=dict)
    listeners: dict[str, BookingListener] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def of(self, plugin: str) -> _Shelf:
        return _Shelf(plugin, self)

    def keep(self, shelf: _Shelf) -> None:
        self.calendars |= shelf.calendars
        self.videos |= shelf.videos
        self.sandboxes |= shelf.sandboxes
        self.listeners |= shelf.listeners
        self.owners |= dict.fromkeys(
            [*shelf.calendars, *shelf.videos, *shelf.sandboxes], shelf.plugin
        )


@dataclass(slots=True)
class _Shelf:
    """What one plugin registers, checked as it comes."""

    plugin: str
    all: _Shelves
    calendars: dict[str, CalendarProvider] = field(default_factory=dict)
    videos: dict[str, VideoProvider] = field(default_factory=dict)
    sandboxes: dict[str, Sandbox] = field(default_factory=dict)
    listeners: dict[str, BookingListener] = field(default_factory=dict)

    def calendar(self, provider: Any) -> None:
        slug = self._slug(provider, CalendarProvider, self.calendars)
        if not isinstance(getattr(provider, "oauth", None), OAuth):
            raise _Unfit(f"its provider {slug!r} does not say how one signs in (oauth)")
        if not _says_origins(provider) or not provider.origins:
            raise _Unfit(f"its provider {slug!r} does not say its origins as https://host[:port]")
        parting = getattr(provider, "parting", None)
        if not isinstance(parting, Parting):
            raise _Unfit(f"its provider {slug!r} does not say what disconnecting ends (parting)")
        if (parting.ends is Ends.NOTHING) is not (provider.oauth.revoke_url is None):
            raise _Unfit(f"its provider {slug!r} says and denies that a consent can be revoked")
        delegation = getattr(provider, "delegation", None)
        if not isinstance(delegation, Delegation | None):
            raise _Unfit(f"its provider {slug!r} has a delegation of another kind")
        self.calendars[slug] = provider

    def video(self, provider: Any) -> None:
        slug = self._slug(provider, VideoProvider, self.videos)
        if not getattr(provider, "join_hosts", None):
            raise _Unfit(f"its provider {slug!r} does not say its join_hosts")
        organization = getattr(provider, "organization", None)
        if not isinstance(organization, OrganizationMeetings | None):
            raise _Unfit(f"its provider {slug!r} makes an organization's meetings in no known way")
        if organization is not None and provider.made_with is not None:
            raise _Unfit(f"its provider {slug!r} makes meetings of its own, and with a calendar")
        if organization is not None and not _says_origins(organization):
            raise _Unfit(f"its provider {slug!r} does not say its origins as https://host[:port]")
        self.videos[slug] = provider

    def sandbox(self, sandbox: Any) -> None:
        self.sandboxes[self._slug(sandbox, Sandbox, self.sandboxes)] = sandbox

    def listener(self, listener: Any) -> None:
        slug = self._slug(listener, BookingListener, self.listeners)
        if not inspect.iscoroutinefunction(listener.booking_changed):
            raise _Unfit(f"its listener {slug!r} has no coroutine booking_changed")
        self.listeners[slug] = listener

    def _slug(self, thing: Any, kind: type[Any], mine: Mapping[str, Any]) -> str:
        if not isinstance(thing, kind):
            raise _Unfit(f"it registered a {type(thing).__name__}, which is no {kind.__name__}")
        slug = getattr(thing, "slug", None)
        if not isinstance(slug, str) or not NAME.match(slug):
            raise _Unfit(f"its slug {slug!r} is not lowercase letters, digits, “-” and “_”")
        if kind not in {Sandbox, BookingListener} and not getattr(thing, "label", None):
            raise _Unfit(f"its provider {slug!r} has no label")
        # A slug is its plugin's name or begins with it, so that no other package can take over
        # the integrations that people made with a plugin, not even while it is left out.
        owner = max((n for n in self.all.names if _owns(n, slug)), key=len, default=None)
        if owner is None:
            raise _Unfit(f"its slug {slug!r} does not begin with its own name")
        if owner != self.plugin:
            raise DuplicateProvider(
                f"the plugin {self.plugin!r} registers {slug!r}, which belongs to {owner!r}"
            )
        if slug in mine:
            raise DuplicateProvider(f"the plugin {owner!r} registers {slug!r} twice")
        return slug


def _says_origins(thing: Any) -> bool:
    try:
        return {origin(address) for address in thing.origins} == set(thing.origins)
    except (ValueError, TypeError, AttributeError):
        return False


def _owns(name: str, slug: str) -> bool:
    return f"{slug}_".replace("-", "_").startswith(f"{name}_".replace("-", "_"))
