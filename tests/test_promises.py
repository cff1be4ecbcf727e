"""What we promised to keep doing, whoever changes what."""

import ast
import json
import logging
import re
import sys
from pathlib import Path
from typing import Any

import httpx
import pluggy
import pytest
from importlinter.cli import lint_imports

from together.providers import Access, CalendarProvider, Span, hookspecs
from together.providers.registry import load
from together.testing.hands import BASE_URL, REDIRECT_URI, mounted
from together.testing.provider_contract import ADA, CalendarContract

HERE = Path(__file__).parents[1]
GUIDE = (HERE / "plugins" / "README.md").read_text()
PACKAGES = [HERE / "together", *HERE.glob("plugins/*/together_*")]
SOURCES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
LISTS = {
    "together/store/migrations/m0001_initial.py": 400,  # history: written once, never edited
}
OWN_PLUGINS = sorted(path.parent.name for path in HERE.glob("plugins/*/pyproject.toml"))
WITH_CREDENTIALS = ["google", "outlook"]
TESTS = sorted([*HERE.glob("tests/**/test_*.py"), *HERE.glob("plugins/*/tests/**/test_*.py")])


def specs() -> dict[str, pluggy.HookCaller]:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return {name: hook for name, hook in vars(manager.hook).items() if not name.startswith("_")}


HOOKS = specs()


def _tests_in(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, functions)]
    return [node for node in found if node.name.startswith("test_")]


def test_imports_go_down(capsys: pytest.CaptureFixture[str]) -> None:
    """No floor imports one above it, and plugins see the contract only; see [tool.importlinter]."""
    loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    before = [(each, each.disabled) for each in loggers]
    kept = lint_imports(config_filename=str(HERE / "pyproject.toml"), no_cache=True) == 0
    for each, disabled in before:  # it silences every logger there is, for all tests that follow
        each.disabled = disabled
    assert kept, capsys.readouterr().out


def test_the_domain_is_pure() -> None:
    """The domain imports itself and the standard library, and no clock or network of that."""
    imported = set()
    for path in (HERE / "together" / "domain").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")
            if isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)
    foreign = {name for name in imported if not name.startswith("together.domain")}
    assert {name.partition(".")[0] for name in foreign} <= sys.stdlib_module_names
    assert not foreign & {"asyncio", "http", "os", "random", "socket", "sqlite3", "time"}


def test_our_own_plugins_are_plugins_like_any() -> None:
    """They are found by entry point, and their sandboxes bring all that they need."""
    first = load({}, sandboxes=True)
    brought: dict[str, str] = {}
    for slug in first.sandboxes:
        brought |= first.sandbox_settings(slug, f"http://127.0.0.1:8000/sandbox/{slug}")
    found = load(brought)
    assert (sorted(found.calendars), found.left_out) == (["google", "outlook"], {})
    assert {slug: found.distributions[slug] for slug in {*found.calendars, *found.videos}} == {
        "google": "together-google",
        "google-meet": "together-google",
        "jitsi": "together-jitsi",
        "outlook": "together-outlook",
        "outlook-teams": "together-outlook",
    }


def needed(name: str) -> tuple[list[str], str]:
    """The settings a plugin of ours does not start without, and its service's label."""
    brought = load({}, only=frozenset({name}), sandboxes=True).sandbox_settings(name, BASE_URL)
    found = load(brought, only=frozenset({name}))
    settings = []
    for one in brought:
        others = {other: value for other, value in brought.items() if other != one}
        why = load(others, only=frozenset({name})).left_out.get(name)
        if why == f"it needs the setting {one}":
            settings.append(one)
    return settings, (found.videos | found.calendars)[name].label


@pytest.mark.parametrize("name", OWN_PLUGINS)
def test_readme_tells_of_every_plugin(name: str) -> None:
    """It is installed and set up there, and named nowhere as not there yet."""
    settings, label = needed(name)
    readme, security = (HERE / "README.md").read_text(), (HERE / "SECURITY.md").read_text()
    prefix = f"TOGETHER_{name.upper()}_"
    [row] = re.findall(rf"^\| `{prefix}…` \|.*$", readme, re.MULTILINE)
    assert re.search(rf"pip install .*\./plugins/{name}\b", readme)
    assert (f"{prefix}CLIENT_ID" in settings) is (name in WITH_CREDENTIALS)
    assert settings
    assert [one for one in settings if f"`{one.removeprefix(prefix)}`" not in row] == []
    assert label in readme
    missing = readme.partition("\n## Not there yet\n")[2].partition("\n## ")[0]
    missing += security.partition("\n## Not built yet\n")[2].partition("\n## ")[0]
    assert missing
    assert label not in missing


@pytest.mark.parametrize("name", WITH_CREDENTIALS)
def test_readme_tells_how_credentials_are_had(name: str) -> None:
    """Where a service knows us by credentials, a section says how one gets and sets them."""
    settings, _ = needed(name)
    credentials = [
        section
        for section in (HERE / "README.md").read_text().split("\n## ")
        if re.match(r"Using real .* credentials\n", section) and f"/callback/{name}`" in section
    ]
    assert [len(credentials)] + [one for one in settings if one not in credentials[0]] == [1]


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_every_hook_is_documented(name: str) -> None:
    """Each hook has a heading with its full signature in the plugin guide, and words below it."""
    spec = HOOKS[name].spec
    assert spec is not None
    heading = f"### {name}({', '.join(spec.argnames)})\n"
    assert heading in GUIDE
    assert spec.function.__doc__
    assert len(GUIDE.partition(heading)[2].strip().partition("\n\n")[0]) > 40


