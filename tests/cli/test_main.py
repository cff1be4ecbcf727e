"""Every way a command can end is a sentence and a code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import together as package
from together import __version__
from together.cli import main as cli
from together.cli import migrate
from together.cli.main import COMMANDS, main
from together.store import migrate as store_migrate
from together.store.migrate import steps

ISSUERS = '[{"issuer": "https://x.example", "audience": "x", "organization": "saltmarsh"}]'
ROOT = Path(package.__file__).parent.parent


def test_help_lists_every_command(together):
    """Without a command, and with --help, everything there is to type is said."""
    code, out, err = together("--help")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines() if line.startswith("  ")] == list(COMMANDS)
    assert together() == (2, out, "")


def test_the_version_is_said(together):
    """`together --version` names program and version."""
    assert together("--version") == (0, f"together {__version__}\n", "")


def test_a_command_that_there_is_not_is_named(together):
    """A word that is no command is given back in one sentence."""
    words = "together: There is no command 'serv'. `together --help` lists them.\n"
    assert together("serv") == (2, "", words)


@pytest.mark.parametrize(
    "name", [name for name in COMMANDS if name in {"keys", "migrate", "token"}]
)
def test_a_command_explains_itself(together, name):
    """`--help` after a command says what it does, in the words of the overview."""
    code, out, err = together(name, "--help")
    assert (code, err) == (0, "")
    assert COMMANDS[name].lower() in " ".join(out.lower().split())


def test_a_wrong_argument_is_said_with_the_usage(together):
    """An argument that a command does not know ends with code 2."""
    code, out, err = together("migrate", "--now")
    assert (code, out) == (2, "")
    assert err.endswith("together migrate: error: unrecognized arguments: --now\n")


def test_a_bad_environment_is_told_whole(together, environ):
    """Each problem is a line, and nothing is done."""
    environ(PORT="x", LOG_LEVEL="loud")
    assert together("migrate") == (
        2,
        "",
        "together: TOGETHER_PORT is 'x'. Set it to a number from 1 to 65535.\n"
        "together: TOGETHER_LOG_LEVEL is 'loud'. Set it to DEBUG, INFO, WARNING or ERROR.\n",
    )


def test_the_dotenv_of_the_folder_is_read(together, tmp_path):
    """A `.env` in the folder counts like the environment."""
    (tmp_path / ".env").write_text("TOGETHER_PORT=x\n")
    assert together("migrate")[2] == (
        "together: TOGETHER_PORT is 'x'. Set it to a number from 1 to 65535.\n"
    )


def test_a_fault_of_ours_is_a_sentence_without_a_traceback(together, environ, monkeypatch):
    """What nobody expected names its kind and how to see more, and never its text."""

    def broken(*_):
        raise ValueError("canary-secret")

    monkeypatch.setattr(migrate, "run", broken)
    assert together("migrate") == (
        1,
        "",
        "together: Something unexpected went wrong (ValueError). Run the command again with "
        "TOGETHER_LOG_LEVEL=DEBUG to see where.\n",
    )
    environ(LOG_LEVEL="DEBUG")
    _code, _out, err = together("migrate")
    assert "in broken" in err
    assert "canary" not in err


def test_ctrl_c_ends_without_a_word(together, monkeypatch):
    """An interrupted command prints nothing and ends with the code of shells."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(migrate, "run", interrupted)
    assert together("migrate") == (130, "", "")


def test_migrate_says_each_step_and_can_be_repeated(together, monkeypatch):
    """Steps are named as they are taken, the first ones and the later; then there is none."""
    names = [step.name for step in steps()]
    with monkeypatch.context() as patch:
        patch.setattr(store_migrate, "steps", lambda: steps()[:1])
        words = f"{names[0]} done\nThe database is up to date (1 step taken).\n"
        assert together("migrate") == (0, words, "")
    done = "".join(f"{name} done\n" for name in names[1:])
    code, out, err = together("migrate")
    assert (code, out[: len(done)], err) == (0, done, "")
    again = "The database is up to date (0 steps taken).\n"
    assert together("migrate") == (0, again, "")


