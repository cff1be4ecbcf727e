"""What `together serve` serves: the API, and nothing that belongs to a demo."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from starlette.routing import Mount, Route

import together.cli.serve as command
from together.app import App
from together.providers.registry import load
from together.settings import Settings
from together.store.keys import make_key_file

ISSUER = [{"issuer": "https://login.example.org", "audience": "x", "organization": "saltmarsh"}]
DEMO = [
    "/issuer",
    "/issuer/jwks",
    "/issuer/.well-known/openid-configuration",
    "/.well-known/openid-configuration",
    "/jwks",
    "/sandbox",
    "/sandbox/google",
    "/sandbox/google/_control",
    "/sandbox/google/token",
    "/sandbox/google/o/oauth2/v2/auth",
    "/_control",
    "/connected",
    "/docs",
    "/metrics",
]


@pytest.fixture
def served(tmp_path: Path, _sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """The application that `together serve` would serve in production."""
    shutil.copy2(_sqlite_template, tmp_path / "together.db")
    make_key_file(tmp_path / "keys" / "keys.txt")
    settings = Settings.read(
        {
            "TOGETHER_PUBLIC_URL": "https://together.example.org",
            "TOGETHER_DATABASE": f"sqlite:///{tmp_path / 'together.db'}",
            "TOGETHER_KEYS": str(tmp_path / "keys" / "keys.txt"),
            "TOGETHER_ISSUERS": json.dumps(ISSUER),
            "TOGETHER_GOOGLE_CLIENT_ID": "client.example",
            "TOGETHER_GOOGLE_CLIENT_SECRET": "not-a-secret",
        },
        needs=command.NEEDS,
    )
    apps: list[App] = []

    class Listener:
        def close(self) -> None:
            pass

    monkeypatch.setattr(command, "bound", lambda host, port: Listener())
    monkeypatch.setattr(command, "serve", lambda app, _, **__: apps.append(app) or 0)
    assert command.run(argparse.Namespace(host=None, port=None, no_worker=False), settings) == 0
    return apps[0]


def test_serve_knows_the_api_and_nothing_else(served: App) -> None:
    """GraphQL, callbacks, answers and notifications are all there is: no issuer, sandbox, tool."""
    starlette = served.asgi
    while not hasattr(starlette, "routes"):
        starlette = starlette._app
    assert [route.path for route in starlette.routes] == [
        "/graphql",
        "/callback/{slug}",
        "/answers/{token}",
        "/notifications/{slug}",
    ]
    assert all(isinstance(route, Route) for route in starlette.routes)
    assert not any(isinstance(route, Mount) for route in starlette.routes)


async def test_serve_answers_nothing_of_a_demo(served: App) -> None:
    """Whatever a demo serves beside the API is not found under `together serve`."""
    transport = httpx.ASGITransport(served.asgi)
    async with (
        served.running(),
        httpx.AsyncClient(transport=transport, base_url="https://together.example.org") as web,
    ):
        found = {path: (await web.get(path)).status_code for path in DEMO}
    assert found == dict.fromkeys(DEMO, 404)


def test_serve_loads_no_sandbox(served: App) -> None:
    """The hook for sandboxes is not called by `serve`, so that none is even made."""
    assert sorted(served.registry.calendars) == ["google"]
    assert served.registry.sandboxes == {}
    assert load({}).sandboxes == {}


@pytest.mark.parametrize("module", ["together.app", "together.cli.serve", "together.cli.worker"])
def test_serve_does_not_import_what_only_a_demo_needs(module: str) -> None:
    """Neither the built-in issuer nor a sandbox is as much as imported where people are served."""
    code = (
        f"import sys, {module}; "
        "print([n for n in sys.modules if n.startswith('together') and "
        "n.endswith(('issuer', 'sandbox', 'demonstration', 'sample', 'memory'))])"
    )
    done = subprocess.run(  # noqa: S603  (our own words)
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
