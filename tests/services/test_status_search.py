"""Administrators find members by the beginnings of words, from the moment they are named so."""

from __future__ import annotations

import pytest

from tests.services.overview import Overview
from tests.services.town import Town
from tests.world import NOW, World
from together.domain.integration import Standing
from together.services.people import found_by
from together.services.people.import_plan import Allowed
from together.services.people.importing import Importing
from together.services.people.profile import Profiles
from together.services.refusals import InvalidInput
from together.services.signing_in.viewer import Viewer
from together.store.models import Member, MemberWord


@pytest.fixture
def desk(world: World) -> Overview:
    return Overview(world)


async def test_found_from_the_moment_they_come(desk: Overview):
    """A member who was made, or named otherwise, is found by that at once, and not as before."""
    town = Town()
    made = await town.members.create_member(
        desk.chiara, client_key="k", email="number.7+x@saltmarsh.example.org", name="Åsa Øst"
    )
    assert await desk.names(search="ost asa") == ["Åsa"]
    assert await desk.names(search="7+x@salt") == ["Åsa"]
    await Profiles().update_profile(Viewer.of(made), name="Łucja Straße")
    assert await desk.names(search="STRASSE luc") == ["Łucja"]
    assert await desk.names(search="ost") == []
    assert await desk.numbers(search="luc") == {("NONE", None, "NONE", Standing.NOT_INTEGRATED): 1}
    await Member.filter(id=made.id).delete()
    assert not await MemberWord.exists(member_id=made.id)


async def test_an_import_is_found(desk: Overview):
    """Whoever is imported, or renamed by that, is found."""

    async def bring(*lines: str) -> None:
        text = "\n".join(["email,name,zone,role", *lines])
        await Importing(clock=lambda: NOW, say=lambda _: None).run(
            "saltmarsh", [("members.csv", text.encode())], allowed=Allowed()
        )

    await bring(
        "zoe@saltmarsh.example.org,Zoë O'Brien,UTC,",
        "ada@saltmarsh.example.org,Ada Bergström,Europe/Stockholm,",
    )
    assert await desk.names(search="obri") == ["Zoë"]
    assert await desk.names(search="bergstrom") == ["Ada"]
    await bring("zoe@saltmarsh.example.org,Zoë Marsh,UTC,")
    assert await desk.names(search="obri") == []
    assert await desk.names(search="marsh zoe") == ["Zoë"]


@pytest.mark.parametrize("text", ["%", "_", "a", "  ", "%a%"])
async def test_a_search_that_is_too_short(desk: Overview, text: str):
    """Signs of patterns are text, and one letter is too little to look for."""
    with pytest.raises(InvalidInput) as told:
        await desk.names(search=text)
    assert told.value.field == "filter.search"


async def test_nobody_across_the_line(desk: Overview):
    """The words of another organization's members find nobody."""
    await found_by.note([desk.world.mira, desk.world.nils])
    assert await desk.names(search="mira") == []
    assert await desk.names(search="northlight") == []