def test_a_database_that_cannot_be_made_is_said(together, environ):
    """A folder that is not there is a sentence, and so is a name that no file can have."""
    environ(DATABASE="sqlite:///nowhere/together.db")
    assert together("migrate") == (
        1,
        "",
        "together: No database can be made at nowhere/together.db: No such file or directory.\n",
    )
    environ(DATABASE=f"sqlite:///{'a' * 300}")
    assert together("migrate") == (
        1,
        "",
        f"together: No database can be made at {'a' * 300}: File name too long.\n",
    )


def test_plugins_are_listed_with_what_they_lack(together):
    """An installed plugin without its settings is left out, and says which it needs."""
    code, out, err = together("plugins")
    assert (code, err) == (0, "")
    assert out == (
        "google: left out, it needs the setting TOGETHER_GOOGLE_CLIENT_ID\n"
        "jitsi: left out, it needs the setting TOGETHER_JITSI_SERVER\n"
        "outlook: left out, it needs the setting TOGETHER_OUTLOOK_CLIENT_ID\n"
    )


def test_plugins_that_are_set_up_are_listed(together, environ):
    """A plugin with its settings shows each provider it brings, and its package."""
    environ(GOOGLE_CLIENT_ID="id", GOOGLE_CLIENT_SECRET="secret")
    assert together("plugins") == (
        0,
        "google: Google Calendar (calendar), from together-google\n"
        "google-meet: Google Meet (video), from together-google\n"
        "jitsi: left out, it needs the setting TOGETHER_JITSI_SERVER\n"
        "outlook: left out, it needs the setting TOGETHER_OUTLOOK_CLIENT_ID\n",
        "",
    )


def test_every_command_has_its_module():
    """Each command of the overview can be imported and says what it takes."""
    from importlib import import_module

    for name in COMMANDS:
        module = import_module(f"together.cli.{cli._module(name)}")
        assert callable(module.add_arguments)
        assert callable(module.run)


def test_python_m_together_is_the_same_command(tmp_path):
    """`python -m together` does what `together` does."""
    done = subprocess.run(
        [sys.executable, "-m", "together", "--version"],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, f"together {__version__}\n", "")


def test_help_imports_no_framework():
    """Help comes at once: neither the web framework nor the store is imported for it."""
    code = (
        "import sys; from together.cli.main import main; main(['--help']);"
        "sys.exit(bool({'strawberry', 'tortoise', 'uvicorn'} & set(sys.modules)))"
    )
    done = subprocess.run(  # noqa: S603  (ourselves)
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0


def test_main_takes_the_words_of_the_shell(monkeypatch, capsys):
    """Without words of its own, `main` reads the command line."""
    monkeypatch.setattr(sys, "argv", ["together", "--version"])
    assert main() == 0
    assert capsys.readouterr().out == f"together {__version__}\n"


CLOSES = """
import io, sys
from together.cli.main import main

class Closing(io.StringIO):
    def write(self, text):
        if self.getvalue().count("\\n") >= int(sys.argv[1]):
            raise BrokenPipeError
        return super().write(text)

    def fileno(self):
        return 1

sys.stdout = Closing()
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("lines", range(5))
def test_the_doctor_ends_when_nobody_reads_on(environ, together, migrated, lines):
    """After however many lines a reader goes, the command ends, with its database closed."""
    assert together("keys", "new")[0] == 0
    environ(MODE="development", ISSUERS=ISSUERS, GOOGLE_CLIENT_ID="x", GOOGLE_CLIENT_SECRET="x")
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-c", CLOSES, str(lines), "doctor", "--offline"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (1, "")


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["help"], ["keys", "--help"]])
def test_help_that_nobody_reads_ends_without_a_word(environ, words):
    """A pipe that is closed before anything is written ends a command without a traceback."""
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "together", *words],
        env=plain | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as ours:
        ours.stdout.close()
        assert (ours.wait(30), ours.stderr.read()) == (1, "")
