"""Secrets at rest: each sealed under a data key of its organization and purpose.

A data key is itself sealed by a master key, so a new master key seals the data keys again and
nothing else, and deleting a data key makes what it sealed unreadable, in every backup too.
Associated data names the place of a value: moved to another row, it does not open.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from together.providers.errors import Misconfigured
from together.providers.values import Secret
from together.store.keys import SIZE, Keys
from together.store.models import DataKey
from together.store.transaction import transaction

_FORM = "1"
_NONCE = 12


class CannotOpen(Misconfigured):
    """The operator's trouble: nobody is asked to reconnect because of it."""

    words = "A sealed value does not open: it was moved, was changed, or has another key."


class MasterKeyMissing(CannotOpen):
    """The key file lacks a key; `code` is its id."""

    words = "The key file lacks the master key that this was sealed under."


class DataKeyGone(CannotOpen):
    """What was sealed under it is gone with it."""

    words = "The organization's data key was deleted."


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value belongs.  It opens nowhere else."""

    organization_id: int
    purpose: str
    """Of the data key, such as ``grant``."""
    table: str
    column: str
    row: str
    """What names the row for good and is known before it is written: its uid, or a hash."""
    provider: str = ""
    account: str = ""


class Vault:
    """Seals and opens under the data keys of the database that the task has entered."""

    def __init__(self, master: Mapping[str, bytes], *, current: str) -> None:
        if current not in master:
            raise ValueError("The key in use is none of the master keys.")
        self._master = {name: AESGCM(key) for name, key in master.items()}
        self._current = current

    @classmethod
    def of(cls, keys: Keys) -> Vault:
        return cls(keys.master, current=keys.current)

    async def seal(self, secret: Secret, place: Place) -> str:
        """Seal a secret for its place.  The organization's data key is made when it lacks one."""
        key = await _find(place)
        if key is None:
            key = await transaction(lambda: self._make(place))
        cipher = AESGCM(self._unwrapped(key))
        return _sealed(str(key.id), cipher, secret.reveal().encode(), astuple(place))

    async def open(self, sealed: str, place: Place) -> Secret:
        """Open what was sealed for this place."""
        name, _ = _parts(sealed)
        key = await _find(place)
        if key is None:
            raise DataKeyGone
        if name != str(key.id):
            raise CannotOpen
        text = _opened(sealed, AESGCM(self._unwrapped(key)), astuple(place))
        return Secret(text.decode())

    async def reseal(self, *, progress: Callable[[int, int], object] = lambda *_: None) -> int:
        """Seal every data key under the key in use; return how many were not.

        Each key is one conditional update, so it may be interrupted, repeated, and run beside a
        server that seals and opens.  A key that does not open is left, and told at the end.
        """
        total, done, changed, failed = await DataKey.all().count(), 0, 0, None
        last = 0
        while keys := await DataKey.filter(id__gt=last).order_by("id").limit(100):
            for key in keys:
                try:
                    changed += await self._reseal(key)
                except CannotOpen as error:
                    failed = error
                done += 1
                progress(done, max(done, total))
            last = keys[-1].id
        if failed is not None:
            raise failed
        return changed

    def opens(self, key: DataKey) -> bool:
        """Say whether one of the master keys opens this data key."""
        try:
            self._unwrapped(key)
        except CannotOpen:
            return False
        return True

    async def _reseal(self, key: DataKey) -> int:
        if _parts(key.sealed)[0] == self._current:
            return 0
        fresh = self._wrapped(self._unwrapped(key), key.organization_id, key.purpose)
        return await DataKey.filter(id=key.id, sealed=key.sealed).update(sealed=fresh)

    async def _make(self, place: Place) -> DataKey:
        sealed = self._wrapped(os.urandom(SIZE), place.organization_id, place.purpose)
        made = DataKey(organization_id=place.organization_id, purpose=place.purpose, sealed=sealed)
        # Somebody else may have made one since: theirs stays.
        await DataKey.bulk_create([made], ignore_conflicts=True)
        key = await _find(place)
        if key is None:
            raise DataKeyGone
        return key

    def _wrapped(self, key: bytes, organization_id: int, purpose: str) -> str:
        place = ("data_key", organization_id, purpose)
        return _sealed(self._current, self._master[self._current], key, place)

    def _unwrapped(self, key: DataKey) -> bytes:
        name, _ = _parts(key.sealed)
        if name not in self._master:
            raise MasterKeyMissing(code=name)
        place = ("data_key", key.organization_id, key.purpose)
        return _opened(key.sealed, self._master[name], place)


async def _find(place: Place) -> DataKey | None:
    return await DataKey.get_or_none(organization_id=place.organization_id, purpose=place.purpose)


def _sealed(name: str, cipher: AESGCM, text: bytes, place: tuple[object, ...]) -> str:
    nonce = os.urandom(_NONCE)
    box = nonce + cipher.encrypt(nonce, text, _bound(name, place))
    return f"{_FORM}.{name}.{base64.urlsafe_b64encode(box).decode()}"


def _opened(sealed: str, cipher: AESGCM, place: tuple[object, ...]) -> bytes:
    name, box = _parts(sealed)
    try:
        return cipher.decrypt(box[:_NONCE], box[_NONCE:], _bound(name, place))
    except (InvalidTag, ValueError):
        raise CannotOpen from None


def _parts(sealed: str) -> tuple[str, bytes]:
    try:
        form, name, box = sealed.split(".")
        if form != _FORM:
            raise CannotOpen
        return name, base64.b64decode(box, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise CannotOpen from None


def _bound(name: str, place: tuple[object, ...]) -> bytes:
    return json.dumps(["together", _FORM, name, *place]).encode()