def test_no_hook_is_documented_that_there_is_not() -> None:
    """The guide's headings are the hooks we have."""
    assert sorted(re.findall(r"^### (\w+)\(", GUIDE, re.MULTILINE)) == sorted(HOOKS)


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_every_hook_has_a_test(name: str) -> None:
    """Each hook has a test that bears its name."""
    assert f"test_{name}" in {test.name for path in TESTS for test in _tests_in(path)}


def test_the_guide_says_whom_it_trusts() -> None:
    """The first paragraph of the plugin guide is the trust boundary."""
    first = GUIDE.split("\n\n")[1]
    assert "code that you trust" in first


async def test_the_guides_first_example_is_the_smallest_plugin() -> None:
    """It stands there letter by letter as it is installed, and makes one room for one key."""
    shown = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert shown[0] == (HERE / "plugins/jitsi/together_jitsi/__init__.py").read_text()
    module: dict[str, Any] = {}
    exec(compile(shown[0], "plugins/README.md", "exec"), module)  # noqa: S102
    plugin = type("Jitsi", (), {name: value for name, value in module.items() if "__" not in name})
    settings = {"TOGETHER_JITSI_SERVER": "https://m.example.org", "TOGETHER_JITSI_SECRET": "s" * 32}
    video = load(settings, plugins={"jitsi": plugin}).videos["jitsi"]
    assert video.organization is not None
    async with httpx.AsyncClient(trust_env=False) as http:
        rooms = video.organization.open(Access(http=http))
        span = Span.of(0, 3600)
        made = [await rooms.create(key="k" * 32, span=span, title="Session") for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].join_url.startswith("https://m.example.org/")


def test_the_guides_plugin_runs() -> None:
    """The calendar that the guide shows is a plugin, found and set up as the guide says."""
    module: dict[str, object] = {}
    shown = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    exec(compile(shown[1], "plugins/README.md", "exec"), module)  # noqa: S102
    plugin = type("Acme", (), {name: value for name, value in module.items() if "__" not in name})
    settings = {"TOGETHER_ACME_CLIENT_ID": "id", "TOGETHER_ACME_CLIENT_SECRET": "s"}
    found = load(settings, plugins={"acme": plugin}).calendars["acme"]
    assert isinstance(found, CalendarProvider)
    assert found.label == "Acme Calendar"
    assert load({}, plugins={"acme": plugin}).left_out == {
        "acme": "it needs the setting TOGETHER_ACME_CLIENT_ID"
    }


def test_the_guides_other_examples_are_right() -> None:
    """What the guide shows of errors and of the kit uses names that exist."""
    shown = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert len(shown) == 5
    module: dict[str, Any] = {}
    for example in shown[2:]:
        exec(compile(example, "plugins/README.md", "exec"), module)  # noqa: S102
    assert CalendarContract in module["TestAcme"].__mro__


async def test_the_guides_sandbox_runs() -> None:
    """The sandbox that the guide shows is walked through, fails when told to, and is well again."""
    module: dict[str, Any] = {}
    examples = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    [shown] = [example for example in examples if "class AcmeSandbox" in example]
    exec(compile(shown, "plugins/README.md", "exec"), module)  # noqa: S102
    sandbox = module["AcmeSandbox"]()
    sandbox.populate([ADA])
    sandbox.world.access["t0ken"] = module["Token"](ADA.email, ["freebusy.read"], 2**40)
    other = module["AcmeSandbox"]()
    other.load(json.loads(json.dumps(sandbox.dump())))
    query = {"redirect_uri": REDIRECT_URI, "state": "st4te", "login_hint": ADA.email}
    signed = {"authorization": "Bearer t0ken"}
    async with httpx.AsyncClient(transport=mounted(other), base_url=f"{BASE_URL}/") as http:
        url = httpx.URL(f"{BASE_URL}/oauth/authorize", params=query)
        location = await other.allow(http, str(url), ADA.email)
        assert location == f"{REDIRECT_URI}?code=code-0&state=st4te"
        for down, status in ((True, 503), (False, 200)):
            assert (await http.post("_control", json={"down": down})).status_code == 200
            assert (await http.get("v1/me", headers=signed)).status_code == status
        await http.post("_control/revoke", json={"email": ADA.email})
        assert (await http.get("v1/me", headers=signed)).status_code == 401


def test_files_stay_small() -> None:
    """A file that no longer fits a reader's head is split, unless it is one list."""
    sizes = {str(path.relative_to(HERE)): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: size for name, size in sizes.items() if size > LISTS.get(name, 300)} == {}


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(HERE)))
def test_every_test_says_what_it_proves(path: Path) -> None:
    """A test's docstring is a sentence, so that a failing run reads as a broken specification."""
    silent = [test.name for test in _tests_in(path) if not ast.get_docstring(test)]
    assert silent == []


def test_only_the_registry_calls_hooks() -> None:
    """Pluggy returns anything, so one place calls it and types what comes back."""
    callers = [path.name for path in SOURCES if re.search(r"\.hook\.\w", path.read_text())]
    assert callers == ["registry.py"]


def test_one_way_into_a_transaction() -> None:
    """`in_transaction` keeps lock and connection when it is cancelled; one place is safe."""
    users = [path.name for path in SOURCES if re.search(r"\bin_transaction\(", path.read_text())]
    assert set(users) <= {"transaction.py"}
