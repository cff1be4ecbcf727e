"""A plugin that `together plugins new` wrote works at once, and `plugins check` reports on one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo_process import ask, command, demo, free_port
from together.cli import new_plugin
from together.cli.check_plugin import WARNING
from together.cli.stop import Stop

ROOT = Path(__file__).parents[2]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes a package, and lets the processes of a test find it as an installed one is found."""

    def install(name: str, *, video: bool = False) -> Path:
        folder = new_plugin.write(name, tmp_path, video=video)
        known = folder / f"{folder.name.replace('-', '_')}-0.1.0.dist-info"
        known.mkdir()
        (known / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {folder.name}\nVersion: 0.1.0\n"
        )
        module = folder.name.replace("-", "_")
        (known / "entry_points.txt").write_text(f"[together]\n{name} = {module}\n")
        monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{ROOT}")
        return folder

    return install


def ran(*words: str, folder: Path, **environ: str) -> tuple[int, str]:
    done = subprocess.run(  # noqa: S603
        words, cwd=folder, env=os.environ | environ, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def files_of(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder))


@pytest.mark.parametrize("video", [False, True])
def test_a_new_package_is_clean_and_passes_its_tests(tmp_path: Path, *, video: bool) -> None:
    """Linter, formatter, strict types and the contract have nothing to say about it."""
    folder = new_plugin.write("blue-sky", tmp_path, video=video)
    assert list(files_of(folder)) == [
        "README.md",
        "pyproject.toml",
        "tests/test_contract.py",
        "together_blue_sky/__init__.py",
        "together_blue_sky/contract.py",
        "together_blue_sky/py.typed",
        "together_blue_sky/sandbox.py",
    ]
    told = [path for path in files_of(folder) if "acme" in (folder / path).read_text().casefold()]
    assert told == []
    here = {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "MYPYPATH": str(ROOT)}
    tools = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy", "--strict"])
    for words in (*tools, ["pytest", "-q", "-p", "no:cacheprovider"]):
        code, said = ran(sys.executable, "-m", *words, folder=folder, **here)
        assert code == 0, said


def test_a_new_package_stands_in_the_demo_as_it_is(installed, demo_folder: Path) -> None:
    """Listed, served with its sandbox, and offered to members, without a line of ours changed."""
    folder = installed("blue-sky")
    prefix = "TOGETHER_BLUE_SKY_CLIENT_"
    given = {f"{prefix}ID": "blue-sky", f"{prefix}SECRET": "s3cr3t"}
    code, said = ran(*command("plugins"), folder=folder, **given)
    line = "blue-sky: BlueSky Calendar (calendar), from together-blue-sky"
    assert (code, line in said.splitlines()) == (0, True)
    port = free_port()
    with demo(demo_folder, port) as (_, printed):
        assert f"http://127.0.0.1:{port}/sandbox/blue-sky/_control" in printed
        words = command("token", "--folder", str(demo_folder), "elin@saltmarsh.example.org")
        token = ran(*words, folder=folder)[1].split()[0]
        found = ask(port, token, "{ viewer { calendarProviders { slug label } } }")
    assert {"slug": "blue-sky", "label": "BlueSky Calendar"} in found["data"]["viewer"][
        "calendarProviders"
    ]


def test_a_check_says_what_is_kept_and_what_is_excused(installed) -> None:
    """First whose code is run, then each test of the contract; what is broken ends it with 1."""
    folder = installed("acme", video=True)
    contract = folder / "together_acme" / "contract.py"
    contract.write_text(
        contract.read_text()
        + '''
    @pytest.mark.xfail(reason="Acme keeps nothing.")
    async def test_an_excused_one(self) -> None:
        raise AssertionError

    @pytest.mark.skip(reason="Not today.")
    def test_a_skipped_one(self) -> None:
        """Nobody looks."""

    def test_a_broken_one(self) -> None:
        raise AssertionError("no link")
'''
    )
    code, said = ran(*command("plugins", "check", "acme"), folder=folder)
    first, *lines, last = said.splitlines()
    assert (code, first) == (1, WARNING.format(package="together-acme"))
    assert [line for line in lines if not line.startswith("supported  ")] == [
        "excused    an excused one: Acme keeps nothing.",
        "not kept   a skipped one: Not today.",
        "not kept   a broken one: AssertionError: no link",
    ]
    supported = len(lines) - 3
    assert last == f"together-acme: {supported} supported, 1 excused, 2 not kept."
    assert supported > 15


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Blue", "'Blue' names no plugin. Use a-z first"),
        ("9lives", "'9lives' names no plugin"),
        ("a" * 32, "31 characters at most"),
        ("../acme", "'../acme' names no plugin"),
        ("google", "google is reserved: it belongs to the plugin google."),
        ("outlook-teams", "outlook-teams is reserved: it belongs to the plugin outlook."),
        ("caldav", "caldav is reserved: it belongs to the plugin caldav."),
        ("mail", "mail is reserved: settings of Together itself begin with TOGETHER_MAIL."),
    ],
)
def test_a_name_that_cannot_be_had_is_told(tmp_path: Path, name: str, words: str) -> None:
    """A bad name, a reserved slug and one of our own settings are each a sentence, and no file."""
    with pytest.raises(Stop) as told:
        new_plugin.write(name, tmp_path, video=False)
    assert (words in str(told.value), told.value.code) == (True, 2)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(together, tmp_path: Path) -> None:
    """The second package of a name is refused, and the first stays as it is."""
    code, out, err = together("plugins", "new", "acme")
    assert (code, out.splitlines()[0], err) == (
        0,
        "together-acme holds a plugin that works. Install and test it:",
        "",
    )
    (tmp_path / "together-acme" / "README.md").write_text("mine")
    words = "together-acme is there already. Name another plugin, or move it away."
    assert together("plugins", "new", "acme", "--video") == (1, "", f"together: {words}\n")
    assert (tmp_path / "together-acme" / "README.md").read_text() == "mine"


def test_a_plugin_that_is_not_there_cannot_be_checked(together) -> None:
    """Its name is given back, with those that are installed."""
    words = "No installed plugin is called 'nope'. Installed: google, jitsi, outlook."
    code, out, err = together("plugins", "check", "nope")
    assert (code, out, err.startswith("together: No installed plugin")) == (1, "", True)
    assert words.partition(" Installed")[0] in err
