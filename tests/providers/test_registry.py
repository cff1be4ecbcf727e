"""Plugins are asked once, get their own settings only, and a mistake in one is told by name."""

import sys
from importlib.metadata import Distribution, EntryPoint
from types import SimpleNamespace

import pytest

from together.providers import BadSetting, hookimpl, registry
from together.providers.registry import DuplicateProvider, UnknownHook, load
from together.testing import memory
from together.testing.memory import MemoryCalendar, MemoryMeet
from together.testing.memory_sandbox import MemorySandbox

SETTINGS = {"TOGETHER_MEMORY_BASE_URL": "https://memory.example"}
MEMORY = {"memory": memory}


def calendar(slug="memory", **more):
    """Make a provider that differs from the memory calendar."""
    return type("Other", (MemoryCalendar,), {"slug": slug, **more})("https://memory.example")


def plugin(*providers, hook="register_calendar_providers"):
    """Make a plugin that registers these."""

    def ask(self, register):
        for provider in providers:
            register(provider)

    return type("Plugin", (), {hook: hookimpl(ask)})()


def keys(found):
    return (sorted(found.calendars), sorted(found.videos), sorted(found.sandboxes))


def test_register_calendar_providers():
    """A calendar that a plugin registers is offered under its slug."""
    found = load(SETTINGS, plugins=MEMORY)
    assert found.calendars["memory"].label == "Memory Calendar"
    names = ("memory", "memory_meet", "memory_rooms")
    assert found.distributions == dict.fromkeys(names, "memory")
    assert found.left_out == {}


def test_register_video_providers():
    """A video service that a plugin registers is offered under its slug."""
    found = load(SETTINGS, plugins=MEMORY)
    assert found.videos["memory_meet"].made_with == "memory"


def test_register_sandboxes():
    """Sandboxes are registered where they are asked for, and nowhere else."""
    assert keys(load(SETTINGS, plugins=MEMORY)) == (["memory"], ["memory_meet", "memory_rooms"], [])
    found = load(SETTINGS, plugins=MEMORY, sandboxes=True)
    assert keys(found) == (["memory"], ["memory_meet", "memory_rooms"], ["memory"])


def test_a_sandbox_brings_the_settings_its_plugin_lacks():
    """A plugin that is not set up still gives its sandbox, which says how to set it up."""
    first = load({}, plugins=MEMORY, sandboxes=True)
    assert keys(first) == ([], [], ["memory"])
    brought = first.sandbox_settings("memory", "http://127.0.0.1:8000/sandbox")
    assert brought == {"TOGETHER_MEMORY_BASE_URL": "http://127.0.0.1:8000/sandbox"}
    assert keys(load(brought, plugins=MEMORY)) == (["memory"], ["memory_meet", "memory_rooms"], [])


def test_a_plugin_without_its_settings_is_left_out_by_name():
    """One plugin that is not set up is listed with what it needs, and the others work."""
    found = load({}, plugins={**MEMORY, "acme": plugin(calendar("acme"))})
    assert keys(found) == (["acme"], [], [])
    assert found.left_out == {"memory": "it needs the setting TOGETHER_MEMORY_BASE_URL"}


@pytest.mark.parametrize("empty", ["", " ", "\t"])
def test_an_empty_setting_is_a_missing_one(empty):
    """A setting that was left without a value is asked for by name; an optional one is unset."""
    seen = {}

    class Curious:
        @hookimpl
        def register_calendar_providers(self, settings):
            seen.update(settings, usual=settings.get("API_URL", "usual"))

    environment = {"TOGETHER_MEMORY_BASE_URL": empty, "TOGETHER_ACME_API_URL": empty}
    found = load(environment, plugins={**MEMORY, "acme": Curious()})
    assert found.left_out == {"memory": "it needs the setting TOGETHER_MEMORY_BASE_URL"}
    assert seen == {"usual": "usual"}


def test_a_plugin_that_ends_the_process_is_left_out(monkeypatch, tmp_path):
    """A plugin that calls sys.exit, when it is imported or when it starts, ends nothing of ours."""
    (tmp_path / "together_leaving.py").write_text("import sys\nsys.exit(3)\n")
    monkeypatch.syspath_prepend(tmp_path)
    installed(
        monkeypatch,
        ("memory", "together.testing.memory", "together-memory"),
        ("leaving", "together_leaving", "together-leaving"),
    )
    found = load(SETTINGS)
    assert keys(found) == (["memory"], ["memory_meet", "memory_rooms"], [])
    assert found.left_out == {"leaving": "it cannot be imported (SystemExit)"}

    class Leaving:
        @hookimpl
        def register_calendar_providers(self):
            sys.exit("s3cret")

    assert load({}, plugins={"leaving": Leaving()}).left_out == {
        "leaving": "it raised SystemExit when it started"
    }


