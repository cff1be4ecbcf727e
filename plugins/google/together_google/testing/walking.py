"""Walking the sandbox's consent page as a person does, form by form."""

from __future__ import annotations

from collections.abc import Collection
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx


class Page(HTMLParser):
    """What a person can do on a page: links to follow, one form to send."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.action: str | None = None
        self.fields: list[tuple[str, str]] = []
        self.buttons: list[str] = []
        self.feed(text)

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


async def walk_consent(
    http: httpx.AsyncClient,
    url: str,
    *,
    account: str,
    decision: str = "allow",
    untick: Collection[str] = (),
) -> str:
    """Go from the authorization address to the callback's, which is given and not called.

    `decision` is the button: ``allow``, ``cancel``, or ``blocked`` on the page that an account
    sees whose administrator does not allow the app.  `untick` names scopes by their ends.
    """
    reply = await http.get(url)
    page = Page(reply.text)
    if page.action is None:
        wanted = ("authuser", account.casefold())
        link = next(link for link in page.links if wanted in parse_qsl(urlsplit(link).query))
        url = urljoin(url, link)
        page = Page((await http.get(url)).text)
    if page.action is None or decision not in page.buttons:
        raise AssertionError(f"there is no button {decision!r}, only {page.buttons}")
    form: dict[str, list[str]] = {"decision": [decision]}
    for name, value in page.fields:
        if not (name == "scope" and value.endswith(tuple(untick))):
            form.setdefault(name, []).append(value)
    reply = await http.post(urljoin(url, page.action), data=form)
    if reply.status_code != 303:
        raise AssertionError(f"the consent ended with {reply.status_code}")
    return str(reply.headers["location"])
