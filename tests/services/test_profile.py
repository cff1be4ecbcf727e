"""Members change their own name, zone and hours, and are told which field cannot hold what."""

from __future__ import annotations

from typing import Any

import pytest

from tests.world import World
from together.services.people.profile import MOST_EXCEPTIONS, Profiles
from together.services.refusals import InvalidInput, UnknownZone
from together.services.signing_in.viewer import Viewer
from together.store.models import HoursException, Member

TOO_MANY = {f"{2030 + n // 28}-02-{1 + n % 28:02}": [] for n in range(MOST_EXCEPTIONS + 1)}
WEEK = {"1": [["09:00", "12:00"], ["13:00", "24:00"]], "7": [["10:00", "11:30"]]}


async def _exceptions(member: Member) -> list[HoursException]:
    return await HoursException.filter(member_id=member.id).order_by("date")


async def test_name_and_zone(world: World):
    """What is given changes, what is not given stays."""
    ada, profiles = Viewer.of(world.ada), Profiles()
    await profiles.update_profile(ada, name=" Ada  Lindqvist-Berg ")
    member = await profiles.update_profile(ada, zone="Australia/Lord_Howe")
    assert (member.name, member.zone) == ("Ada  Lindqvist-Berg", "Australia/Lord_Howe")
    assert dict(await Member.get(id=world.ada.id)) == dict(member)


async def test_nothing_given_changes_nothing(world: World):
    """An update without fields gives the member as they are."""
    member = await Profiles().update_profile(Viewer.of(world.ada))
    assert dict(member) == dict(await Member.get(id=world.ada.id))


async def test_a_zone_that_does_not_exist(world: World):
    """It is refused by name, and nothing else of the input is stored."""
    for zone in ("", "Mars/Base", "europe/stockholm", "../etc/passwd", "UTC+2"):
        with pytest.raises(UnknownZone) as caught:
            await Profiles().update_profile(Viewer.of(world.ada), name="Somebody", zone=zone)
        assert caught.value.field == "zone"
    assert (await Member.get(id=world.ada.id)).name == world.ada.name


async def test_a_name_that_cannot_be_shown(world: World):
    """Empty, too long, or with a character that acts instead of reading, a name is refused."""
    for name in ("", " ", "A\nB", "A\x00B", "A\u202eB", "x" * 201):
        with pytest.raises(InvalidInput) as caught:
            await Profiles().update_profile(Viewer.of(world.ada), name=name)
        assert caught.value.field == "name"
    assert (await Member.get(id=world.ada.id)).name == world.ada.name


async def test_hours(world: World):
    """A new week and new dates take the place of the old ones, each when it is given."""
    ada, profiles = Viewer.of(world.ada), Profiles()
    dates: dict[str, Any] = {"2026-12-24": [], "2026-12-07": [["18:00", "20:00"]]}
    await profiles.update_hours(ada, weekly=WEEK, exceptions=dates)
    member = await profiles.update_hours(ada)
    assert member.weekly_hours == WEEK
    assert [(row.date, row.windows) for row in await _exceptions(world.ada)] == [
        ("2026-12-07", [["18:00", "20:00"]]),
        ("2026-12-24", []),
    ]
    member = await profiles.update_hours(ada, exceptions={"2026-12-31": []})
    assert member.weekly_hours == WEEK
    assert [row.date for row in await _exceptions(world.ada)] == ["2026-12-31"]


async def test_the_default_week_again(world: World):
    """Asking for the default week takes away one's own; a week without hours is another thing."""
    ada, profiles = Viewer.of(world.ada), Profiles()
    assert (await profiles.update_hours(ada, weekly={})).weekly_hours == {}
    assert (await profiles.update_hours(ada, default_week=True)).weekly_hours is None


BAD_HOURS: list[tuple[str, dict[str, Any]]] = [
    ("weekly.8", {"weekly": {"8": []}}),
    ("weekly.1[0].start", {"weekly": {"1": [["9:00", "12:00"]]}}),
    ("weekly.1[1].end", {"weekly": {"1": [["09:00", "12:00"], ["13:00", "24:01"]]}}),
    ("weekly.1[0]", {"weekly": {"1": [["12:00", "09:00"]]}}),
    ("weekly.1", {"weekly": {"1": [["09:00", "12:00"], ["11:00", "13:00"]]}}),
    ("exceptions", {"exceptions": {"24.12.2026": []}}),
    ("exceptions", {"exceptions": {"2026-02-30": []}}),
    ("exceptions", {"exceptions": {"20261224": []}}),
    ("exceptions.2026-12-24[0]", {"exceptions": {"2026-12-24": [["12:00"]]}}),
    ("exceptions", {"exceptions": TOO_MANY}),
]


async def test_hours_that_cannot_be(world: World):
    """The path of what cannot be is named, and nothing is stored."""
    ada, profiles = Viewer.of(world.ada), Profiles()
    for field, hours in BAD_HOURS:
        with pytest.raises(InvalidInput) as caught:
            await profiles.update_hours(ada, **hours)
        assert caught.value.field == field
    assert (await Member.get(id=world.ada.id)).weekly_hours is None
    assert await _exceptions(world.ada) == []
    assert (await profiles.update_hours(ada, weekly=WEEK)).weekly_hours == WEEK


async def test_everybody_changes_their_own(world: World):
    """Hours of one member leave everybody else's as they are."""
    await Profiles().update_hours(Viewer.of(world.ada), weekly=WEEK, exceptions={"2026-12-24": []})
    assert (await Member.get(id=world.ben.id)).weekly_hours is None
    assert await _exceptions(world.ben) == []
