"""How a consent begins, and what a connection is once it has come to a good end."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlsplit

import pytest

from tests.services.town import (
    BASE_URL,
    DISTRIBUTION,
    RETURN_TO,
    Town,
    query,
)
from tests.world import World
from together.providers.values import Calendar, Capability
from together.services.connections.attempts import OPEN_AT_ONCE, STARTED_A_DAY
from together.services.refusals import (
    InvalidInput,
    MemberDeactivated,
    ProviderUnknown,
    ReturnAddressRefused,
    TooManyAttempts,
)
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    Attempt,
    AttemptState,
    CalendarRow,
    Integration,
    Member,
)
from together.testing.memory import MemoryCalendars

EVERYTHING = Capability.FREE_BUSY | Capability.EVENTS


@pytest.fixture
def town() -> Town:
    return Town()


async def test_a_member_connects(town: Town, world: World):
    """What is stored is the account, what was granted, and the primary calendar as the choice."""
    town.sandbox.add_account(world.ada.email, calendars=("home", "work"), zone="Europe/Stockholm")
    integration = await town.connect(world.ada)
    calendars = await CalendarRow.filter(integration_id=integration.id).order_by("external_id")
    assert (
        integration.provider,
        integration.distribution,
        integration.account_email,
        Capability(integration.capabilities),
        integration.since,
        integration.read_at,
    ) == ("memory", DISTRIBUTION, world.ada.email, EVERYTHING, town.clock(), None)
    assert [
        (c.external_id, c.name, c.primary, c.counts, c.receives, c.zone) for c in calendars
    ] == [
        ("home", "Home", True, True, True, "Europe/Stockholm"),
        ("work", "Work", False, False, False, "Europe/Stockholm"),
    ]


async def test_calendars_that_cannot_be_written(
    town: Town, world: World, monkeypatch: pytest.MonkeyPatch
):
    """They are read, the first counts where none is the primary one, and none receives events."""
    shared = [Calendar(f"c{n}", f"Shared {n}", primary=False, writable=False) for n in (1, 2)]

    async def listed(self: MemoryCalendars) -> list[Calendar]:
        return shared

    monkeypatch.setattr(MemoryCalendars, "list", listed)
    await town.connect(world.ada)
    calendars = await CalendarRow.all().order_by("external_id")
    assert [(c.external_id, c.counts, c.receives) for c in calendars] == [
        ("c1", True, False),
        ("c2", False, False),
    ]


async def test_the_address_of_the_consent(town: Town, world: World):
    """It asks with PKCE S256 for the scopes declared, and comes back to the service's own path."""
    url = await town.started(world.ada)
    asked = query(url)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", asked.pop("state"))
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", asked.pop("code_challenge"))
    assert url.startswith(f"{BASE_URL}/authorize?")
    assert asked == {
        "response_type": "code",
        "client_id": "memory-client",
        "redirect_uri": "https://together.example.org/callback/memory",
        "code_challenge_method": "S256",
        "scope": "email events freebusy",
        "login_hint": world.ada.email,
    }


async def test_another_account_can_be_chosen(town: Town, world: World):
    """The account chooser is forced where the member asks for it."""
    url = await town.started(world.ada, login_hint=None, choose_account=True)
    assert query(url)["prompt"] == "select_account"


async def test_the_callback_gives_back_a_handle_and_nothing_else(town: Town, world: World):
    """The return address keeps its own query and gains the handle."""
    url = await town.started(world.ada, return_to=RETURN_TO + "?tab=calendar&handle=mine")
    back = urlsplit(await town.connecting.callback("memory", await town.consented(url)))
    assert f"{back.scheme}://{back.netloc}{back.path}" == RETURN_TO
    assert re.fullmatch(r"tab=calendar&handle=[A-Za-z0-9_-]{43}", back.query)


async def test_the_callback_exchanges_nothing(town: Town, world: World):
    """Before its member completes it, a consent has cost no request and made no row."""
    await town.handle(world.ada)
    assert town.sandbox.requests == []
    assert await Integration.all().count() == 0


