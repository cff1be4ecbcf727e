"""Walking the pages of a stand-in as a person does, form by form."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx


class Page(HTMLParser):
    """What a person can do on a page: links to follow, one form to send."""

    def __init__(self, reply: httpx.Response) -> None:
        super().__init__()
        self.reply = reply
        self.links: list[str] = []
        self.action: str | None = None
        self.fields: list[tuple[str, str]] = []
        """What the form sends as it stands: hidden fields, and boxes that are ticked."""
        self.buttons: list[str] = []
        self.feed(reply.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(found["href"])
        elif tag == "form":
            self.action = found["action"]
        elif tag == "input" and (found["type"] == "hidden" or "checked" in found):
            self.fields.append((found["name"], found["value"]))
        elif tag == "button":
            self.buttons.append(found["value"])

    def link(self, name: str, value: str) -> str:
        """Find the link whose query says this, as an address to open."""
        wanted = (name, value)
        link = next(each for each in self.links if wanted in parse_qsl(urlsplit(each).query))
        return urljoin(str(self.reply.url), link)

    async def decide(
        self,
        http: httpx.AsyncClient,
        decision: str,
        *,
        untick: Callable[[str, str], bool] = lambda name, value: False,
    ) -> str:
        """Press a button, and give the address that it leads to, which is not opened.

        `untick` says of a field, by name and value, whether it is left out.
        """
        if self.action is None or decision not in self.buttons:
            raise AssertionError(f"there is no button {decision!r}, only {self.buttons}")
        form: dict[str, list[str]] = {"decision": [decision]}
        for name, value in self.fields:
            if not untick(name, value):
                form.setdefault(name, []).append(value)
        reply = await http.post(urljoin(str(self.reply.url), self.action), data=form)
        if reply.status_code != 303:
            raise AssertionError(f"the consent ended with {reply.status_code}")
        return str(reply.headers["location"])
