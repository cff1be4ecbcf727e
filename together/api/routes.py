"""The addresses of the API: ``/graphql`` and ``/callback/<slug>``."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from together.api.callback import callback_route
from together.api.context import Services
from together.api.documents import Documents
from together.api.graphiql import Explorer
from together.api.http import Endpoint
from together.api.limits import Limits
from together.api.pages import Cursors
from together.api.schema import build
from together.settings import Settings
from together.store.keys import load_keys


def api_routes(
    services: Services, settings: Settings, *, limits: Limits | None = None
) -> Sequence[BaseRoute]:
    """Make the routes.  In development browsers find GraphiQL, and introspection is open."""
    explorer = None if settings.production else Explorer.found()
    schema = build(Documents(limits or Limits(), introspection=not settings.production))
    keys = load_keys(settings.keys)
    endpoint = Endpoint(
        schema, services, cursors=Cursors(_derived(keys.master[keys.current])), explorer=explorer
    )
    return [
        Route("/graphql", endpoint),
        callback_route(services.connecting),
        *([explorer.route()] if explorer is not None else []),
    ]


def _derived(master: bytes) -> bytes:
    """Make the key of cursors from the master key, which seals nothing but data keys."""
    return hmac.new(master, b"together: cursors", hashlib.sha256).digest()
