"""Where a consent returns to in the demo, when no frontend runs: the handle, and what to do."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Back in Together</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 4rem auto; max-width: 40rem }}
pre {{ background: #f3f3f0; padding: 1rem; overflow-x: auto }}
</style>
<h1>Back in Together</h1>
<p>Your frontend would now finish the connection. Here, paste this into
<a href="/graphql">GraphiQL</a> with the token of whoever started it, within five minutes:</p>
<pre>mutation {{
  completeCalendarConnection(input: {{ handle: "{handle}" }}) {{
    __typename
    ... on Problem {{ code message }}
  }}
}}</pre>
<p>After the consent for a whole organization it is <code>completeOrganizationConsent</code>,
with the same handle.</p>
</html>
"""
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


async def connected_page(request: Request) -> HTMLResponse:
    """Show the handle that the callback brought."""
    handle = escape(request.query_params.get("handle", "")[:128])
    return HTMLResponse(_PAGE.format(handle=handle), headers=_HEADERS)
