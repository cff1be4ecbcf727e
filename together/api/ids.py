"""Ids for the outside: what kind of thing it is, and the 128 random bits of its row."""

from __future__ import annotations

import re
from enum import StrEnum

import strawberry

_UID = re.compile(r"[A-Za-z0-9_-]{1,32}\Z", re.ASCII)

NOBODY = "-"
"""A uid that no row has: what is malformed is looked for too, so that it answers as slowly."""


class Kind(StrEnum):
    """The first letters of an id."""

    ORGANIZATION = "org"
    MEMBER = "mbr"
    PROGRAM = "prg"
    MATCH = "mat"
    BOOKING = "bkg"
    SERIES = "ser"
    INTEGRATION = "int"
    CALENDAR = "cal"
    PROVIDER = "prv"
    VIDEO_PROVIDER = "vid"


def to_id(kind: Kind, uid: str) -> strawberry.ID:
    return strawberry.ID(f"{kind}_{uid}")


def uid_of(kind: Kind, text: str) -> str:
    """Give the uid an id of this kind holds, or `NOBODY`."""
    found = split(text)
    return found[1] if found is not None and found[0] is kind else NOBODY


def split(text: str) -> tuple[Kind, str] | None:
    """Take an id apart; None when it is not one of ours, letter by letter."""
    prefix, _, uid = text.partition("_")
    if prefix not in _KINDS or not _UID.match(uid):
        return None
    return Kind(prefix), uid


_KINDS = frozenset(Kind)
