"""Secrets at rest: each opens in its own place, under its own keys, and nowhere else."""

import asyncio
import dataclasses
import os

import pytest

from tests.world import World
from together.providers.errors import Misconfigured
from together.providers.values import Secret
from together.store.database import Database
from together.store.keys import Keys
from together.store.models import DataKey
from together.store.transaction import transaction
from together.store.vault import CannotOpen, DataKeyGone, MasterKeyMissing, Place, Vault

OLD = Keys({"old": os.urandom(32)}, "old")
BOTH = Keys({"new": os.urandom(32), **OLD.master}, "new")
NEW = Keys({"new": BOTH.master["new"]}, "new")
TOKEN = Secret("1//refresh-token-of-ada")


def _place(world: World, **other) -> Place:
    place = Place(
        world.saltmarsh.id, "grant", "integration", "refresh_token", "uid-1", "google", "108"
    )
    return dataclasses.replace(place, **other)


async def test_what_was_sealed_opens_in_its_place(world: World):
    """A sealed token opens to the same token, and looks different each time it is sealed."""
    vault = Vault.of(OLD)
    first, second = [await vault.seal(TOKEN, _place(world)) for _ in "12"]
    assert first != second
    assert TOKEN.reveal() not in first
    assert [await vault.open(sealed, _place(world)) for sealed in (first, second)] == [TOKEN] * 2


@pytest.mark.parametrize(
    "moved",
    [
        {"table": "job"},
        {"column": "access_token"},
        {"row": "uid-2"},
        {"provider": "outlook"},
        {"account": "109"},
        {"purpose": "consent"},
    ],
    ids=lambda moved: next(iter(moved)),
)
async def test_a_value_that_was_moved_does_not_open(world: World, moved: dict):
    """In another table, column, row, provider, account or purpose it is the operator's trouble."""
    vault = Vault.of(OLD)
    sealed = await vault.seal(TOKEN, _place(world))
    await vault.seal(TOKEN, _place(world, **moved))  # so that there is a data key to try
    with pytest.raises(CannotOpen) as caught:
        await vault.open(sealed, _place(world, **moved))
    assert isinstance(caught.value, Misconfigured)


async def test_a_value_of_another_organization_does_not_open(world: World):
    """Northlight cannot open what Saltmarsh sealed, whether or not it has a data key itself."""
    vault = Vault.of(OLD)
    sealed = await vault.seal(TOKEN, _place(world))
    abroad = _place(world, organization_id=world.northlight.id)
    with pytest.raises(DataKeyGone):
        await vault.open(sealed, abroad)
    await vault.seal(TOKEN, abroad)
    with pytest.raises(CannotOpen):
        await vault.open(sealed, abroad)


async def test_a_data_key_of_another_organization_does_not_open(world: World):
    """A data key copied from row to row of the database is as dead as a copied token."""
    vault = Vault.of(OLD)
    sealed = await vault.seal(TOKEN, _place(world))
    await vault.seal(TOKEN, _place(world, organization_id=world.northlight.id))
    stolen = await DataKey.get(organization_id=world.saltmarsh.id)
    await DataKey.filter(organization_id=world.northlight.id).update(sealed=stolen.sealed)
    with pytest.raises(CannotOpen):
        await vault.open(sealed, _place(world, organization_id=world.northlight.id))


@pytest.mark.parametrize(
    "damage",
    [lambda s: "", lambda s: "plain", lambda s: s[:-8], lambda s: "2" + s[1:], lambda s: s + "é"],
    ids=["empty", "plain", "cut", "form", "letters"],
)
async def test_a_damaged_value_does_not_open(world: World, damage):
    """Whatever is not what was sealed is the operator's trouble, never another kind of error."""
    vault = Vault.of(OLD)
    sealed = await vault.seal(TOKEN, _place(world))
    with pytest.raises(CannotOpen) as caught:
        await vault.open(damage(sealed), _place(world))
    assert (caught.value.__cause__, TOKEN.reveal() in repr(caught.value)) == (None, False)


async def test_a_missing_master_key_is_named(world: World):
    """Without the master key nothing opens or is sealed, and the error holds the key's id."""
    sealed = await Vault.of(OLD).seal(TOKEN, _place(world))
    for attempt in (
        Vault.of(NEW).open(sealed, _place(world)),
        Vault.of(NEW).seal(TOKEN, _place(world)),
        Vault.of(NEW).reseal(),
    ):
        with pytest.raises(MasterKeyMissing) as caught:
            await attempt
        assert caught.value.code == "old"


async def test_another_key_of_the_same_name_opens_nothing(world: World):
    """A master key that was replaced under its old name is told from the right one."""
    sealed = await Vault.of(OLD).seal(TOKEN, _place(world))
    with pytest.raises(CannotOpen):
        await Vault({"old": os.urandom(32)}, current="old").open(sealed, _place(world))


