"""Where the link in a mail leads: an address of our own, which sends on to the frontend's page."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from together.settings import Settings

PATH = "/calendar-integrations"

_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def calendar_page(settings: Settings) -> str | None:
    """The address that mails name; None where nobody has said where the frontend has its page."""
    return None if settings.app_url is None else f"{settings.public_url}{PATH}"


def page_routes(settings: Settings) -> Sequence[BaseRoute]:
    """Make the route, where there is somewhere to lead; it takes nothing from who asks."""
    address = settings.app_url
    if address is None:
        return []

    async def lead(request: Request) -> Response:
        return RedirectResponse(address, status_code=303, headers=_HEADERS)

    return [Route(PATH, lead, methods=["GET"])]
