"""A mutation is carried out once for each client key, and its first success is found again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from together.domain.texts import why_not
from together.services.refusals import InvalidInput, KeyReused, Refusal
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.models import ClientKey
from together.store.refused import Taken
from together.store.transaction import transaction

T = TypeVar("T")

Said = Mapping[str, str | int | bool | Sequence[str] | None]
"""An input, to tell it from another one."""

KEPT = 24 * 60 * 60
"""Seconds."""

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Once:
    """One request of one member, told from every other by its key and its input."""

    viewer: Viewer
    mutation: str
    key: str
    input_hash: str

    @classmethod
    def of(cls, viewer: Viewer, mutation: str, *, key: str, said: Said) -> Once:
        """Read the key; the input itself is not kept."""
        if why := _unusable(key):
            raise InvalidInput("clientKey", why)
        text = json.dumps(said, sort_keys=True)
        return cls(viewer, mutation, key, hashlib.sha256(text.encode()).hexdigest())

    async def carried_out(self, make: Callable[[], Awaitable[int]]) -> int:
        """Give the row id of what `make` makes, in a transaction, or has made for this request.

        A refusal stands only if nothing was made: of a request that came twice at once, the second
        finds what the first one did.
        """

        async def carry_out(now: int) -> int:
            async def work() -> int:
                made = await make()
                await self.remember(made, now=now)
                return made

            return await transaction(work)

        async def again(made: int) -> int:
            return made

        return await self.answered(carry_out, again)

    async def answered(
        self, carry_out: Callable[[int], Awaitable[T]], again: Callable[[int], Awaitable[T]]
    ) -> T:
        """Answer with what `carry_out` does, or `again` with the row id of what was made before.

        `carry_out` is given the database's time, with which it remembers what it makes.
        """
        now = await database_now()
        made = await self.made(now=now)
        if made is None:
            try:
                return await carry_out(now)
            except (Refusal, Taken):
                # Perhaps of what this very request took, a moment ago on another connection.
                made = await self.made(now=now)
                if made is None:
                    raise
        return await again(made)

    async def made(self, *, now: int) -> int | None:
        """Give the row id of what this request has made; `now` is the database's."""
        row = await ClientKey.get_or_none(
            organization_id=self.viewer.organization_id,
            member_id=self.viewer.member_id,
            mutation=self.mutation,
            key=self.key,
            created_at__gt=now - KEPT,
        )
        if row is None:
            return None
        if row.input_hash != self.input_hash:
            raise KeyReused
        return row.made_id

    async def remember(self, made_id: int, *, now: int) -> None:
        """Write it in the transaction which made it; the database refuses a second one."""
        await ClientKey.filter(
            organization_id=self.viewer.organization_id,
            member_id=self.viewer.member_id,
            mutation=self.mutation,
            key=self.key,
            created_at__lte=now - KEPT,
        ).delete()
        await ClientKey.create(
            organization_id=self.viewer.organization_id,
            member_id=self.viewer.member_id,
            mutation=self.mutation,
            key=self.key,
            input_hash=self.input_hash,
            made_id=made_id,
            created_at=now,
        )


def _unusable(key: str) -> str | None:
    if len(key) <= _LONGEST:
        if why := why_not(key):
            return why
        for letter in key:
            if not letter.isprintable():
                return f"A character that nobody sees (U+{ord(letter):04X}) cannot be used here."
        if key.strip():
            return None
    return f"A client key has 1 to {_LONGEST} characters, and not only spaces."


async def forget(*, now: int) -> int:
    """Delete the keys that are no longer kept; say how many there were."""
    return int(await ClientKey.filter(created_at__lte=now - KEPT).delete())
