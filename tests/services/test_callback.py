"""What comes back from a consent page; each answer that fails is followed by one that connects."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from tests.services.town import (
    BASE_URL,
    DISTRIBUTION,
    Town,
    query,
)
from tests.world import World
from together.providers.errors import Misconfigured
from together.providers.registry import Registry
from together.services.refusals import (
    ConsentNotFound,
    NotAvailableHere,
)
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    Attempt,
    AttemptState,
)
from together.testing.memory import MemoryCalendar


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.mark.parametrize("state", [None, "", "x" * 43, "x" * 5000, "Zürich"])
async def test_a_missing_or_unknown_state(town: Town, world: World, state: str | None):
    """A callback without a state of ours has no address to return to."""
    params = await town.consented(await town.started(world.ada))
    sent = {"code": params["code"]} | ({} if state is None else {"state": state})
    with pytest.raises(ConsentNotFound):
        await town.connecting.callback("memory", sent)
    await town.connects(world.ada)


async def test_a_replayed_state(town: Town, world: World):
    """A state works once, for an answer as well as for an error."""
    params = await town.consented(await town.started(world.ada))
    handle = query(await town.connecting.callback("memory", params))["handle"]
    for again in (params, {"state": params["state"], "error": "access_denied"}):
        with pytest.raises(ConsentNotFound):
            await town.connecting.callback("memory", again)
    assert await town.connecting.complete(Viewer.of(world.ada), handle)


async def test_an_expired_state(town: Town, world: World):
    """After ten minutes a state is over."""
    params = await town.consented(await town.started(world.ada))
    await Attempt.all().update(expires_at=1)
    with pytest.raises(ConsentNotFound):
        await town.connecting.callback("memory", params)
    await town.connects(world.ada)


async def test_a_state_of_another_service(town: Town, world: World):
    """An answer at another service's address ends the flow before its code goes anywhere."""
    params = await town.consented(await town.started(world.ada))
    for slug in ("acme", "memory"):
        with pytest.raises(ConsentNotFound):
            await town.connecting.callback(slug, params)
    assert (await Attempt.get()).code is None
    await town.connects(world.ada)


@pytest.mark.parametrize(
    "issuer", ["https://evil.example", "", "http://[", "https://evil.example]", "//[\ud800]/", "\0"]
)
async def test_another_issuer(town: Town, world: World, issuer: str):
    """An answer whose `iss` is another's, or none at all, ends the flow; its own is taken."""
    params = await town.consented(await town.started(world.ada))
    with pytest.raises(ConsentNotFound):
        await town.connecting.callback("memory", params | {"iss": issuer})
    assert (await Attempt.get()).state is AttemptState.ENDED
    params = await town.consented(await town.started(world.ada))
    back = await town.connecting.callback("memory", params | {"iss": BASE_URL})
    assert await town.connecting.complete(Viewer.of(world.ada), query(back)["handle"])


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("unauthorized_client", "unauthorized_client"),
        ("memory_is_closed", "memory_is_closed"),
        ("Ada_Lindqvist", None),
    ],
)
async def test_the_operator_hears_of_our_own_fault(
    world: World, caplog: pytest.LogCaptureFixture, said: str, code: str | None
):
    """At the callback and once, with the code, if it is one that a table knows."""
    provider = MemoryCalendar(BASE_URL)
    provider.oauth = replace(provider.oauth, refusals={"memory_is_closed": Misconfigured})
    town = Town(registry=Registry({"memory": provider}, {}, distributions={"memory": DISTRIBUTION}))
    town.sandbox.consent_error = said
    handle = await town.handle(world.ada)
    attempt = await Attempt.get()
    await town.refused(NotAvailableHere, world.ada, handle)
    assert [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR] == [
        f"attempt {attempt.id}, connecting memory: Misconfigured status=None code={code} "
        "request=None"
    ]
    town.sandbox.consent_error = None
    await town.connects(world.ada)


@pytest.mark.parametrize("params", [{}, {"code": ""}, {"code": "x" * 5000}, {"code": "a\nb"}])
async def test_an_answer_without_a_code(town: Town, world: World, params: dict[str, str]):
    """It uses up the state, and is the operator's trouble."""
    state = query(await town.started(world.ada))["state"]
    back = await town.connecting.callback("memory", {"state": state} | params)
    await town.refused(NotAvailableHere, world.ada, query(back)["handle"])
    await town.connects(world.ada)
