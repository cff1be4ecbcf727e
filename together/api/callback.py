"""Where a service sends the browser back to: it stores what came, and sends the browser on."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from together.services.connections.connecting import Connecting
from together.services.refusals import ConsentNotFound
from together.store.outage import is_outage

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
<h1>HEADING</h1>
<p>WORDS</p>
<p>NEXT</p>
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
        except Exception as error:
            if not is_outage(error):
                raise
            return _away()
        return RedirectResponse(address, status_code=303, headers=_HEADERS)

    return Route("/callback/{slug}", callback, methods=["GET"])


def _unknown() -> Response:
    """Show a page of our own: without a state there is no address that could be trusted."""
    return _page(
        "This connection cannot be finished",
        ConsentNotFound.words,
        "Go back to Together, and connect your calendar from there.",
        status=400,
    )


def _away() -> Response:
    """Until the database has kept what the service sent, it can be brought again."""
    return _page(
        "This connection cannot be finished yet",
        "Our database cannot be reached right now.",
        "Load this page again in a minute.",
        status=503,
        headers={"Retry-After": "60"},
    )


def _page(
    heading: str, words: str, next_step: str, *, status: int, headers: dict[str, str] | None = None
) -> Response:
    text = _PAGE.replace("HEADING", heading).replace("WORDS", words).replace("NEXT", next_step)
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return HTMLResponse(
        text,
        status_code=status,
        headers={**_HEADERS, **(headers or {}), "Content-Security-Policy": policy},
    )
