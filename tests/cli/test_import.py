"""An import brings in everything or nothing, and says line by line what is wrong."""

from __future__ import annotations

import pytest

from tests.world import NOW, FakeClock
from together.services.organization.audit_log import told
from together.services.people.import_plan import Allowed
from together.services.people.importing import Imported, Importing, ImportRefused
from together.store.audit import first_broken
from together.store.models import AuditEntry, Match, Member, Organization, Participant, Role

MEMBERS = "email,name,zone,role\n"
MATCHES = "mentor,mentee,program\n"
NOA = "noa@saltmarsh.example.org,Noa Vance,Europe/Paris,\n"
OLE = "ole@saltmarsh.example.org, Ole  Dahl ,Europe/Oslo,participant\n"


async def run(*files, slug="saltmarsh", allowed=None, said=None, **given):
    """Import texts as files a.csv, b.csv …"""
    named = [
        (f"{'abc'[number]}.csv", text if isinstance(text, bytes) else text.encode())
        for number, text in enumerate(files)
    ]
    say = (said if said is not None else []).append
    importing = Importing(clock=FakeClock(), say=say)
    return await importing.run(slug, named, allowed=allowed or Allowed(), **given)


async def refused(*files, **given):
    """Import what is wrong; give what was said, after seeing that nothing was changed."""
    before = await everything()
    with pytest.raises(ImportRefused) as caught:
        await run(*files, **given)
    assert await everything() == before
    return list(caught.value.problems)


async def everything():
    return [
        await model.all().order_by("id").values()
        for model in (Organization, Member, Match, Participant, AuditEntry)
    ]


async def test_members_and_matches_come_in_together(world):
    """Files of both kinds are one import, and a match may name who is new in it."""
    said: list[str] = []
    matches = f"{MATCHES}NOA@saltmarsh.example.org,ada@saltmarsh.example.org,Spring\n"
    done = await run(matches, MEMBERS + NOA + OLE, said=said)
    assert done == Imported(created=2, matched=1)
    noa, ole = await Member.filter(id__gt=world.nils.id).order_by("email")
    assert (noa.email, noa.name, noa.zone, noa.role, noa.organization_id) == (
        "noa@saltmarsh.example.org",
        "Noa Vance",
        "Europe/Paris",
        Role.PARTICIPANT,
        world.saltmarsh.id,
    )
    assert ole.name == "Ole  Dahl"
    match = await Match.filter(program__name="Spring").get()
    people = await Participant.filter(match_id=match.id).order_by("role")
    assert [(one.role, one.member_id, one.joined_at) for one in people] == [
        ("MENTEE", world.ada.id, NOW),
        ("MENTOR", noa.id, NOW),
    ]
    assert said == ["Reading a.csv, b.csv …", "2 of 2 new members", "1 of 1 new matches"]


async def test_the_same_import_again_changes_nothing(world):
    """Doing it twice leaves every row, and the audit log, as the first time left them."""
    files = (
        MEMBERS + NOA + OLE,
        f"{MATCHES}noa@saltmarsh.example.org,ole@saltmarsh.example.org,\n",
    )
    await run(*files)
    before = await everything()
    assert await run(*files) == Imported(unchanged=2, matched_before=1)
    assert await everything() == before


async def test_a_rehearsal_says_what_would_be_and_does_nothing(world):
    """A dry run counts what would change."""
    before = await everything()
    done = await run(MEMBERS + NOA, rehearsing=True)
    assert (done, await everything()) == (Imported(created=1), before)


async def test_what_differs_is_changed(world):
    """Name and zone become what the file says, and an empty zone leaves a member's as it is."""
    done = await run(
        f"{MEMBERS}ADA@saltmarsh.example.org,Ada L. Lindqvist,,\n"
        "ben@saltmarsh.example.org,Ben Okafor,Europe/Paris,\n"
        "dev@saltmarsh.example.org,Dev Raman,Asia/Kolkata,PARTICIPANT\n"
    )
    assert done == Imported(changed=2, unchanged=1)
    ada, ben = await Member.get(id=world.ada.id), await Member.get(id=world.ben.id)
    assert (ada.name, ada.zone, ada.email) == (
        "Ada L. Lindqvist",
        "Europe/Stockholm",
        "ada@saltmarsh.example.org",
    )
    assert (ben.name, ben.zone) == ("Ben Okafor", "Europe/Paris")


