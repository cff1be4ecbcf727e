"""Reading what is posted to a stand-in, which takes no more than a real service would."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

LARGEST = 1 << 20
"""Bytes of a body; what goes on after them is not read."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what is posted to a service, and refuses in the service's own words."""

    too_large: Callable[[], Exception]
    malformed: Callable[[], Exception]
    """What is raised for a body that is no JSON object."""

    async def pairs(self, request: Request) -> list[tuple[str, str]]:
        """Read a posted form with all that comes twice."""
        content = await self._content(request)
        return parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True)

    async def form(self, request: Request) -> dict[str, str]:
        """Read a posted form; of a name that comes twice the first is meant."""
        return dict(reversed(await self.pairs(request)))

    async def json(self, request: Request) -> Mapping[str, Any]:
        """Read a posted object; nothing at all is an empty one."""
        body = object_in(await self._content(request))
        if body is None:
            raise self.malformed()
        return body

    async def _content(self, request: Request) -> bytes:
        content = await content_of(request)
        if content is None:
            raise self.too_large()
        return content


async def content_of(request: Request) -> bytes | None:
    """Read a body, or give None as soon as it is too large."""
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST:
            return None
    return content


def object_in(content: bytes) -> dict[str, Any] | None:
    """Read a JSON object, or give None where there is another thing."""
    try:
        body = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
