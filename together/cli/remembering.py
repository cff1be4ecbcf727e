"""A sandbox that outlives its process: its state is written beside the demo's database."""

from __future__ import annotations

import json
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from together.providers.contract import Sandbox


class Remembering:
    """Serves a sandbox, and writes its state after every request that may have changed it."""

    def __init__(self, sandbox: Sandbox, path: Path) -> None:
        self._sandbox, self._path = sandbox, path
        self._app: ASGIApp = sandbox.app()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
        if scope["type"] == "http" and scope["method"] not in {"GET", "HEAD"}:
            self.keep()

    def recall(self) -> None:
        """Take back what was written; a file that cannot be read is left aside."""
        try:
            self._sandbox.load(json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError):
            self._path.replace(self._path.with_suffix(".unreadable"))

    def keep(self) -> None:
        """Write the state, whole or not at all."""
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(self._sandbox.dump()), encoding="utf-8")
        fresh.chmod(0o600)
        fresh.replace(self._path)