async def test_a_role_is_raised_only_where_that_is_said(world):
    """Without the flag a higher role is wrong, for a new member too; a lower one is taken over."""
    noa = NOA.replace(",\n", ",ORG_ADMIN\n")
    ada = "ada@saltmarsh.example.org,Ada Lindqvist,,IT_ADMIN\n"
    assert await refused(MEMBERS + noa + ada) == [
        "a.csv:2: This gives the role ORG_ADMIN. Say --grant-roles if it is meant.",
        "a.csv:3: This gives the role IT_ADMIN. Say --grant-roles if it is meant.",
    ]
    done = await run(MEMBERS + noa + ada, allowed=Allowed(granting_roles=True))
    assert done == Imported(created=1, changed=1)
    await run(f"{MEMBERS}chiara@saltmarsh.example.org,Chiara Moretti,,PARTICIPANT\n")
    new = await Member.get(email="noa@saltmarsh.example.org")
    roles = {
        one.id: one.role
        for one in await Member.filter(id__in=[world.ada.id, world.chiara.id, new.id])
    }
    assert roles == {
        world.ada.id: Role.IT_ADMIN,
        world.chiara.id: Role.PARTICIPANT,
        new.id: Role.ORG_ADMIN,
    }
    lines = await AuditEntry.all().order_by("id")
    assert [(each.action, each.subject, each.actor_id) for each in lines] == [
        ("member.role_granted", f"member:{new.id}", None),
        ("member.role_changed", f"member:{world.ada.id}", None),
        ("imported", "1+1 members, 0 matches", None),
        ("member.role_changed", f"member:{world.chiara.id}", None),
        ("imported", "0+1 members, 0 matches", None),
    ]
    assert [(told(each.before), told(each.after)) for each in lines] == [
        ({"role": None}, {"role": "ORG_ADMIN"}),
        ({"role": "PARTICIPANT"}, {"role": "IT_ADMIN"}),
        ({}, {"matches_created": 0, "members_changed": 1, "members_created": 1}),
        ({"role": "ORG_ADMIN"}, {"role": "PARTICIPANT"}),
        ({}, {"matches_created": 0, "members_changed": 1, "members_created": 0}),
    ]
    assert await first_broken(world.saltmarsh.id) is None


async def test_nobody_is_let_in_again_unless_that_is_said(world):
    """Without the flag a deactivated member is wrong; with it, they come back without a grant."""
    await Member.filter(id=world.ada.id).update(active=False)
    ada = f"{MEMBERS}ada@saltmarsh.example.org,Ada Lindqvist,,\n"
    assert await refused(ada) == [
        "a.csv:2: This member is deactivated. Say --reactivate to let them in again."
    ]
    assert await run(ada, allowed=Allowed(reactivating=True)) == Imported(changed=1)
    again = await Member.get(id=world.ada.id)
    assert (again.active, again.generation) == (True, world.ada.generation + 1)


async def test_an_import_unties_no_login(world):
    """Issuer and subject of a member stay, whatever the file says."""
    await Member.filter(id=world.ada.id).update(issuer="https://x", subject="s")
    await run(f"{MEMBERS}ada@saltmarsh.example.org,Somebody Else,Europe/Rome,\n")
    ada = await Member.get(id=world.ada.id)
    assert (ada.issuer, ada.subject, ada.name) == ("https://x", "s", "Somebody Else")


