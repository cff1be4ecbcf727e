"""What somebody is found by: words of a name and an address, folded so that spelling matters less.

Case, accents and strokes go, and so does what stands between letters: “O’Brien”, “O'Brien” and
“OBrien” are one, and “Łukasz” is found by “lukasz”.  A word is found by its beginning.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

LONGEST = 64
"""Characters of a word that are kept; what is asked for is cut there, too."""
MOST = 64
"""Words that are kept of one person."""
MOST_ASKED = 6
LONGEST_ASKED = 200

_END = "\U0010ffff"
"""Behind every letter, in the order of code points and in that of their bytes."""
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
    "\ufe20-\ufe2f]"
)
"""Marks above and below letters.  Those with which other scripts write vowels are letters to us."""
_NO_LETTERS = re.compile("[\u02b0-\u02ff\u0640]")
"""Apostrophes and the like, which Unicode counts among the letters."""
_STROKED = re.compile(r"LATIN SMALL LETTER ([A-Z]) WITH .+")
_WHOLE = {
    "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i", "ȷ": "j", "ŋ": "n", "ə": "a", "ɛ": "e",
    "ɔ": "o", "ĸ": "k",
}  # fmt: skip
"""Letters that are neither made of others nor called by another one."""
_BEGINS = re.compile("[\u1100-\u115f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
"""Letters of scripts that leave no space between words: each of them begins one."""


class UnusableSearch(ValueError):  # noqa: N818  (an answer, not a fault)
    """Nobody is looked for with this; `why` is for people."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def words_of(name: str, address: str) -> frozenset[str]:
    """List what a person is found by; one that begins another one is found with it."""
    found: dict[str, None] = {}
    for text in (address, *name.split()):
        for word in _from_each_beginning(text):
            found.setdefault(word[:LONGEST])
    kept = sorted(list(found)[:MOST])
    return frozenset(
        word
        for word, following in zip(kept, [*kept[1:], ""], strict=True)
        if not following.startswith(word)
    )


def asked_words(text: str) -> tuple[str, ...]:
    """Read a search: each of its words has to begin a word of whoever is found."""
    if len(text) > LONGEST_ASKED:
        raise UnusableSearch(f"A search has at most {LONGEST_ASKED} characters.")
    found = dict.fromkeys(_joined(part)[:LONGEST] for part in text.split())
    words = tuple(word for word in found if word)
    if max(map(len, words), default=0) < 2:
        raise UnusableSearch("A search has a word of two letters or digits at least.")
    if len(words) > MOST_ASKED:
        raise UnusableSearch(f"A search has at most {MOST_ASKED} words.")
    return words


def beginning_with(word: str) -> tuple[str, str]:
    """Give the half-open range of all words that begin so."""
    return word, word + _END


def _joined(text: str) -> str:
    return "".join(_parts(text))


def _from_each_beginning(text: str) -> Iterator[str]:
    """Give a text from each of its words on, to its end, with nothing between them."""
    parts = list(_parts(text))
    for at, part in enumerate(parts):
        rest = "".join(parts[at + 1 :])
        yield part + rest
        for begins in _BEGINS.finditer(part, 1):
            yield part[begins.start() :] + rest


def _parts(text: str) -> Iterator[str]:
    """Split a folded text at all that is no letter and no digit."""
    part = ""
    for letter in _folded(text):
        if unicodedata.category(letter)[0] in "LNM":
            part += letter
        elif part:
            yield part
            part = ""
    if part:
        yield part


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = _NO_LETTERS.sub("'", _ACCENTS.sub("", plain.casefold()))
    return "".join(map(_plain, plain))


def _plain(letter: str) -> str:
    if letter < "\x80":
        return letter
    if letter in _WHOLE:
        return _WHOLE[letter]
    stroked = _STROKED.fullmatch(unicodedata.name(letter, ""))
    return stroked[1].lower() if stroked else letter
