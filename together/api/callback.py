"""Where a service sends the browser back to: it stores what came, and sends the browser on."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from together.services.connecting import Connecting
from together.services.refusals import ConsentNotFound

LONGEST = 8 * 1024
"""Characters of the query."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Together</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 4rem auto; max-width: 40rem; padding: 0 1rem }
</style>
<h1>This connection cannot be finished</h1>
<p>WORDS</p>
<p>Go back to Together, and connect your calendar from there.</p>
</html>
"""


def callback_route(connecting: Connecting) -> Route:
    """Make the address of every service, one each: ``/callback/<slug>``."""

    async def callback(request: Request) -> Response:
        if request.method != "GET":  # a link preview looks with HEAD, and must not use the state up
            return Response(status_code=405, headers={"Allow": "GET"})
        # What a service sends once is read once: of two values of one name, none can be believed.
        pairs = request.query_params.multi_items()
        params = dict(pairs)
        if len(params) != len(pairs) or len(request.url.query) > LONGEST:
            return _unknown()
        try:
            address = await connecting.callback(request.path_params["slug"], params)
        except ConsentNotFound:
            return _unknown()
        return RedirectResponse(address, status_code=303, headers=_HEADERS)

    return Route("/callback/{slug}", callback, methods=["GET"])


def _unknown() -> Response:
    """Show a page of our own: without a state there is no address that could be trusted."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return HTMLResponse(
        _PAGE.replace("WORDS", ConsentNotFound.words),
        status_code=400,
        headers={**_HEADERS, "Content-Security-Policy": policy},
    )
