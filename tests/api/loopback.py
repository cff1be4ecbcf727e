"""Serves an application on loopback, for clients that want a real address."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp


@asynccontextmanager
async def served(asgi: ASGIApp) -> AsyncIterator[str]:
    """Serve it until the end of what is inside, and give its address."""
    config = uvicorn.Config(asgi, log_config=None, access_log=False, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(server._serve([listener]))
        try:
            while not server.started:
                await asyncio.sleep(0.01)
                assert not task.done()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await asyncio.wait_for(task, 10)
