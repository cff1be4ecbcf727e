"""Keeps the words that members are found by, in the transaction that names or renames them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_
from typing import Any

from tortoise.expressions import Q, Subquery

from together.domain.search_words import beginning_with, words_of
from together.store.models import Member, MemberWord
from together.store.scope import Scope

_AT_ONCE = 2_000


async def note(members: Sequence[Member]) -> None:
    """Put the words of these members, of one organization, in the place of older ones."""
    if not members:
        return
    scope = Scope(members[0].organization_id)
    await scope(MemberWord).filter(member_id__in=[each.id for each in members]).delete()
    await MemberWord.bulk_create(
        (
            MemberWord(organization_id=each.organization_id, word=word, member_id=each.id)
            for each in members
            for word in sorted(words_of(each.name, each.email_key))
        ),
        batch_size=_AT_ONCE,
    )


async def note_ids(scope: Scope, ids: Sequence[int]) -> None:
    """Do the same for members by row id, as they are named now."""
    await note(await scope(Member).filter(id__in=list(ids)))


def found_by(words: Sequence[str], *, organization_id: int, column: str) -> Q:
    """Say that each of these words begins one of the member's; `column` holds their row id."""
    return reduce(and_, (_has(word, organization_id, column) for word in words), Q())


def _has(word: str, organization_id: int, column: str) -> Q:
    first, beyond = beginning_with(word)
    rows = Scope(organization_id)(MemberWord).filter(word__gte=first, word__lt=beyond)
    having: dict[str, Any] = {f"{column}__in": Subquery(rows.values("member_id"))}
    return Q(**having)
