"""Texts that people supply: one line or several, with nothing in them but what can be read."""

from __future__ import annotations

import unicodedata

_REORDERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates: a text with them can read differently from what it is."""
_BREAKS = ("\r\n", "\r", "\u2028", "\u2029", "\u0085", "\v", "\f")


class BadText(ValueError):  # noqa: N818
    """`field` is where the text was given; `why` is for people and quotes nothing of it."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why


def clean_text(field: str, text: str, limit: int, *, lines: bool = False) -> str:
    """Read a text of at most `limit` characters, with line breaks only where `lines` are meant.

    It comes back composed (NFC), without space around it, and with every line break as one
    newline; an empty one stays empty, for the caller to judge.
    """
    if len(text) > 8 * limit + 64:
        raise BadText(field, f"This is too long: at most {limit} characters.")
    if lines:
        for mark in _BREAKS:
            text = text.replace(mark, "\n")
    text = unicodedata.normalize("NFC", text)
    if why := why_not(text.replace("\n", " ") if lines else text):
        raise BadText(field, why)
    text = text.strip()
    if len(text) > limit:
        raise BadText(field, f"This is too long: {len(text)} characters, at most {limit}.")
    return text


def why_not(text: str) -> str | None:
    """Say for people which character of a line cannot be used, if there is one."""
    for letter in text:
        if why := _refused(letter):
            return f"{why} (U+{ord(letter):04X}) cannot be used here."
    return None


def one_line(text: str) -> str:
    """Make one line of a text that was never checked: what `clean_text` refuses becomes a space."""
    return " ".join("".join(" " if _refused(letter) else letter for letter in text).split())


def _refused(letter: str) -> str | None:
    if letter in "\n\r\u2028\u2029\u0085":
        return "A line break"
    if letter in _REORDERS:
        return "A character that turns the direction of a text"
    if unicodedata.category(letter) in {"Cc", "Cs"}:
        return "A control character"
    return None
