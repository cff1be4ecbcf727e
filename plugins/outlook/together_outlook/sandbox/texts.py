"""Texts of events, which Exchange keeps as HTML whatever they came as."""

from __future__ import annotations

import html
import re
from typing import Any

_TAGS = re.compile(r"<(style|script|head)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
PREVIEW = 255


def write(body: dict[str, Any], content: str) -> None:
    """Keep a text of an event, with the beginning of what it says."""
    body["body"] = {"contentType": "html", "content": content}
    body["bodyPreview"] = plain(content)[:PREVIEW]


def as_html(content: str, kind: str) -> str:
    if kind == "html":
        return content
    return f"<html><body>{html.escape(content)}</body></html>".replace("\n", "<br>\r\n")


def plain(content: str) -> str:
    return html.unescape(_TAGS.sub("", content)).strip()
