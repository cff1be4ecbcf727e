"""The settings of who runs it: what the log looks like, and where health and numbers are had."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from together.domain.hosts import is_host
from together.setting_words import OURS

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_FORMATS = ("text", "json")


def operations_settings(text_of: Callable[[str], str], problems: list[str]) -> dict[str, Any]:
    """Read them, and add what is wrong to the problems.  Without a port nothing listens."""

    def wrong(name: str, value: str) -> None:
        problems.append(f"TOGETHER_{name} is {value[:80]!r}. Set it to {OURS[name]}.")

    level = (text_of("LOG_LEVEL") or "INFO").upper()
    if level not in _LEVELS:
        wrong("LOG_LEVEL", text_of("LOG_LEVEL"))
    form = (text_of("LOG_FORMAT") or "text").lower()
    if form not in _FORMATS:
        wrong("LOG_FORMAT", text_of("LOG_FORMAT"))
    host, port = text_of("OPERATIONS_HOST") or "127.0.0.1", text_of("OPERATIONS_PORT")
    if not is_host(host):
        wrong("OPERATIONS_HOST", host)
    usable = re.fullmatch("[0-9]{1,5}", port) is not None and 0 < int(port) < 65536
    if port and not usable:
        wrong("OPERATIONS_PORT", port)
    if text_of("OPERATIONS_HOST") and not port:
        problems.append(
            "TOGETHER_OPERATIONS_PORT is not set, so nothing listens on TOGETHER_OPERATIONS_HOST. "
            f"Set it to {OURS['OPERATIONS_PORT']}."
        )
    return {
        "log_level": level,
        "log_format": form,
        "operations": (host, int(port)) if usable else None,
    }
