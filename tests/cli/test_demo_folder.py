"""A demo's folder that cannot be used is told in a sentence that says what to do."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import anyio
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tests.demo_process import free_port
from tests.world import saltmarsh
from together.cli import folder as folders
from together.cli.folder import KEY_PREFIX, DemoFolder, is_demos
from together.store.database import Database
from together.store.keys import load_keys

ADA = "ada@saltmarsh.example.org"
REMEDY = (
    "Mend that; or delete .together, which holds the demo's data only; or name another folder with "
    "--folder DIR.\n"
)


@pytest.fixture
def folder(environ, _sqlite_template):
    """A demo's folder with its keys and an empty database."""
    made = DemoFolder()
    made.mark(url="http://127.0.0.1:8000")
    made.made_keys()
    made.issuer()
    shutil.copy2(_sqlite_template, made.database_path)
    return made


@pytest.fixture
def in_it(folder):
    """Let Ada be there, so that a token for her comes as far as the key."""

    async def add():
        database = await Database.open(folder.database)
        async with database.entered():
            await saltmarsh()
        await database.close()

    anyio.run(add)


def demo(together, *words):
    return together("demo", "--port", free_port(), *words)


def pem(key, seal=None):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, seal or NoEncryption())


KEYS = {
    "empty": b"",
    "of another curve": pem(ec.generate_private_key(ec.SECP384R1())),
    "of another kind": pem(rsa.generate_private_key(65537, 2048)),
    "locked": pem(ec.generate_private_key(ec.SECP256R1()), BestAvailableEncryption(b"x")),
}


@pytest.mark.parametrize("broken", KEYS)
@pytest.mark.parametrize("command", ["demo", "token"])
def test_an_issuers_key_that_is_broken_is_told(together, folder, in_it, command, broken):
    """A key that signs nothing is named by its file, by `demo` and by `token`."""
    folder.issuer_key.write_bytes(KEYS[broken])
    words = f"together: The demo cannot use its folder: {folder.issuer_key} is not the key that it "
    said = demo(together) if command == "demo" else together("token", ADA)
    assert said == (1, "", f"{words}made. {REMEDY}")


@pytest.mark.parametrize("how", ["garbage", "a folder"])
@pytest.mark.parametrize("command", ["demo", "token"])
def test_a_database_that_cannot_be_read_is_told(together, folder, command, how):
    """A file that is no database, or no file, is named, by `demo` and by `token`."""
    folder.database_path.unlink()
    if how == "garbage":
        folder.database_path.write_bytes(b"canary" * 2000)
    else:
        folder.database_path.mkdir()
    code, out, err = demo(together) if command == "demo" else together("token", ADA)
    assert (code, out) == (1, "")
    assert err == (
        f"together: The demo cannot use its folder: {folder.database_path} is no database that can "
        f"be used here. {REMEDY}"
    )


@pytest.mark.parametrize("command", ["demo", "token"])
def test_a_folder_of_a_newer_version_is_left_as_it_was(together, folder, command):
    """An older program says so, and puts nothing aside that only the newer one can read."""

    async def add():
        database = await Database.open(folder.database)
        await database.client.execute_query("INSERT INTO migration (name) VALUES ('m9999_future')")
        await database.close()

    anyio.run(add)
    state = folder.path / "sandbox-google.json"
    state.write_text('{"newer": true}')
    code, out, err = demo(together) if command == "demo" else together("token", ADA)
    assert (code, out) == (1, "")
    assert err == (
        "together: The demo cannot use its folder: The database was made by a newer version of "
        "Together (it has m9999_future). Start that version, or restore an older backup. " + REMEDY
    )
    assert state.read_text() == '{"newer": true}'


@pytest.mark.parametrize("command", ["demo", "token"])
def test_a_folder_that_may_not_be_entered_is_told(together, folder, monkeypatch, command):
    """Where the system refuses to look inside, the sentence says where and why."""
    whole = os.stat

    def refusing(path, *more, **named):
        if not isinstance(path, int) and str(folder.keys.parent) in os.fspath(path):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return whole(path, *more, **named)

    monkeypatch.setattr(os, "stat", refusing)
    code, out, err = demo(together) if command == "demo" else together("token", ADA)
    assert (code, out) == (1, "")
    assert err.startswith(f"together: The demo cannot use its folder: {folder.keys.parent}")
    assert err.endswith(f": Permission denied. {REMEDY}")
    assert not is_demos(Path("elsewhere/keys.txt"))


def test_a_folder_whose_name_no_disk_takes_is_told(together, environ):
    """A name that is too long ends `demo` in a sentence."""
    code, out, err = demo(together, "--folder", "a" * 300)
    assert (code, out) == (1, "")
    assert err.startswith(f"together: The demo cannot use its folder: {'a' * 200}")
    assert "File name too long. Mend that;" in err


@pytest.mark.parametrize("address", ["a" * 400 + "@x.org", "", "@", "a\udcff@x.org", "a\nb@x.org"])
def test_an_address_that_nobody_can_have_is_nobodys(together, folder, address):
    """Whatever is no address is told as an address of nobody, and shortened."""
    words = f"together: Nobody has the address {address[:80]!a}. `together demo` lists who has.\n"
    assert together("token", "--", address) == (1, "", words)


@pytest.mark.parametrize("step", ["make_key_file", "load_keys", "write_text", "replace"])
def test_a_start_that_is_broken_off_leaves_no_half_made_key(environ, monkeypatch, step):
    """Wherever making the master key is broken off, the next start has one that is whole."""
    made = DemoFolder()
    made.mark(url="http://127.0.0.1:8000")
    target = folders if step in {"make_key_file", "load_keys"} else Path
    real = getattr(target, step)

    def broken_off(*given):
        if step == "make_key_file":
            real(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(target, step, broken_off)
        with pytest.raises(KeyboardInterrupt):
            made.made_keys()
    assert made.made_keys().current.startswith(KEY_PREFIX)
    assert load_keys(made.keys) == made.made_keys()
    assert [path.name for path in made.keys.parent.iterdir()] == ["keys.txt"]


def test_a_key_file_that_is_damaged_is_told(together, folder):
    """A key file without a key ends the start in a sentence."""
    folder.keys.write_text("")
    words = f"The demo cannot use its folder: The key file {folder.keys} holds no key. {REMEDY}"
    assert demo(together) == (1, "", f"together: {words}")


def test_output_that_nobody_reads_is_no_fault_of_the_folder(folder):
    """A closed pipe stays what it is, for whoever ends a command quietly."""
    with pytest.raises(BrokenPipeError), folder.told():
        raise BrokenPipeError(32, "Broken pipe")
