"""Keys are made, added and taken into use from the command line."""

from __future__ import annotations

import anyio
import pytest

from together.providers.values import Secret
from together.store.database import Database
from together.store.keys import load_keys
from together.store.models import DataKey, Organization
from together.store.vault import Place, Vault

PLACE = {"purpose": "grant", "table": "integration", "column": "access_token", "row": "row"}


@pytest.fixture
def sealed(together, migrated, tmp_path):
    """A database with one sealed secret, under the key file where commands look for it."""
    assert together("keys", "new")[0] == 0

    async def seal(database):
        made = await Organization.create(slug="saltmarsh", name="Saltmarsh Institute")
        vault = Vault.of(load_keys(tmp_path / "keys/together.txt"))
        return await vault.seal(Secret("canary"), Place(made.id, **PLACE))

    return _in_database(seal)


def _in_database(work):
    async def inside():
        database = await Database.open("sqlite:///together.db")
        try:
            async with database.entered():
                return await work(database)
        finally:
            await database.close()

    return anyio.run(inside)


def test_a_key_file_is_made_for_this_user_only_and_never_over_another(together, tmp_path):
    """`keys new` makes a file once, prints nothing of the key, and leaves a file alone."""
    path = tmp_path / "keys/together.txt"
    said = "keys/together.txt holds a new key. Keep it, and keep it apart from the database.\n"
    assert together("keys", "new") == (0, said, "")
    before = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    again = "together: There is a key file at keys/together.txt already.\n"
    assert together("keys", "new") == (1, "", again)
    assert path.read_text() == before


def test_a_key_is_added_and_everything_is_sealed_under_it(together, sealed, tmp_path):
    """After `keys add` and `reseal` the new key opens what the old one sealed, without the old."""
    path = tmp_path / "keys/together.txt"
    old = load_keys(path).current
    code, out, err = together("keys", "add")
    assert (code, err) == (0, "")
    assert out == (
        "keys/together.txt holds a new key, which seals from now on.\n"
        "Restart every server and worker, then run `together reseal`.\n"
    )
    new = load_keys(path)
    assert new.current != old
    done = f"Everything is sealed under {new.current} (1 data keys were not).\n"
    assert together("reseal") == (0, done, "1 of 1\n")

    async def open_it(_database):
        vault = Vault({new.current: new.master[new.current]}, current=new.current)
        organization = await Organization.get()
        return await vault.open(sealed, Place(organization.id, **PLACE))

    assert _in_database(open_it).reveal() == "canary"
    done = f"Everything is sealed under {new.current} (0 data keys were not).\n"
    assert together("reseal") == (0, done, "1 of 1\n")


def test_a_key_that_is_missing_is_named(together, sealed, environ):
    """`reseal` with another key file says which key it lacks, and recovers when it is back."""
    name = load_keys_name()
    assert together("keys", "new", "other/keys.txt")[0] == 0
    environ(KEYS="other/keys.txt")
    code, out, err = together("reseal")
    assert (code, out) == (1, "")
    assert err.endswith(
        f"together: A data key is sealed under the master key {name}, which other/keys.txt does "
        "not hold. Put that key back as a further line, and run this again. All others are sealed "
        "under the new key.\n"
    )
    environ(KEYS="keys/together.txt")
    assert together("reseal")[0] == 0


def test_a_data_key_that_was_changed_is_said(together, sealed):
    """A damaged data key is the operator's trouble, in a sentence."""

    async def damage(_database):
        key = await DataKey.get()
        await DataKey.filter(id=key.id).update(sealed=key.sealed[:-6] + "AAAAA=")

    _in_database(damage)
    assert together("keys", "add")[0] == 0
    code, _out, err = together("reseal")
    assert code == 1
    assert "together: A data key does not open: it was changed" in err


def test_a_missing_key_file_is_said_with_how_to_make_one(together, migrated):
    """Without a key file, `reseal` and `keys add` say what to do."""
    assert together("reseal") == (
        1,
        "",
        "together: There is no key file at keys/together.txt. Make one with `together keys new "
        "keys/together.txt`, or set TOGETHER_KEYS to the one you have.\n",
    )
    missing = "together: There is no key file at keys/together.txt.\n"
    assert together("keys", "add") == (1, "", missing)


def load_keys_name():
    from pathlib import Path

    return load_keys(Path("keys/together.txt")).current
