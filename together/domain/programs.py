"""What a program may be called, and when two names are one."""

from __future__ import annotations

import unicodedata

from together.domain.texts import clean_text

LONGEST = 200
"""Characters of a name."""
LONGEST_KEY = 600
"""Characters of a folded name: one letter becomes three at most."""
USUAL = "Mentoring"
"""What two are matched in where nothing is said."""


def program_key(name: str) -> str:
    """Fold a name: letters of either case, and spaces however many, compare equal."""
    return unicodedata.normalize("NFC", " ".join(name.casefold().split()))


def program_name(field: str, text: str) -> str:
    """Read a name, or raise `BadText`; an empty one stays empty, for the caller to judge."""
    return clean_text(field, text, limit=LONGEST)
