"""Which calendars count, and which one receives events, is their member's choice, at once."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.services.calendars import BUSY, UNTIL, WINDOW, Shelf, stored, told
from tests.services.town import Stopping, Town, gate
from tests.world import World
from together.domain.integration import Standing
from together.services.connections.choosing import ASKED_EVERY, CHOICES_A_DAY, DAY, Choice
from together.services.refusals import InvalidInput, NotConnected, NotFound, TooManyAttempts
from together.services.sessions.organizing import written_at
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.models import (
    Attempt,
    BusyBlock,
    BusyReading,
    CalendarRow,
    Integration,
    IntegrationState,
    Job,
)


@pytest.fixture
def shelf(world: World) -> Shelf:
    return Shelf(Town(), world)


async def test_the_primary_one_to_begin_with(shelf: Shelf):
    """Until something is chosen the primary calendar counts and receives, and no other."""
    await shelf.connect()
    assert await shelf.rows() == {"home": ("counts", "receives"), "work": (), "club": ()}
    assert await shelf.known() == told("home")


async def test_what_counts_holds_at_once(shelf: Shelf):
    """The next answer is of what counts now, although the one before was a moment ago."""
    await shelf.connect()
    await shelf.known()
    await shelf.choose("work", "club")
    assert await shelf.known() == told("work", "club")
    assert await shelf.rows() == {"home": ("receives",), "work": ("counts",), "club": ("counts",)}
    assert await stored() == (1, [(BUSY["work"].starts, BUSY["club"].ends)])


async def test_the_same_choice_again(shelf: Shelf):
    """Choosing what is chosen already, or only where events go, leaves what was read."""
    await shelf.connect()
    await shelf.known()
    sent, choice = list(shelf.town.sandbox.requests), (await shelf.integration()).choice
    await shelf.choose("home")
    await shelf.choose("home", receiving="work")
    assert await shelf.known() == told("home")
    assert shelf.town.sandbox.requests == sent
    assert (await shelf.integration()).choice == choice


async def test_nothing_counts(shelf: Shelf):
    """Unticking the last one is not integrated, said in words, and undone by ticking one again."""
    await shelf.connect()
    await shelf.known()
    await shelf.choose()
    own = await shelf.own()
    assert (own.standing, own.integration.state) == (
        Standing.NOT_INTEGRATED,
        IntegrationState.ACTIVE,
    )
    assert own.reason == own.to_choose
    assert own.reason is not None
    assert own.reason.startswith("None of your calendars counts as busy")
    assert await stored() == (0, [])
    shelf.town.clock.forward(3 * DAY)
    await shelf.choose("work")
    own = await shelf.own()
    assert (own.standing, own.reason) == (Standing.INTEGRATED, None)
    assert own.integration.read_at == shelf.town.clock()


async def test_where_events_go(shelf: Shelf):
    """One receives, or none; with none nothing can be written."""
    await shelf.connect()
    await shelf.choose("home", receiving="work")
    place = await written_at(await shelf.integration())
    assert place is not None
    assert place.calendar.external_id == "work"
    await shelf.choose("home", receiving=None)
    assert await written_at(await shelf.integration()) is None
    own = await shelf.own()
    assert (own.can_write, own.standing, own.to_choose) == (False, Standing.INTEGRATED, None)
    await shelf.refresh()
    assert await shelf.rows() == {"home": ("counts",), "work": (), "club": ()}
    await shelf.choose("home", receiving="club")
    assert (await shelf.own()).can_write


async def _refused(shelf: Shelf, kind: type[Exception], choice: Choice) -> Any:
    before = await CalendarRow.all().order_by("id").values()
    with pytest.raises(kind) as caught:
        await shelf.choosing.choose(shelf.ada, choice)
    assert await CalendarRow.all().order_by("id").values() == before
    return caught.value


async def test_what_cannot_be_chosen(shelf: Shelf, world: World):
    """Foreign, missing and malformed are one answer, and nothing is changed by any of them."""
    shelf.town.sandbox.read_only = {"club"}
    await shelf.connect()
    shelf.town.sandbox.add_account(world.ben.email, calendars=("bens",))
    for other in (world.ben, world.mira):
        await shelf.town.connect(other)
    strangers = [
        row.uid for row in await CalendarRow.exclude(integration_id=(await shelf.integration()).id)
    ]
    assert len(strangers) == 2
    own, club = await shelf.uids(["home", "club"])
    for uid in (*strangers, "A" * 22, "-", ""):
        said = await _refused(shelf, NotFound, Choice([own, uid], receiving_stays=True))
        assert said.message == NotFound.words
        await _refused(shelf, NotFound, Choice([own], uid))
    twice = await _refused(shelf, InvalidInput, Choice([own, own], own))
    many = await _refused(shelf, InvalidInput, Choice([str(n) for n in range(251)], own))
    assert (twice.field, many.field) == ("countingIds", "countingIds")
    assert (await _refused(shelf, InvalidInput, Choice([own], club))).field == "receivingId"
    await shelf.choosing.choose(shelf.ada, Choice([club], own))


async def test_nothing_is_connected(shelf: Shelf):
    """Without a connection there is nothing to choose; with one there is."""
    with pytest.raises(NotConnected):
        await shelf.choosing.choose(shelf.ada, Choice([]))
    await shelf.connect()
    await shelf.choose("work")


async def test_while_it_waits_to_be_reconnected(shelf: Shelf):
    """The choice is made without the service, and holds when the account is back."""
    await shelf.connect()
    await Integration.all().update(
        state=IntegrationState.NEEDS_RECONNECT, reason="AuthorizationExpired"
    )
    sent = list(shelf.town.sandbox.requests)
    await shelf.choose("work", receiving="club")
    assert shelf.town.sandbox.requests == sent
    await shelf.town.connect(shelf.world.ada)
    assert await shelf.rows() == {"home": (), "work": ("counts",), "club": ("receives",)}
    assert await shelf.known() == told("work")


async def test_not_too_often(shelf: Shelf):
    """What counts is not shown and hidden at will; where events go may be changed all the same."""
    await shelf.connect()
    for nth in range(CHOICES_A_DAY):
        await shelf.choose(*(() if nth % 2 else ("work",)))
    with pytest.raises(TooManyAttempts):
        await shelf.choose("work")
    assert (await shelf.rows())["work"] == ()
    await shelf.choose(receiving="work")
    passed = await database_now() + DAY - DAY // CHOICES_A_DAY
    await Integration.all().update(choices_spent=passed)
    await shelf.choose("work")
    with pytest.raises(TooManyAttempts):
        await shelf.choose("club")


# Beside other things


async def test_a_reading_stopped_anywhere_brings_nothing_back(shelf: Shelf):
    """Stopped at any await while another choice is made, a reading of the old one is not kept."""
    await shelf.connect()
    stops = 0
    while True:
        await Integration.all().update(choices_spent=0)
        await CalendarRow.all().update(counts=False)
        await CalendarRow.filter(external_id="home").update(counts=True)
        await BusyReading.all().delete()
        await BusyBlock.all().delete()
        stopping = Stopping(stops, lambda: shelf.choose("work"))
        reader = Shelf(shelf.town, shelf.world).busy
        refresh = reader._refresh
        reader._refresh = lambda *given, go=refresh, s=stopping, **named: s.around(  # type: ignore[method-assign]
            go(*given, **named)
        )
        row = await shelf.integration()
        await reader.known([row], WINDOW, until=UNTIL)
        await stopping.end()
        if not stopping.stopped:
            break
        assert (await stored())[1] == [(BUSY["work"].starts, BUSY["work"].ends)]
        assert await shelf.known() == told("work")
        stops += 1
    assert stops > 3


async def test_a_renewal_under_way_goes_on(shelf: Shelf):
    """A choice costs no grant: the refresh token that a service has just replaced is kept."""
    await shelf.connect()
    shelf.town.sandbox.expire()
    async with gate() as (arrived, go_on):

        async def before(request: httpx.Request) -> None:
            if request.url.path.endswith("/token"):
                arrived.set()
                await go_on.wait()

        shelf.town.transport.before = before
        reading = asyncio.create_task(shelf.known())
        await arrived.wait()
        choosing = asyncio.create_task(shelf.choose("work"))
        while (await shelf.integration()).choice == 0:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        go_on.set()
        await asyncio.gather(reading, choosing)
    shelf.town.sandbox.expire()
    shelf.town.clock.forward(DAY)
    assert await shelf.known() == told("work", at=shelf.town.clock())
    assert (await shelf.integration()).state is IntegrationState.ACTIVE
    assert await Job.all().count() == 0


async def test_two_choices_at_once(shelf: Shelf):
    """One of them is the last, whole, and no other is mixed into it."""
    await shelf.connect()
    await asyncio.gather(
        shelf.choose("home", "work", receiving="club"),
        shelf.choose("club", receiving="work"),
        shelf.refresh(),
    )
    rows = await shelf.rows()
    assert rows in (
        {"home": ("counts",), "work": ("counts",), "club": ("receives",)},
        {"home": (), "work": ("receives",), "club": ("counts",)},
    )
    counting = [name for name, words in rows.items() if "counts" in words]
    assert await shelf.known() == told(*counting)


async def test_disconnected_while_choosing(shelf: Shelf):
    """Stopped anywhere while its member disconnects, a choice or a list leaves no row behind."""
    for work in ("choose", "refresh"):
        stops = 0
        while True:
            await Attempt.all().delete()
            await shelf.connect()
            shelf.town.clock.forward(ASKED_EVERY)
            quiet = Shelf(shelf.town, shelf.world)
            uids = await shelf.uids(["work"])
            asked = {
                "choose": quiet.choosing.choose(shelf.ada, Choice(uids)),
                "refresh": quiet.choosing.refresh(shelf.ada),
            }
            for name, each in asked.items():
                if name != work:
                    each.close()
            stopping = Stopping(
                stops, lambda: shelf.town.connecting.disconnect(Viewer.of(shelf.world.ada))
            )
            try:
                await stopping.around(asked[work])
            except NotConnected:
                assert stopping.stopped
            await stopping.end()
            if not stopping.stopped:
                await shelf.town.connecting.disconnect(shelf.ada)
                break
            tables = (Integration, CalendarRow, BusyReading, BusyBlock)
            assert [await table.all().count() for table in tables] == [0, 0, 0, 0]
            stops += 1
        assert stops > 2
