"""Serving starts only what is ready."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import anyio
import pytest

from together.cli import folder as demo_folder
from together.cli.folder import DemoFolder
from together.cli.ready import bound
from together.cli.stop import Stop
from together.providers.values import Secret
from together.store.database import Database
from together.store.keys import load_keys
from together.store.models import Organization
from together.store.vault import Place, Vault

ISSUER = [{"issuer": "https://login.example.org", "audience": "x", "organization": "saltmarsh"}]


@pytest.fixture
def settled(together, environ, migrated):
    """An installation that could be served, on a port that is taken: it comes no further."""
    assert together("keys", "new")[0] == 0
    with socket.create_server(("127.0.0.1", 0)) as other:
        environ(
            PUBLIC_URL="https://together.example.org",
            ISSUERS=json.dumps(ISSUER),
            PORT=other.getsockname()[1],
        )
        yield


def said(together, command="serve"):
    code, out, err = together(command)
    assert (code, out, err.startswith("together: "), err.count("\n")) == (1, "", True, 1)
    return err.removeprefix("together: ").strip()


def test_a_taken_port_is_a_sentence(together, settled):
    """Everything else is right, so the port is what is said."""
    words = said(together)
    assert words.startswith("Port ")
    assert words.endswith(" is taken. End what listens there, or choose another one.")


def test_an_environment_without_issuers_is_told_whole(together, environ):
    """Nobody could sign in without an issuer, or find the way back without an address."""
    assert together("serve") == (
        2,
        "",
        "together: TOGETHER_ISSUERS is not set. Set it to a JSON list such as "
        '[{"issuer": "https://login.example.org", "audience": "together", "organization": '
        '"saltmarsh"}], or the path of a file that holds one.\n'
        "together: TOGETHER_PUBLIC_URL is not set. Set it to the address that people's browsers "
        "see, such as https://together.example.org.\n",
    )


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_database_that_is_missing_is_a_sentence(together, settled, environ, command):
    """A database that was never made asks for `together migrate`."""
    environ(DATABASE="sqlite:///none.db")
    assert said(together, command) == "There is no database at none.db: run together migrate."


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_database_that_is_not_migrated_is_a_sentence(together, settled, environ, command):
    """An empty database asks for `together migrate`, and then is served."""
    Path("empty.db").touch(mode=0o600)
    environ(DATABASE="sqlite:///empty.db")
    assert said(together, command).endswith(": run together migrate.")
    assert together("migrate")[0] == 0
    if command == "serve":
        assert said(together).startswith("Port ")


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_missing_keys_are_a_sentence(together, settled, environ, command):
    """Without keys nothing could be opened, so nothing is served."""
    environ(KEYS="none.txt")
    assert said(together, command).startswith("There is no key file at none.txt. Make one with")


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_key_file_that_cannot_be_looked_at_is_a_sentence(together, settled, environ, command):
    """A path that no disk takes is told with the system's reason."""
    environ(KEYS="k" * 300)
    assert said(together, command).endswith("cannot be read: File name too long.")


def test_keys_beside_the_database_are_refused(together, settled, environ):
    """One copy of a folder must not hold both."""
    shutil.copy2("keys/together.txt", "keys.txt")
    environ(KEYS="keys.txt")
    assert said(together).startswith("The key file keys.txt lies beside the database")


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_the_demos_keys_and_database_are_refused(together, settled, environ, command, tmp_path):
    """What lies in a demo's folder is not served, nor are copies of it."""
    folder = DemoFolder()
    folder.mark(url="http://127.0.0.1:8000")
    folder.made_keys()
    shutil.copy2(tmp_path / "together.db", folder.database_path)

    async def seal():
        database = await Database.open(folder.database)
        async with database.entered():
            made = await Organization.create(slug="saltmarsh", name="Saltmarsh Institute")
            place = Place(made.id, "grant", "integration", "access_token", "x")
            await Vault.of(load_keys(folder.keys)).seal(Secret("canary"), place)
        await database.close()

    anyio.run(seal)
    keys = "TOGETHER_KEYS names the demo's keys, which is not served. Name your own."
    base = "TOGETHER_DATABASE names the demo's database, which is not served. Name your own."
    environ(DATABASE=folder.database)
    assert said(together, command) == base
    shutil.copy2(folder.database_path, "copy.db")
    environ(DATABASE="sqlite:///copy.db")
    assert said(together, command) == base
    environ(DATABASE="sqlite:///together.db", KEYS=folder.keys)
    assert said(together, command) == keys
    Path("other").mkdir()
    shutil.copy2(folder.keys, "other/keys.txt")
    environ(KEYS="other/keys.txt")
    assert said(together, command) == keys


def test_an_issuer_on_this_machine_is_refused_in_production(together, settled, environ):
    """An issuer on loopback signs nobody in where people are served, and may where they are not."""
    local = [ISSUER[0] | {"issuer": "http://127.0.0.1:8080/realms/x"}]
    environ(ISSUERS=json.dumps(local))
    assert said(together).startswith("The issuer http://127.0.0.1:8080/realms/x is on this machine")
    environ(MODE="development")
    assert said(together).startswith("Port ")


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize("mode", ["production", "development"])
@pytest.mark.parametrize(
    "issuer",
    [demo_folder.ISSUER, "http://localhost:8000/issuer", "http://127.0.0.1:8001/issuer/"],
)
def test_the_demos_issuer_is_refused_in_every_mode(
    together, settled, environ, command, mode, issuer
):
    """Whoever reads the demo's folder can make its tokens, so nothing but the demo takes them."""
    environ(ISSUERS=json.dumps([ISSUER[0] | {"issuer": issuer}]), MODE=mode)
    words = f"The issuer {issuer} is the demo's, or named like it, and is trusted by the demo only."
    assert said(together, command) == f"{words} Name a real one in TOGETHER_ISSUERS."


def test_a_host_that_is_not_ours_is_a_sentence():
    """An address of another machine, and a name of none, are each said."""
    with pytest.raises(Stop, match="Correct TOGETHER_HOST"):
        bound("192.0.2.1", 8000)
    with pytest.raises(Stop, match="is no address of this machine"):
        bound("no such host", 8000)
    with pytest.raises(Stop, match="is no address of this machine"):
        bound("a" * 70, 8000)


def test_a_port_that_is_no_port_is_said(together, settled):
    """A number beyond the ports ends before anything is opened."""
    words = "together: A port is a number from 1 to 65535.\n"
    assert together("serve", "--port", "70000") == (2, "", words)
