"""Walking the sandbox's consent page as a person does, form by form."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx


class Page(HTMLParser):
    """What a person can do on a page: links to follow, one form to send."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.buttons: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(found["href"])
        elif tag == "form":
            self.action = found["action"]
        elif tag == "input":
            self.fields[found["name"]] = found["value"]
        elif tag == "button":
            self.buttons.append(found["value"])

    def link(self, name: str, value: str) -> str:
        """Find the link whose query says this."""
        fitting = (link for link in self.links if [value] == parse_qs(urlsplit(link).query)[name])
        return next(fitting)


async def walk_consent(
    http: httpx.AsyncClient, url: str, *, account: str, decision: str = "allow"
) -> str:
    """Go from the authorization address to the callback's, which is given and not called.

    An administrator's consent for a whole tenant is walked through in the same way.

    `decision` is the button: ``allow``, ``cancel``, or ``blocked`` on the page that an account
    sees whose administrator must approve first.  An account that has agreed before is not asked
    again, which counts as ``allow``.
    """
    account = account.casefold()
    reply = await http.get(url)
    page = Page(reply.text)
    if page.action is not None and page.fields["account"] != account:
        url = urljoin(url, page.link("prompt", "select_account"))
        reply = await http.get(url)
        page = Page(reply.text)
    if page.action is None and reply.status_code == 200:
        url = urljoin(url, page.link("account", account))
        reply = await http.get(url)
        page = Page(reply.text)
    if reply.status_code == 303 and decision == "allow":
        return str(reply.headers["location"])
    if page.action is None or decision not in page.buttons:
        raise AssertionError(f"there is no button {decision!r}, only {page.buttons}")
    form = {**page.fields, "decision": decision}
    reply = await http.post(urljoin(url, page.action), data=form)
    if reply.status_code != 303:
        raise AssertionError(f"the consent ended with {reply.status_code}")
    return str(reply.headers["location"])
