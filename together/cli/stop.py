"""How a command ends when it cannot go on."""

from __future__ import annotations


class Stop(Exception):  # noqa: N818  (an answer, not a fault)
    """One clear sentence for whoever typed the command.  `code` is what the shell gets."""

    def __init__(self, words: str, *, code: int = 1) -> None:
        super().__init__(words)
        self.code = code
