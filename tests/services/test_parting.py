"""What members are told that disconnecting ends at the service, and what it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.services.town import Town
from tests.world import World
from together.providers import Ends, Parting
from together.services.connections import integrations
from together.services.connections.parting import Farewell, farewell
from together.services.signing_in.viewer import Viewer
from together.store.models import Integration

PAGE = "https://memory.example/consents"
_ELSEWHERE = (
    " While the same account is connected in another organization here, nothing is ended there."
)
_KEPT = " What is kept here of the calendar is deleted."
_HERE = (
    _KEPT + " Sessions ahead that stand in it are organized by Together from then on: their events "
    "are taken away there and from the calendars of their guests, everybody is invited by mail, "
    "and a video link that came with such an event ends."
)
_OUT_OF_REACH = (
    _KEPT + " Sessions ahead that stand in it are organized by Together from then on, and "
    "everybody is invited by mail. Their events cannot be taken away, because the calendar cannot "
    "be written any more: delete them there yourself, or connect the same account again."
)


@pytest.fixture
def town() -> Town:
    return Town()


async def _told(town: Town, world: World) -> Farewell:
    own = await integrations.own(Viewer.of(world.ada), registry=town.registry, now=town.clock())
    assert own is not None
    return farewell(own, registry=town.registry)


@pytest.mark.parametrize(
    ("ends", "note"),
    [
        (
            Ends.NOTHING,
            "Memory Calendar cannot be told that a consent is over: yours stands there until you "
            "end it yourself." + _HERE,
        ),
        (Ends.CONSENT, "The consent is ended at Memory Calendar." + _ELSEWHERE + _HERE),
        (
            Ends.ACCOUNT,
            "Memory Calendar ends everything that this account has allowed Together, and not this "
            "connection alone." + _ELSEWHERE + _HERE,
        ),
    ],
)
async def test_what_ends_is_said_with_where_the_rest_is(
    town: Town, world: World, ends: Ends, note: str
) -> None:
    """The words are ours, and the page is the one of this account, also once its grant is lost."""
    integration = await town.connect(world.ada)
    own_page = f"{PAGE}/mine"
    provider = town.registry.calendars["memory"]
    provider.parting = Parting(
        ends=ends,
        consents_url=PAGE,
        consents_urls={integration.account_id[:4]: own_page},
    )
    said = Farewell(ends=ends, note=note, consents_url=own_page)
    assert await _told(town, world) == said
    await Integration.all().update(state="NEEDS_RECONNECT", reason="AuthorizationExpired")
    gone = replace(said, note=note.replace(_HERE, _OUT_OF_REACH))
    assert await _told(town, world) == gone


@pytest.mark.parametrize("another", [True, False])
async def test_of_a_service_that_is_gone_nothing_is_ended(
    town: Town, world: World, another: bool
) -> None:
    """Where the package that made the connection is not there any more, nobody can be told."""
    await town.connect(world.ada)
    if another:
        town.registry = replace(town.registry, distributions={"memory": "another"})
    else:
        town.registry = replace(town.registry, calendars={})
    assert await _told(town, world) == Farewell(
        ends=Ends.NOTHING,
        note="The service is not offered here any more, so it cannot be told that the consent is "
        "over: end it yourself, in the settings of your account."
        + _OUT_OF_REACH.replace(", or connect the same account again", ""),
        consents_url=None,
    )
