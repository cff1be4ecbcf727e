"""What the database itself refuses, told apart, in our words.

The database's own text can name another person's session, so it ends here: it is neither kept nor
chained.  All are Tortoise's `IntegrityError`, and end their transaction: let them out of the work.
"""

from __future__ import annotations

import re

from tortoise.exceptions import IntegrityError

OVERLAP = "seat_no_overlap"
FOREIGN = "same_organization"
APPEND_ONLY = "append_only"

_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (?:index '(?P<index>\w+)'|(?P<columns>.+))")
_POSTGRES_KEY = re.compile(r"Key \((?P<columns>[\w, \"]+)\)=")


class RowRefused(IntegrityError):  # noqa: N818  (an answer, not a fault)
    """A row that a rule of the database does not let in."""

    words = "The database refused this row."

    def __init__(self) -> None:
        super().__init__(self.words)


class Overlap(RowRefused):
    """A live seat would overlap another live seat of its member."""

    words = "This time overlaps another session of the same person."


class Taken(RowRefused):
    """Another row has the same value where only one may; `columns` says where."""

    words = "There is a row like this already."

    def __init__(self, columns: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.columns = columns


class ForeignRow(RowRefused):
    """A row would point at a row of another organization, or move to another organization."""

    words = "A row points at another organization."


class AppendOnly(RowRefused):
    """A line of the audit log would be changed or deleted."""

    words = "The audit log is only added to."


def refusal(error: BaseException) -> RowRefused:
    """Say what an integrity error of sqlite3 or asyncpg means, without a word of its text."""
    text = str(error)
    rule = str(getattr(error, "constraint_name", None) or text)
    if OVERLAP in rule:
        return Overlap()
    if FOREIGN in rule:
        return ForeignRow()
    if APPEND_ONLY in rule:
        return AppendOnly()
    if getattr(error, "sqlstate", None) == "23505":
        found = _POSTGRES_KEY.search(str(getattr(error, "detail", "")))
        return Taken(_columns(found["columns"]) if found else ())
    if found := _SQLITE_UNIQUE.search(text):
        return Taken(_columns(found["columns"] or ""))
    return RowRefused()


def _columns(listed: str) -> tuple[str, ...]:
    names = (name.strip().strip('"').rpartition(".")[2] for name in listed.split(","))
    return tuple(name for name in names if name)
