"""The list of calendars is kept as its service gives it, and what is gone breaks nothing."""

from __future__ import annotations

import pytest

from tests.services.calendars import BUSY, WINDOW, Shelf, stored, told
from tests.services.town import Town
from tests.world import HOUR, NOW, World
from together.domain.integration import Standing
from together.domain.spans import Spans
from together.providers.values import Calendar
from together.services.availability.busy import Known
from together.services.connections import calendar_list
from together.services.connections.calendar_list import AGAIN, MOST, Changed
from together.store.models import CalendarRow, Integration, IntegrationState


@pytest.fixture
def shelf(world: World) -> Shelf:
    return Shelf(Town(), world)


async def test_new_ones_do_not_count(shelf: Shelf):
    """What is new in the list appears, and waits to be chosen; what was not chosen just goes."""
    await shelf.connect("home", "work")
    await shelf.known()
    shelf.find("club")
    shelf.lose("work")
    await shelf.refresh()
    assert await shelf.rows() == {"home": ("counts", "receives"), "club": ()}
    assert (await shelf.own()).to_choose is None
    assert (await stored())[0] == 1


async def test_one_that_counted_is_gone(shelf: Shelf):
    """The reading that does not find it asks for the list, and time is known from the others."""
    await shelf.connect()
    await shelf.choose("home", "work")
    shelf.lose("work")
    shelf.town.clock.forward(HOUR)
    now = shelf.town.clock()
    # The first answer is thrown away as it was read of another choice; whoever asked asks again.
    assert await shelf.known() == Known.nothing(WINDOW, lost=True)
    assert await shelf.known() == told("home", at=now)
    assert await shelf.rows() == {
        "home": ("counts", "receives"),
        "work": ("counted", "missing"),
        "club": (),
    }
    own = await shelf.own()
    assert (own.standing, own.integration.state, own.integration.unreadable_since) == (
        Standing.INTEGRATED,
        IntegrationState.ACTIVE,
        None,
    )
    assert own.reason is not None
    assert "not used as you chose" in own.reason
    assert (await CalendarRow.get(external_id="work")).missing_since == now


async def test_it_comes_back(shelf: Shelf):
    """With its choice and its id; one that was let go meanwhile comes back as a new one."""
    await shelf.connect()
    await shelf.choose("home", "work")
    uid = await shelf.uids(["work"])
    for chosen_meanwhile in (False, True):
        shelf.lose("work")
        await shelf.refresh()
        if chosen_meanwhile:
            await shelf.choose("home", "club")
            assert "work" not in await shelf.rows()
        shelf.find("work")
        await shelf.refresh()
        assert (await shelf.rows())["work"] == (() if chosen_meanwhile else ("counts",))
        assert (await shelf.uids(["work"]) == uid) is not chosen_meanwhile
        assert (await shelf.own()).to_choose is None
    assert await shelf.known() == told("home", "club")


async def test_a_missing_one_is_waited_for(shelf: Shelf):
    """Chosen again while it is missing, it counts as soon as it is back."""
    await shelf.connect()
    await shelf.choose("home", "work")
    shelf.lose("work")
    await shelf.refresh()
    await shelf.choose("club", "work")
    assert await shelf.rows() == {
        "home": ("receives",),
        "work": ("counted", "missing"),
        "club": ("counts",),
    }
    shelf.find("work")
    await shelf.refresh()
    assert await shelf.known() == told("work", "club")


async def test_listed_and_not_read(shelf: Shelf):
    """What is listed and does not answer is unknown, which its owner is told, and can choose."""
    await shelf.connect()
    await shelf.choose("home", "work")
    shelf.town.sandbox.unreadable = {"work"}
    home = Spans([BUSY["home"]])
    for _ in range(3):
        shelf.town.clock.forward(AGAIN)
        assert await shelf.known() == Known(home, Spans([WINDOW]) - home, shelf.town.clock())
        await shelf.busy.at([await shelf.integration()], WINDOW)
    assert shelf.town.sandbox.requests.count("GET /calendars") == 1 + 3
    assert (await shelf.rows())["work"] == ("counts",)
    own, began = await shelf.own(), NOW + AGAIN
    assert (own.standing, own.integration.unreadable_since) == (Standing.UNREADABLE_NOW, began)
    assert own.reason == own.to_choose
    assert own.reason is not None
    assert "refuses to let a calendar be read" in own.reason
    assert await shelf.unread() == {"work": began}
    shelf.town.sandbox.unreadable = set()
    shelf.town.clock.forward(AGAIN)
    assert await shelf.known() == told("home", "work", at=shelf.town.clock())
    own = await shelf.own()
    assert (own.standing, own.reason, await shelf.unread()) == (Standing.INTEGRATED, None, {})


