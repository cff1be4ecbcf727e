"""Graph, as one mailbox is spoken to: in UTC, with ids that last, and a few calls at a time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from together.providers import shapes
from together.providers.http import JsonApi, origin
from together.providers.http import path as joined

AT_ONCE = 4
"""Calls that Graph takes of one app for one mailbox at a time; a fifth is refused with 429."""
MOST_PAGES = 40
# A plain id of an event changes when its owner puts it into another calendar.
PREFER = 'outlook.timezone="UTC", IdType="ImmutableId"'

_TOKEN = re.compile(r"(?:\A|&)(?:\$|%24)(?:skip|delta)token=[^&]", re.IGNORECASE)
_PLAIN = re.compile(r"[!-~]{1,8000}\Z", re.ASCII)


class Graph:
    """A call waits for its turn at the gate, which everything that is open for a mailbox shares.

    Whoever consented is ``/me``; under an organization's consent the mailbox stands in its place.
    """

    def __init__(
        self,
        api: JsonApi,
        *,
        base_url: str,
        gate: asyncio.Semaphore,
        mailbox: str | None = None,
    ) -> None:
        self._api, self._base_url, self._gate = api, base_url, gate
        self._mailbox = mailbox

    async def __call__(self, method: str, path: str, *, prefer: str = PREFER, **kwargs: Any) -> Any:
        async with self._gate:
            return await self._api(method, self._place(path), headers={"Prefer": prefer}, **kwargs)

    async def entries(self, path: str, query: Mapping[str, str]) -> list[Any]:
        """Read a collection to its end, page by page.  One that does not end is not believed."""
        found: list[Any] = []
        asked: Mapping[str, str] | None = query
        for _ in range(MOST_PAGES):
            answer = await self("GET", path, params=asked)
            found += shapes.field(answer, "value", list)
            if len(found) > shapes.MOST:
                break
            link = shapes.maybe(answer, "@odata.nextLink", str)
            if link is None:
                return found
            path, asked = self._inside(link), None
        raise shapes.unexpected()

    def token(self, link: str, *, of: str) -> str:
        """Give the query of a link to more of a delta query, by which that is asked for.

        All that Graph remembers of it is in there.  The path is not taken from the link, which
        must lead to such a query, so that a reply leads to no other mailbox and no other calendar.
        """
        place, _, query = self._inside(link).partition("?")
        function = "/".join(of.split("/")[-2:])
        leads = unquote(place).removesuffix("()").casefold().endswith(f"/{function}".casefold())
        if not leads or not _TOKEN.search(query) or not _PLAIN.match(query):
            raise shapes.unexpected()
        return query

    def resource(self, *segments: str) -> str:
        """Name something of the mailbox as a subscription does, with @ and = as they are."""
        place = self._place(joined(*segments)).removeprefix("/")
        return place.replace("%40", "@").replace("%3D", "=")

    def _place(self, path: str) -> str:
        if self._mailbox is None or not path.startswith("/me/"):
            return path
        return joined("users", self._mailbox) + path.removeprefix("/me")

    def _inside(self, link: str) -> str:
        """Give where a link found in a reply leads to, which is nowhere but under our own base.

        It is used as it came: what follows the path is the service's own affair.
        """
        try:
            url, base = urlsplit(link), urlsplit(self._base_url)
            near = origin(link) == origin(self._base_url)
        except ValueError:
            raise shapes.unexpected() from None
        steps = unquote(url.path).split("/")
        if not near or not url.path.startswith(base.path + "/") or {".", ".."} & {*steps}:
            raise shapes.unexpected()
        return url.path.removeprefix(base.path) + (f"?{url.query}" if url.query else "")
