"""Walking the sandbox's consent page as a person does."""

from __future__ import annotations

import httpx

from together.testing.walking import Page


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
    page = Page(await http.get(url))
    if page.action is not None and ("account", account) not in page.fields:
        page = Page(await http.get(page.link("prompt", "select_account")))
    if page.action is None and page.reply.status_code == 200:
        page = Page(await http.get(page.link("account", account)))
    if page.reply.status_code == 303 and decision == "allow":
        return str(page.reply.headers["location"])
    return await page.decide(http, decision)
