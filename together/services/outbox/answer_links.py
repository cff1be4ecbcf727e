"""The address in an invitation at which its receiver answers: signed, and stored nowhere.

It says for whom, for which session and for which of its changes it is; whether it still counts is
found out when somebody comes with it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

PATH = "/answers"

_TOKEN = re.compile(
    r"(?P<said>(?P<booking>[A-Za-z0-9_-]{22})\.(?P<member>[A-Za-z0-9_-]{22})\.(?P<sequence>\d{1,9}))"
    r"\.(?P<mark>[A-Za-z0-9_-]{43})"
)


@dataclass(frozen=True, slots=True)
class Invited:
    """Who may answer what: both by the ids that the outside sees."""

    booking: str
    member: str
    sequence: int


class AnswerLinks:
    """Makes the addresses, and reads what somebody came with."""

    def __init__(self, keys: Iterable[bytes], *, public_url: str) -> None:
        """The first of the master keys signs; what the others have signed still counts."""
        self._keys = [hmac.digest(key, b"together: answers", "sha256") for key in keys]
        self._public_url = public_url

    def address(self, invited: Invited) -> str:
        said = f"{invited.booking}.{invited.member}.{invited.sequence}"
        return f"{self._public_url}{PATH}/{said}.{_mark(self._keys[0], said)}"

    def read(self, token: str) -> Invited | None:
        """Give what it is for; None of whatever was not made here."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            return None
        marks = [_mark(key, found["said"]) for key in self._keys]
        good = [hmac.compare_digest(mark, found["mark"]) for mark in marks]
        if not any(good):
            return None
        return Invited(found["booking"], found["member"], int(found["sequence"]))


def _mark(key: bytes, said: str) -> str:
    digest = hmac.digest(key, said.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
