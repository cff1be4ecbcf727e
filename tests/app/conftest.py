"""The whole application over Google's sandbox, spoken to as a frontend does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from together_google.testing import Discovery

from tests.app.serving import serving
from tests.app.site import Site
from tests.services.conftest import statements

__all__ = ["statements"]


@pytest.fixture(scope="session")
def discovery() -> Discovery:
    """Google's own description of its API."""
    return Discovery.load()


@pytest.fixture
async def site(database_url: str, tmp_path: Path, discovery: Discovery) -> AsyncIterator[Site]:
    """Saltmarsh, served; everything sent to Google is held to Google's documents at the end."""
    async with serving(database_url, tmp_path, discovery) as site:
        yield site