async def test_an_attempt_keeps_no_secret_in_the_open(town: Town, world: World):
    """Of state and handle only hashes are stored; verifier and code are sealed."""
    url = await town.started(world.ada)
    params = await town.consented(url)
    handle = query(await town.connecting.callback("memory", params))["handle"]
    row = repr(dict(await Attempt.get()))
    for secret in (params["state"], params["code"], handle, query(url)["code_challenge"]):
        assert secret not in row
    assert (await Attempt.get()).state is AttemptState.RETURNED


# Starting


NOT_LISTED = [
    "https://app.saltmarsh.example.org.evil.example/connected",
    "https://elsewhere.example.org/connected",
    "https://app.saltmarsh.example.org@evil.example/",
    "https://app.saltmarsh.example.org/#handle",
    "https://app.saltmarsh.example.org\\@evil.example/",
    "http://app.saltmarsh.example.org/connected",
    "javascript:alert(1)",
    "",
]


async def test_a_return_address_that_is_not_listed(town: Town, world: World):
    """It is refused whatever it looks like, and a listed one is taken."""
    for address in NOT_LISTED:
        with pytest.raises(ReturnAddressRefused):
            await town.started(world.ada, return_to=address)
    await town.connects(world.ada)


async def test_an_unknown_service(town: Town, world: World):
    """A slug that no plugin brings is refused, and one that is there connects."""
    with pytest.raises(ProviderUnknown):
        await town.connecting.start(Viewer.of(world.ada), "acme", return_to=RETURN_TO)
    await town.connects(world.ada)


@pytest.mark.parametrize(
    "hint",
    ["", "ada", "ada\r\n@saltmarsh.example.org", "ada\ud800@saltmarsh.example.org",
     "ada\u202e@saltmarsh.example.org", "ada\u200b@saltmarsh.example.org", "a" * 5000],
)  # fmt: skip
async def test_a_hint_that_is_no_address(town: Town, world: World, hint: str):
    """A hint that is no address is refused by the name of its field, and nothing is begun."""
    with pytest.raises(InvalidInput) as caught:
        await town.started(world.ada, login_hint=hint)
    assert caught.value.field == "loginHint"
    assert await Attempt.all().count() == 0
    await town.connects(world.ada)


async def test_five_consents_at_once(town: Town, world: World):
    """A sixth attempt waits; when one of the five is over, it can be started."""
    for _ in range(OPEN_AT_ONCE):
        await town.started(world.ada)
    with pytest.raises(TooManyAttempts):
        await town.started(world.ada)
    await Attempt.filter(id=(await Attempt.first()).id).update(expires_at=1)
    await town.connects(world.ada)


async def test_five_at_once_also_when_asked_at_once(town: Town, world: World):
    """Of ten that are started together five are."""
    done = await asyncio.gather(
        *(town.started(world.ada) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(each, TooManyAttempts) for each in done) == 10 - OPEN_AT_ONCE
    await Attempt.all().update(expires_at=1)
    await town.connects(world.ada)


async def test_a_few_times_a_day(town: Town, world: World):
    """After twenty starts in a day the next is tomorrow; what is older is forgotten."""
    for _ in range(STARTED_A_DAY):
        await town.started(world.ada)
        await Attempt.all().update(state=AttemptState.ENDED)
    with pytest.raises(TooManyAttempts, match="tomorrow"):
        await town.started(world.ada)
    await Attempt.all().update(expires_at=1)
    await town.connects(world.ada)
    assert await Attempt.all().count() == 1


async def test_a_member_who_was_just_deactivated(town: Town, world: World):
    """Whoever asked before they were let go starts nothing any more."""
    await Member.filter(id=world.ada.id).update(active=False)
    with pytest.raises(MemberDeactivated):
        await town.started(world.ada)
    await Member.filter(id=world.ada.id).update(active=True)
    await town.connects(world.ada)