async def test_everything_wrong_in_a_file_is_said_by_its_line(world):
    """Each wrong line is named with why, and nothing is changed."""
    text = (
        MEMBERS + NOA + "noa,Noa,Europe/Paris,\n"
        ",Noa,Europe/Paris,\n"
        "a@x.org,,Europe/Paris,\n"
        "b@x.org,B,Europe/Pariss,\n"
        "c@x.org,C,,\n"
        "d@x.org,D,UTC,BOSS\n"
        "e@x.org,E\u202ee,UTC,\n"
        f"f@x.org,{'F' * 201},UTC,\n"
        "g@x.org,G,UTC\n"
        '"h@x.org","H\nh",UTC,\n'
        "NOA@saltmarsh.example.org,Noa,UTC,\n"
        "\n"
        "i@x.org,I,../../etc/passwd,\n"
    )
    assert await refused(text) == [
        "a.csv:3: email: 'noa' is not an e-mail address.",
        "a.csv:4: email is empty.",
        "a.csv:5: name is empty.",
        "a.csv:6: zone: 'Europe/Pariss' is not an IANA time zone, such as Europe/Stockholm.",
        "a.csv:8: role: 'BOSS' is none of PARTICIPANT, PROGRAM_ADMIN, IT_ADMIN, ORG_ADMIN.",
        "a.csv:9: name: A character that turns the direction of a text (U+202E) cannot be used "
        "here.",
        "a.csv:10: name: This is too long: 201 characters, at most 200.",
        "a.csv:11: There are 3 cells instead of 4.",
        "a.csv:12: name: A line break (U+000A) cannot be used here.",
        "a.csv:14: This says again what line 2 says.",
        "a.csv:16: zone: '../../etc/passwd' is not an IANA time zone, such as Europe/Stockholm.",
    ]
    assert await refused(f"{MEMBERS}c@x.org,C,,\n") == [
        "a.csv:2: zone is empty, and nobody with this address is here yet."
    ]


async def test_everything_wrong_with_a_match_is_said(world):
    """People who are not here, deactivated, the same, of another organization, or named twice."""
    await Member.filter(id=world.elin.id).update(active=False)
    text = (
        f"{MATCHES}ada@saltmarsh.example.org,zoe@saltmarsh.example.org,\n"
        "ada@saltmarsh.example.org,elin@saltmarsh.example.org,\n"
        "ada@saltmarsh.example.org,mira@northlight.example.com,\n"
    )
    assert await refused(text) == [
        "a.csv:2: Nobody has the address 'zoe@saltmarsh.example.org' here or in these files.",
        "a.csv:3: 'elin@saltmarsh.example.org' is deactivated, so they cannot be matched.",
        "a.csv:4: Nobody has the address 'mira@northlight.example.com' here or in these files.",
    ]
    text = (
        f"{MATCHES}ada@saltmarsh.example.org,ADA@saltmarsh.example.org,\n"
        "dev@saltmarsh.example.org,ada@saltmarsh.example.org,Spring round\n"
    )
    again = f"{MATCHES}dev@saltmarsh.example.org,ada@saltmarsh.example.org,SPRING  round\n"
    assert await refused(text, again) == [
        "a.csv:2: mentor and mentee are one person.",
        "b.csv:2: This says again what a.csv:3 says.",
    ]


async def test_a_match_that_is_there_stays_and_an_ended_one_is_made_anew(world):
    """An active match of the two in the program is the same; an ended one is over."""
    text = (
        f"{MATCHES}ada@saltmarsh.example.org,ben@saltmarsh.example.org,Mentoring\n"
        "elin@saltmarsh.example.org,farid@saltmarsh.example.org,Mentoring\n"
        "ben@saltmarsh.example.org,ada@saltmarsh.example.org,Mentoring\n"
    )
    assert await run(text) == Imported(matched=2, matched_before=1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "a.csv:1: The file is empty."),
        (
            b"name,email\n",
            "a.csv:1: The first line is neither email,name,zone,role nor mentor,mentee,program.",
        ),
        (
            b"email;name;zone;role\n",
            "a.csv:1: The first line is neither email,name,zone,role nor mentor,mentee,program.",
        ),
        (
            MEMBERS.encode() + b"\xe5@x.org,a,UTC,\n",
            "a.csv:2: This is not UTF-8. Save the file as UTF-8.",
        ),
        (
            MEMBERS.encode() + b'a@x.org,"A,UTC,\n',
            "a.csv:2: This line is not CSV: a quote is open or out of place.",
        ),
        (b"x" * 10_000_001, "a.csv:1: The file has more than 10 MB. Split it."),
        (
            MEMBERS.encode() + b"\n" * 100_000,
            "a.csv:100001: The file has more than 100,000 lines. Split it.",
        ),
    ],
)  # fmt: skip
async def test_a_file_that_cannot_be_read_is_said(world, data, words):
    """What is no such file is one sentence with the line where it ends to be one."""
    if data.endswith(b"\n" * 9):
        # Empty lines are passed over, and counted all the same.
        data = data[:-1] + b"a@x.org,A,UTC,\n"
    assert await refused(data) == [words]


