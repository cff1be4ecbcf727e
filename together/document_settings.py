"""Which documents clients may send: any, or those of a manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from together.domain.manifests import manifest_of
from together.setting_words import OURS

LONGEST = 16 * 1024 * 1024
"""Bytes of a manifest."""


def document_settings(text: Callable[[str], str], problems: list[str]) -> dict[str, Any]:
    """Read the manifest, and whether nothing else is accepted; add what is wrong to `problems`."""
    path, only = text("DOCUMENTS"), text("DOCUMENTS_ONLY").lower()
    if only not in {"", "yes", "no"}:
        problems.append(
            f"TOGETHER_DOCUMENTS_ONLY is {only[:80]!r}. Set it to {OURS['DOCUMENTS_ONLY']}."
        )
    if only == "yes" and not path:
        problems.append(
            "TOGETHER_DOCUMENTS_ONLY is yes, and TOGETHER_DOCUMENTS is not set. "
            f"Set that to {OURS['DOCUMENTS']}."
        )
    return {"documents": _read(path, problems) if path else {}, "documents_only": only == "yes"}


def _read(path: str, problems: list[str]) -> Mapping[str, str]:
    try:
        file = Path(path).expanduser()
        if file.stat().st_size > LONGEST:
            problems.append(f"TOGETHER_DOCUMENTS: {path[:200]!r} is longer than {LONGEST} bytes.")
            return {}
        text = file.read_text(encoding="utf-8")
    except (OSError, RuntimeError, ValueError):
        problems.append(
            f"TOGETHER_DOCUMENTS names the file {path[:200]!r}, which cannot be read. "
            f"Set it to {OURS['DOCUMENTS']}."
        )
        return {}
    found, wrong = manifest_of(text)
    problems += [f"TOGETHER_DOCUMENTS: {problem}" for problem in wrong]
    return found
