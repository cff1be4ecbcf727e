"""GraphQL over HTTP, as its public audits see it."""

from __future__ import annotations

import pytest

from tests.api.conftest import Api
from tests.api.loopback import served
from tests.npm import node


@pytest.fixture
def dialect() -> str:
    """Nothing here depends on the kind of database."""
    return "sqlite"


async def test_every_audit_of_graphql_http(api: Api):
    """All 61 audits of graphql-http pass, with a token that may introspect."""
    async with served(api.asgi) as address:
        told = await node.run("audits.mjs", f"{address}/graphql", "ada")
    assert [each for each in told if each["status"] != "ok"] == []
    assert len({each["id"] for each in told}) == len(told) == 61
