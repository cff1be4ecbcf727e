"""E-mail addresses: when two are the same person's, and which texts are addresses at all."""

from __future__ import annotations

import re
import unicodedata

_SHAPE = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[^\s@<>()\[\],;:\\\"]+\.[^\s@<>()\[\],;:\\\".]+")
_LONGEST = 320
_ODD = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class BadAddress(ValueError):  # noqa: N818  (an answer, not a fault)
    """The text is not an e-mail address."""


def email_key(address: str) -> str:
    """Fold an address so that two spellings of one mailbox compare equal."""
    folded = unicodedata.normalize("NFKC", address.strip()).casefold()
    return unicodedata.normalize("NFKC", folded)


def checked_email(text: str) -> str:
    """Trim and normalize an address, or raise `BadAddress`.

    What it is compared by is an address too: a letter that folds to “@” or to a space is refused.
    """
    address = unicodedata.normalize("NFC", text.strip())
    if _is_address(address) and _is_address(email_key(address)):
        return address
    raise BadAddress(f"{address[:80]!a} is not an e-mail address.")


def _is_address(text: str) -> bool:
    if len(text) > _LONGEST or not _SHAPE.fullmatch(text):
        return False
    return not any(unicodedata.category(letter) in _ODD for letter in text)