def test_a_plugin_that_raises_is_left_out_whole():
    """What it registered before it failed is not offered, and its error's text is not told."""

    class Broken:
        @hookimpl
        def register_calendar_providers(self, register):
            register(calendar("broken"))
            raise RuntimeError("s3cret")

    found = load(SETTINGS, plugins={**MEMORY, "broken": Broken()})
    assert keys(found) == (["memory"], ["memory_meet", "memory_rooms"], [])
    assert found.left_out == {"broken": "it raised RuntimeError when it started"}


def test_a_coroutine_is_no_hook():
    """A hook that nobody would await is told, not forgotten."""

    class Asynchronous:
        @hookimpl
        async def register_calendar_providers(self, register): ...

    found = load({}, plugins={"acme": Asynchronous()})
    assert found.left_out == {"acme": "its hooks are coroutines; hooks are plain functions"}


def test_each_plugin_gets_the_settings_under_its_prefix():
    """Neither our own settings nor another plugin's reach it, even if its name begins alike."""
    seen = {}

    class Curious:
        def __init__(self, name):
            self.name = name

        @hookimpl
        def register_calendar_providers(self, settings):
            seen[self.name] = dict(settings)
            settings["ID"] = "changed"

        @hookimpl
        def register_video_providers(self, settings):
            assert dict(settings) == seen[self.name]

    environment = {
        "TOGETHER_DATABASE": "postgres://secret",
        "TOGETHER_KEYS": "/keys",
        "TOGETHER_ACME_ID": "1",
        "TOGETHER_ACME_VIDEO_ID": "2",
        "TOGETHER_ACME_VIDEO_SECRET": "3",
        "TOGETHER_ACMEISH_ID": "4",
        "ACME_ID": "5",
    }
    names = ("acme", "acme-video", "acmeish")
    found = load(environment, plugins={name: Curious(name) for name in names})
    assert found.left_out == {}
    assert seen == {
        "acme": {"ID": "1"},
        "acme-video": {"ID": "2", "SECRET": "3"},
        "acmeish": {"ID": "4"},
    }


def test_one_slug_one_provider():
    """A plugin that registers what belongs to another is refused by name."""
    with pytest.raises(DuplicateProvider, match=r"'acme' registers 'memory'.*'memory'"):
        load(SETTINGS, plugins={**MEMORY, "acme": plugin(calendar("memory"))})
    with pytest.raises(DuplicateProvider, match="'acme' registers 'acme' twice"):
        load({}, plugins={"acme": plugin(calendar("acme"), calendar("acme"))})


@pytest.mark.parametrize("slug", ["memory", "memory_meet", "memory-meet"])
@pytest.mark.parametrize("only", [None, frozenset({"acme"})])
def test_the_slug_of_a_plugin_that_is_left_out_is_not_free(slug, only):
    """Whoever waits for a plugin to fail does not get the integrations made with it."""
    with pytest.raises(DuplicateProvider, match=slug):
        load({}, plugins={**MEMORY, "acme": plugin(calendar(slug))}, only=only)


def test_a_slug_begins_with_its_plugins_name():
    """A slug that is nobody's is not taken by whoever comes first."""
    found = load({}, plugins={"acme": plugin(calendar("outlook"))})
    assert found.left_out == {"acme": "its slug 'outlook' does not begin with its own name"}


def test_only_the_named_plugins_are_loaded():
    """With a list of names the others are neither run nor imported, and a wrong name is told."""
    bomb = SimpleNamespace()
    found = load(SETTINGS, plugins={**MEMORY, "acme": bomb}, only=frozenset({"memory", "zoom"}))
    assert keys(found) == (["memory"], ["memory_meet", "memory_rooms"], [])
    assert found.left_out == {
        "acme": "it is not named in TOGETHER_PLUGINS",
        "zoom": "no installed package brings a plugin of this name",
    }


def test_a_misspelt_hook_is_refused():
    """A hook that we do not have is an error with the plugin's name, not silence."""
    with pytest.raises(UnknownHook, match=r"acme.*register_calender_providers"):
        load({}, plugins={"acme": plugin(hook="register_calender_providers")})


def test_an_argument_that_a_hook_does_not_have_is_refused():
    """A hook that asks for more than there is would never run."""

    class Greedy:
        @hookimpl
        def register_calendar_providers(self, register, database): ...

    with pytest.raises(UnknownHook, match="acme"):
        load({}, plugins={"acme": Greedy()})


