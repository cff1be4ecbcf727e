"""The addresses: ``/graphql``, which listed frontends may call, the callbacks, and mails' links."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from together.api.answers import answers_route
from together.api.callback import callback_route
from together.api.context import Services
from together.api.documents import Documents
from together.api.graphiql import Explorer
from together.api.http import Endpoint
from together.api.notifications import notifications_route
from together.api.page import page_routes
from together.api.pages import Cursors
from together.api.schema import build
from together.api.trusted import Trusted
from together.api.wire import PREFLIGHT
from together.domain.web_addresses import origin_of
from together.settings import Settings
from together.store.keys import load_keys


def api_routes(services: Services, settings: Settings) -> Sequence[BaseRoute]:
    """Make the routes.  In development browsers find GraphiQL, and introspection is open."""
    explorer = None if settings.production else Explorer.found()
    schema = build(
        Documents(
            settings.limits,
            introspection=not settings.production,
            trusted=Trusted(settings.documents, only=settings.documents_only),
        )
    )
    keys = load_keys(settings.keys)
    endpoint = Endpoint(
        schema,
        services,
        cursors=Cursors(_derived(keys.master[keys.current]), most=settings.limits.page),
        explorer=explorer,
    )
    return [
        Route("/graphql", _open_to_frontends(_compressed(endpoint), settings.return_to)),
        callback_route(services.connecting),
        answers_route(services.answering),
        notifications_route(services.notices),
        *page_routes(settings),
        *([explorer.route(), Route("/", _to_explorer)] if explorer is not None else []),
    ]


def _open_to_frontends(endpoint: ASGIApp, return_to: Sequence[str]) -> ASGIApp:
    """Let pages call the API where a consent may return to them; cookies play no part in it."""
    return CORSMiddleware(
        endpoint,
        allow_origins=sorted({origin_of(address) for address in return_to}),
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", *PREFLIGHT],
        expose_headers=["RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate"],
    )


def _compressed(endpoint: ASGIApp) -> ASGIApp:
    """Compress longer answers, and never one that is sent bit by bit.

    That its length tells of what is in it helps nobody: only who has the token gets an answer.
    """
    return GZipMiddleware(endpoint, minimum_size=1024, compresslevel=4)


async def _to_explorer(request: Request) -> Response:
    return RedirectResponse("/graphql", status_code=303)


def _derived(master: bytes) -> bytes:
    """Make the key of cursors from the master key, which seals nothing but data keys."""
    return hmac.new(master, b"together: cursors", hashlib.sha256).digest()