async def test_the_only_one_that_counted_is_gone(shelf: Shelf):
    """Nobody else's takes its place: its member is not integrated, is told, and chooses."""
    await shelf.connect()
    await shelf.choose("work")
    shelf.lose("work")
    shelf.town.clock.forward(HOUR)
    await shelf.known()
    own = await shelf.own()
    assert (own.standing, own.integration.state, own.integration.unreadable_since) == (
        Standing.NOT_INTEGRATED,
        IntegrationState.ACTIVE,
        None,
    )
    assert own.to_choose is not None
    assert await stored() == (0, [])
    await shelf.choose("home")
    own = await shelf.own()
    assert (own.standing, own.to_choose) == (Standing.INTEGRATED, None)


@pytest.mark.parametrize("how", ["gone", "read only"])
async def test_the_one_that_received_cannot(shelf: Shelf, how: str):
    """The primary one stands in, which is said, until it is back and receives again."""
    await shelf.connect()
    await shelf.choose("home", receiving="work")
    if how == "gone":
        shelf.lose("work")
    else:
        shelf.town.sandbox.read_only = {"work"}
    await shelf.refresh()
    missing = ("missing",) if how == "gone" else ()
    expected = {
        "home": ("counts", "receives"),
        "work": ("received", *missing),
        "club": (),
    }
    assert await shelf.rows() == expected
    own = await shelf.own()
    assert (own.standing, own.can_write) == (Standing.INTEGRATED, True)
    assert own.to_choose is not None
    await shelf.refresh()
    assert await shelf.rows() == expected
    if how == "gone":
        shelf.find("work")
    shelf.town.sandbox.read_only = set()
    await shelf.refresh()
    assert await shelf.rows() == {"home": ("counts",), "work": ("receives",), "club": ()}


async def test_the_stand_in_goes_too(shelf: Shelf):
    """The first that can be written is next; with none there is nothing to write to."""
    await shelf.connect()
    await shelf.choose("club", receiving="work")
    shelf.lose("work", "home")
    await shelf.refresh()
    assert await shelf.rows() == {
        "work": ("received", "missing"),
        "club": ("counts", "receives"),
    }
    shelf.town.sandbox.read_only = {"club"}
    await shelf.refresh()
    assert await shelf.rows() == {"work": ("received", "missing"), "club": ("counts",)}
    assert not (await shelf.own()).can_write


async def test_the_stand_in_is_chosen(shelf: Shelf):
    """Where events go is said anew, so the one that comes back does not take them again."""
    await shelf.connect()
    await shelf.choose("home", receiving="work")
    shelf.lose("work")
    await shelf.refresh()
    await shelf.choose("home", receiving="home")
    assert await shelf.rows() == {"home": ("counts", "receives"), "club": ()}
    shelf.find("work")
    await shelf.refresh()
    assert await shelf.rows() == {"home": ("counts", "receives"), "club": (), "work": ()}


async def test_none_is_to_receive(shelf: Shelf):
    """Who wants no events written keeps it so, whatever comes and goes."""
    await shelf.connect()
    await shelf.choose("home", receiving=None)
    shelf.lose("club")
    await shelf.refresh()
    shelf.find("club")
    await shelf.refresh()
    await Integration.all().update(state=IntegrationState.NEEDS_RECONNECT)
    await shelf.town.connect(shelf.world.ada)
    assert await shelf.rows() == {"home": ("counts",), "work": (), "club": ()}


async def test_more_than_are_kept(shelf: Shelf):
    """Of a very long list the first are kept, and whatever was chosen, wherever it stands."""
    integration = await shelf.connect()
    await shelf.choose("home", "club", receiving="work")
    before = await shelf.rows()
    crowd = [Calendar(f"c{n}", f"C{n}", primary=False, writable=True) for n in range(MOST + 50)]
    tail = [Calendar(name, name, primary=False, writable=True) for name in BUSY]
    for _ in range(2):
        integration = await shelf.integration()
        changed = await calendar_list.renew(integration, [*crowd, *tail], at=shelf.town.clock())
        assert changed == Changed()
    rows = await shelf.rows()
    assert len(rows) == MOST
    assert {name: rows[name] for name in BUSY} == before
    names = await CalendarRow.all().values_list("external_id", flat=True)
    assert {f"c{n}" for n in range(MOST - 3)} <= {str(name) for name in names}


async def test_ids_that_are_too_long(shelf: Shelf):
    """A calendar whose id we cannot keep is left out, and the others are not."""
    await shelf.connect()
    listed = [Calendar(key, "C", primary=False, writable=True) for key in ("x" * 1025, "", "home")]
    await calendar_list.renew(await shelf.integration(), listed, at=shelf.town.clock())
    assert list(await shelf.rows()) == ["home"]


async def test_an_older_list_is_thrown_away(shelf: Shelf):
    """What was asked for before a newer asking, or of another consent, changes nothing."""
    await shelf.connect()
    old = await shelf.integration()
    shelf.town.clock.forward(1)
    await shelf.refresh()
    assert await calendar_list.renew(old, [], at=NOW) is None
    await Integration.all().update(generation=old.generation + 1)
    assert await calendar_list.renew(old, [], at=shelf.town.clock()) is None
    assert len(await shelf.rows()) == 3
