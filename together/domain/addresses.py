"""E-mail addresses: when two are the same person's, and which texts are addresses at all."""

from __future__ import annotations

import re
import unicodedata

_SHAPE = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[^\s@<>()\[\],;:\\\"]+\.[^\s@<>()\[\],;:\\\".]+")
_LONGEST = 320


class BadAddress(ValueError):  # noqa: N818  (an answer, not a fault)
    """The text is not an e-mail address."""


def email_key(address: str) -> str:
    """Fold an address so that two spellings of one mailbox compare equal."""
    folded = unicodedata.normalize("NFKC", address.strip()).casefold()
    return unicodedata.normalize("NFKC", folded)


def checked_email(text: str) -> str:
    """Trim and normalize an address, or raise `BadAddress`."""
    address = unicodedata.normalize("NFC", text.strip())
    odd = any(unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp"} for letter in address)
    if odd or len(address) > _LONGEST or not _SHAPE.fullmatch(address):
        raise BadAddress(f"{address[:80]!a} is not an e-mail address.")
    return address