async def test_sealing_again_under_a_new_key_loses_nothing(world: World):
    """After it the old key may go: everything opens, and a second run has nothing to do."""
    places = [_place(world, organization_id=o.id) for o in (world.saltmarsh, world.northlight)]
    sealed = [await Vault.of(OLD).seal(TOKEN, place) for place in places]
    told: list[tuple[int, int]] = []
    vault = Vault.of(BOTH)
    assert await vault.reseal(progress=lambda *done: told.append(done)) == 2
    assert told == [(1, 2), (2, 2)]
    for place, value in zip(places, sealed, strict=True):
        assert await Vault.of(NEW).open(value, place) == TOKEN
    assert await vault.reseal() == 0


async def test_sealing_again_may_be_interrupted(world: World):
    """Broken off after a key, it leaves every value open, and the next run does the rest."""
    places = [_place(world, purpose=f"purpose {n}") for n in range(3)]
    sealed = [await Vault.of(OLD).seal(TOKEN, place) for place in places]

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await Vault.of(BOTH).reseal(progress=interrupt)
    for place, value in zip(places, sealed, strict=True):
        assert await Vault.of(BOTH).open(value, place) == TOKEN
    assert await Vault.of(BOTH).reseal() == 2


async def test_a_key_that_does_not_open_stops_no_other(world: World):
    """The rest is sealed again, and the one that could not be is told at the end."""
    await Vault.of(OLD).seal(TOKEN, _place(world))
    await DataKey.all().update(sealed="1.lost.AAAA")
    other = _place(world, organization_id=world.northlight.id)
    sealed = await Vault.of(OLD).seal(TOKEN, other)
    with pytest.raises(MasterKeyMissing):
        await Vault.of(BOTH).reseal()
    assert await Vault.of(NEW).open(sealed, other) == TOKEN


async def test_deleting_the_data_key_destroys_what_it_sealed(world: World):
    """Without its data key a value stays closed, also when a new one is made."""
    vault = Vault.of(OLD)
    sealed = await vault.seal(TOKEN, _place(world))
    await DataKey.all().delete()
    with pytest.raises(DataKeyGone):
        await vault.open(sealed, _place(world))
    await vault.seal(TOKEN, _place(world))
    with pytest.raises(CannotOpen):
        await vault.open(sealed, _place(world))


async def test_ten_at_once_make_one_data_key(world: World):
    """The first secrets of an organization, sealed at the same moment, share one data key."""
    vault = Vault.of(OLD)
    sealed = await asyncio.gather(*(vault.seal(TOKEN, _place(world)) for _ in range(10)))
    assert await DataKey.all().count() == 1
    assert [await vault.open(value, _place(world)) for value in sealed] == [TOKEN] * 10


async def test_a_data_key_goes_with_the_transaction_that_made_it(world: World):
    """After a transaction that was taken back, sealing makes a key that is there."""
    vault = Vault.of(OLD)

    async def work():
        await vault.seal(TOKEN, _place(world))
        raise LookupError

    with pytest.raises(LookupError):
        await transaction(work)
    assert await DataKey.all().count() == 0
    sealed = await vault.seal(TOKEN, _place(world))
    assert await vault.open(sealed, _place(world)) == TOKEN


async def test_a_secret_is_nowhere_in_the_files(world: World, tmp_path):
    """The bytes of SQLite's files hold neither the secret nor, once deleted, its sealed form."""
    database = Database.current()
    if database.path is None:
        return
    sealed = await Vault.of(OLD).seal(TOKEN, _place(world))
    holder = await DataKey.first()
    await DataKey.filter(id=holder.id).update(purpose=sealed[:40])
    await DataKey.all().delete()
    await database.truncate_log()
    written = b"".join(file.read_bytes() for file in database.path.parent.glob("together.db*"))
    assert (TOKEN.reveal().encode() in written, sealed[:40].encode() in written) == (False, False)


def test_the_key_in_use_must_be_there():
    """A vault without the key that it is to seal with is not made."""
    with pytest.raises(ValueError, match="none of the master keys"):
        Vault(OLD.master, current="new")


def test_keys_do_not_print():
    """No key shows in the text of what holds it."""
    assert repr(OLD) == "Keys(current='old')"


async def test_a_vault_says_which_data_keys_it_opens(world: World):
    """A data key opens under the master key that sealed it, and under no other."""
    await Vault.of(OLD).seal(TOKEN, _place(world))
    key = await DataKey.get()
    assert [Vault.of(keys).opens(key) for keys in (OLD, BOTH, NEW)] == [True, True, False]
