"""Members are told when they were put into a match, by whom, and what that shows of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import pytest

from tests.services.office import Office
from tests.services.town import Town
from tests.world import NOW, World
from tests.world import program as program_of
from together.services.outbox import delivery
from together.services.people.import_plan import Allowed
from together.services.people.importing import Imported, Importing
from together.services.people.matched import PACE
from together.services.refusals import AlreadyMatched
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.models import Job, JobKind, JobState, Match, MatchState, Member, Participant

PLAIN = """
Hello Leo Brandt,

Chiara Moretti has put you into a match of Saltmarsh Institute: Spring mentoring. That was on Monday
30 November 2026, 09:00 (Europe/Berlin).

Your mentor is Hana Sato. With you in it: Kemi Ade and Dev Raman.

Your busy times can be seen by those of them who have connected a calendar, and only while yours is
connected, too; you then see theirs. They see blocks of time, and nothing of what is in them.
Administrators see no calendar.

Your weekly hours and your time zone are shown to all of them.

If you did not expect this, ask an administrator of Saltmarsh Institute.

Together, for Saltmarsh Institute
"""

Matched = Callable[..., Awaitable[Match]]


@pytest.fixture
def matched(office: Office, world: World) -> Matched:
    town = Town(clock=office.clock)

    async def match(*people: Member, program: str = "Spring mentoring", key: str = "k") -> Match:
        mentor, *mentees = people or (world.hana, world.leo)
        return await town.members.create_match(
            Viewer.of(world.chiara),
            client_key=key,
            mentor=mentor.uid,
            mentees=[each.uid for each in mentees],
            program=(await program_of(world.saltmarsh.id, program)).uid,
        )

    return match


async def _imported(*texts: str, **options: bool) -> Imported:
    importing = Importing(clock=lambda: NOW, say=lambda _: None)
    files = [(f"{place}.csv", text.encode()) for place, text in enumerate(texts)]
    return await importing.run("saltmarsh", files, allowed=Allowed(), **options)


def _said(office: Office) -> dict[str, list[str]]:
    """To each one who was told, the paragraphs of the letter."""
    return {
        each.message["To"].addresses[0].display_name: [
            " ".join(one.split()) for one in each.part("plain").replace("\r\n", "\n").split("\n\n")
        ]
        for each in office.boxes.arrived
    }


async def test_what_each_is_told(office: Office, world: World, matched: Matched):
    """Program, company, who did it and when by their own clock, and who will see what of them."""
    await matched(world.hana, world.leo, world.kemi, world.dev)
    await office.send()
    said = _said(office)
    assert sorted(office.told()) == ["dev", "hana", "kemi", "leo"]
    assert [each.split() for each in said["Leo Brandt"]] == [
        each.split() for each in PLAIN.strip().split("\n\n")
    ]
    assert said["Hana Sato"][1:3] == [
        "Chiara Moretti has put you into a match of Saltmarsh Institute: Spring mentoring. "
        "That was on Monday 30 November 2026, 17:00 (Asia/Tokyo).",
        "You are the mentor of Leo Brandt, Kemi Ade and Dev Raman.",
    ]
    [subject] = {str(each.message["Subject"]) for each in office.boxes.arrived}
    assert subject == "You are in a match: Spring mentoring"


async def test_an_administrator_with_themselves(office: Office, world: World, matched: Matched):
    """Who is matched with the administrator reads so, and the administrator gets a letter, too."""
    await matched(world.chiara, world.leo)
    await office.send()
    said = _said(office)
    assert said["Chiara Moretti"][1].startswith("You have put yourself into a match")
    assert said["Leo Brandt"][1].startswith("Chiara Moretti has put you into a match")
    assert said["Leo Brandt"][2] == "Your mentor is Chiara Moretti."


async def test_by_an_import(office: Office, world: World):
    """Those who come with the same import are told like those who are there, and once."""
    files = (
        "mentor,mentee,program\nnoa@saltmarsh.example.org,ada@saltmarsh.example.org,Spring\n",
        "email,name,zone,role\nnoa@saltmarsh.example.org,Noa Vance,Europe/Paris,\n",
    )
    assert await _imported(*files, rehearsing=True) == Imported(created=1, matched=1)
    assert await Job.all().count() == 0
    for _ in range(2):
        await _imported(*files)
        await office.send()
    assert sorted(office.told()) == ["ada", "noa"]
    said = _said(office)
    assert [said[name][1:3] for name in ("Noa Vance", "Ada Lindqvist")] == [
        [
            "Your organization has put you into a match of Saltmarsh Institute: Spring. "
            f"That was on Monday 30 November 2026, 09:00 ({zone}).",
            company,
        ]
        for zone, company in (
            ("Europe/Paris", "You are the mentor of Ada Lindqvist."),
            ("Europe/Stockholm", "Your mentor is Noa Vance."),
        )
    ]


async def test_an_import_of_many(office: Office, world: World, statements: list[str]):
    """Many letters are written in few statements, and do not stand before a calendar's work."""
    people = [f"p{n}@saltmarsh.example.org" for n in range(1_200)]
    members = "".join(f"{each},P,UTC,\n" for each in people)
    matches = "".join(f"ada@saltmarsh.example.org,{each},\n" for each in people)
    statements.clear()
    await _imported("email,name,zone,role\n" + members, "mentor,mentee,program\n" + matches)
    assert len([each for each in statements if 'INTO "job"' in each]) == 3
    jobs = await Job.all().order_by("id")
    told = [job.generation for job in jobs]
    assert sorted(told) == sorted(
        await Participant.filter(joined_at=NOW).values_list("id", flat=True)
    )
    assert len(told) == 2_400
    begun = jobs[0].due_at
    assert [job.due_at - begun for job in jobs] == pytest.approx(
        [place // PACE for place in range(2_400)], abs=5
    )
    assert await database_now() - begun < 60
    now = begun + 10
    await Job.create(
        organization_id=world.saltmarsh.id, kind=JobKind.WRITE_EVENT, due_at=now, created_at=now
    )
    before = await Job.filter(due_at__lt=now).count()
    assert before <= 10 * PACE


async def test_nobody_is_told_of_what_was_not_done(world: World, matched: Matched):
    """The same request again, and one that is refused, write to nobody."""
    await matched()
    await matched()
    with pytest.raises(AlreadyMatched):
        await matched(key="2")
    assert await Job.filter(kind=JobKind.TELL_MATCHED).count() == 2


async def _ended(world: World, match: Match) -> None:
    await Match.filter(id=match.id).update(state=MatchState.ENDED)


async def _mentor_left(world: World, match: Match) -> None:
    await Member.filter(id=world.hana.id).update(active=False)


@pytest.mark.parametrize(
    ("meanwhile", "told"), [(_ended, []), (_mentor_left, ["leo"])], ids=["ended", "left"]
)
async def test_what_happened_before_it_was_sent(
    office: Office,
    world: World,
    matched: Matched,
    meanwhile: Callable[[World, Match], Awaitable[None]],
    told: Sequence[str],
):
    """Nobody is told of a match that has ended, nor is anybody who has left."""
    await meanwhile(world, await matched())
    await office.send()
    assert office.told() == told
    assert set(await Job.all().values_list("state", flat=True)) == {JobState.DONE}


async def test_nobody_across_the_line(office: Office, world: World, matched: Matched):
    """A letter is about a participant of its own organization, or about nobody."""
    await matched()
    abroad = await Participant.filter(organization_id=world.northlight.id).first()
    at = await database_now()
    await Job.create(
        organization_id=world.saltmarsh.id,
        kind=JobKind.TELL_MATCHED,
        generation=abroad.id,
        due_at=at,
        created_at=at,
    )
    await office.send()
    assert sorted(office.told()) == ["hana", "leo"]
    assert await delivery.forget(now=at + delivery.KEPT + 60) == 3
