"""Walking the sandbox's consent page as a person does."""

from __future__ import annotations

from collections.abc import Collection

import httpx

from together.testing.walking import Page


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
    page = Page(await http.get(url))
    if page.action is None:
        page = Page(await http.get(page.link("authuser", account.casefold())))
    ends = tuple(untick)
    return await page.decide(
        http, decision, untick=lambda name, value: name == "scope" and value.endswith(ends)
    )