async def test_a_byte_order_mark_is_no_character(world):
    """Files that spreadsheets write begin with one."""
    assert await run(b"\xef\xbb\xbf" + (MEMBERS + NOA).encode()) == Imported(created=1)


async def test_an_organization_is_made_only_where_that_is_said(database):
    """A missing organization is named, and made with its name when asked."""
    assert await refused(MEMBERS + NOA, slug="marsh") == [
        "There is no organization 'marsh'. Make it with --create NAME, or correct it."
    ]
    assert await refused(MEMBERS + NOA, slug="Marsh!", named="Marsh") == [
        "'Marsh!' cannot name an organization. Use a-z, 0-9 and hyphens."
    ]
    assert await run(MEMBERS + NOA, slug="marsh", named="Marsh") == Imported(created=1)
    assert await run(MEMBERS + NOA, slug="marsh", named="Other") == Imported(unchanged=1)
    assert await Organization.all().values_list("slug", "name") == [("marsh", "Marsh")]


async def test_an_import_stays_in_its_organization(world):
    """The same address in another organization is another member."""
    mira = f"{MEMBERS}mira@northlight.example.com,Mira the Second,UTC,\n"
    assert await run(mira) == Imported(created=1)
    assert (await Member.get(id=world.mira.id)).name == "Mira Holt"


async def test_many_members_come_in_with_progress(database):
    """A long import says how far it is."""
    said: list[str] = []
    lines = "".join(f"m{number}@saltmarsh.example.org,M,UTC,\n" for number in range(1200))
    await run(MEMBERS + lines, named="Saltmarsh Institute", said=said)
    assert said[1:] == [f"{done} of 1200 new members" for done in (500, 1000, 1200)]


def test_the_command_imports_files(together, migrated, tmp_path):
    """`together import` reads files, and says what it did."""
    (tmp_path / "people.csv").write_text(MEMBERS + NOA + OLE)
    command = ("import", "people.csv", "--organization", "saltmarsh", "--create", "Saltmarsh")
    assert together(*command, "--dry-run") == (
        0,
        "Reading people.csv …\nMembers: 2 would be created, 0 would be changed, 0 unchanged. "
        "Matches: 0 would be created, 0 unchanged.\n",
        "",
    )
    code, out, err = together(*command)
    assert (code, err) == (0, "")
    assert out.endswith(
        "Members: 2 created, 0 changed, 0 unchanged. Matches: 0 created, 0 unchanged.\n"
    )


def test_the_command_says_what_is_wrong(together, migrated, tmp_path):
    """Wrong lines go to standard error, and the code says that nothing was done."""
    (tmp_path / "people.csv").write_text(f"{MEMBERS}noa,Noa,UTC,\n")
    code, _out, err = together("import", "people.csv", "--organization", "saltmarsh")
    assert (code, err) == (
        1,
        "people.csv:2: email: 'noa' is not an e-mail address.\n"
        "together: Nothing was changed: 1 thing is wrong.\n",
    )
    assert together("import", "none.csv", "--organization", "x") == (
        1,
        "",
        "together: none.csv cannot be read: No such file or directory.\n",
    )