@pytest.mark.parametrize(
    ("registered", "why"),
    [
        (MemoryMeet(), "it registered a MemoryMeet, which is no CalendarProvider"),
        (MemorySandbox(), "it registered a MemorySandbox, which is no CalendarProvider"),
        (calendar("Acme"), "its slug 'Acme' is not lowercase letters, digits, “-” and “_”"),
        (calendar("acme/x"), "its slug 'acme/x' is not lowercase letters, digits, “-” and “_”"),
        (calendar("acme", label=""), "its provider 'acme' has no label"),
    ],
)
def test_what_does_not_fit_is_left_out(registered, why):
    """A provider that could not work is told when the app starts, not when somebody connects."""
    assert load({}, plugins={"acme": plugin(registered)}).left_out == {"acme": why}


@pytest.mark.parametrize(
    "origins",
    [frozenset(), None, frozenset({"http://a.example"}), frozenset({"https://a.example/path"})],
)
def test_origins_are_said_as_origins(origins):
    """A provider whose origins could never match a request is left out."""
    provider = calendar("acme")
    provider.origins = origins
    why = "its provider 'acme' does not say its origins as https://host[:port]"
    assert load({}, plugins={"acme": plugin(provider)}).left_out == {"acme": why}


def test_how_one_signs_in_is_said():
    """A provider that does not say it cannot be connected."""
    provider = calendar("acme")
    provider.oauth = None
    why = "its provider 'acme' does not say how one signs in (oauth)"
    assert load({}, plugins={"acme": plugin(provider)}).left_out == {"acme": why}


def test_a_video_service_says_where_its_links_lead():
    """A link is believed on the hosts its provider declared, so it must declare some."""
    video = type("Video", (MemoryMeet,), {"slug": "acme", "join_hosts": frozenset()})()
    found = load({}, plugins={"acme": plugin(video, hook="register_video_providers")})
    assert found.left_out == {"acme": "its provider 'acme' does not say its join_hosts"}


def installed(monkeypatch, *points):
    """Let these be the installed entry points: (name, value, distribution)."""

    class Installed(Distribution):
        def __init__(self, name):
            self._name = name

        name = property(lambda self: self._name)

        def read_text(self, filename):
            return None

        def locate_file(self, path):
            return path

    found = [EntryPoint(name, value, "together")._for(Installed(d)) for name, value, d in points]
    monkeypatch.setattr(registry, "entry_points", lambda group: found)


def test_an_installed_plugin_is_found(monkeypatch):
    """A package with an entry point needs nothing else, and is known by its own name."""
    point = ("memory", "together.testing.memory", "together-memory")
    installed(monkeypatch, point, point)
    found = load(SETTINGS)
    assert found.distributions == dict.fromkeys(
        ("memory", "memory_meet", "memory_rooms"), "together-memory"
    )


def test_a_plugin_that_cannot_be_imported_is_left_out(monkeypatch):
    """A broken package is named, and the others work."""
    installed(
        monkeypatch,
        ("memory", "together.testing.memory", "together-memory"),
        ("acme", "together_nowhere", "together-acme"),
    )
    found = load(SETTINGS)
    assert keys(found) == (["memory"], ["memory_meet", "memory_rooms"], [])
    assert found.left_out == {"acme": "it cannot be imported (ModuleNotFoundError)"}


def test_two_packages_are_not_one_plugin(monkeypatch):
    """Two packages whose plugins share a name would share settings and integrations."""
    installed(
        monkeypatch,
        ("memory", "together.testing.memory", "together-memory"),
        ("memory", "together.testing.memory", "copycat"),
    )
    with pytest.raises(DuplicateProvider, match="memory"):
        load(SETTINGS)


def test_a_name_that_is_none_is_left_out(monkeypatch):
    """A plugin's name becomes a prefix of settings, so it is plain."""
    installed(monkeypatch, ("Acme Calendar", "together.testing.memory", "together-acme"))
    assert load({}).left_out == {
        "Acme Calendar": "its name is not lowercase letters, digits, “-” and “_”"
    }


def test_a_plugin_with_a_bad_address_is_left_out():
    """An address without TLS is refused while the provider is built, and the operator is told."""
    found = load({"TOGETHER_MEMORY_BASE_URL": "http://memory.example"}, plugins=MEMORY)
    assert keys(found) == ([], [], [])
    assert found.left_out == {"memory": "a base address is https, except on the loopback interface"}


def test_a_bad_setting_is_told_in_the_plugins_words():
    """What a plugin says of a setting is said to the operator, whatever else it was to bring."""

    class Wrong:
        @hookimpl
        def register_calendar_providers(self, register):
            register(calendar("acme"))
            raise BadSetting("TOGETHER_ACME_SERVER is an address")

    found = load({}, plugins={"acme": Wrong()})
    assert found.left_out == {"acme": "TOGETHER_ACME_SERVER is an address"}
    assert found.calendars == {}
