"""What an import is told beside its files: a name, a rehearsal, and where its help is."""

from __future__ import annotations

import csv
import re

import pytest

from tests.cli.test_import import MATCHES, MEMBERS, NOA, everything, refused, run
from tests.world import program
from together.cli import import_files
from together.domain.addresses import email_key
from together.services.people.importing import Imported
from together.services.people.sheets import read_sheets
from together.store.models import Match, Organization


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "--create: The name is empty."),
        ("   ", "--create: The name is empty."),
        ("Salt\nmarsh", "--create: A line break (U+000A) cannot be used here."),
        (
            "Salt\u202emarsh",
            "--create: A character that turns the direction of a text (U+202E) cannot be used "
            "here.",
        ),
        ("S" * 201, "--create: This is too long: 201 characters, at most 200."),
    ],
)
async def test_the_name_of_an_organization_is_a_text_like_any_other(database, name, words):
    """A name that nobody can read is refused together with what is wrong in the files."""
    assert await refused(MEMBERS + NOA, slug="marsh", named=name) == [words]
    assert await refused(f"{MEMBERS}noa,Noa,UTC,\n", slug="marsh", named=name) == [
        words,
        "a.csv:2: email: 'noa' is not an e-mail address.",
    ]


async def test_the_name_of_an_organization_is_kept_composed(database):
    """Space around the name goes, and letters with marks are kept in one spelling."""
    await run(MEMBERS + NOA, slug="marsh", named=" Cafe\u0301 ")
    assert await Organization.all().values_list("name", flat=True) == ["Caf\u00e9"]


async def test_a_program_is_the_same_however_it_is_spelt(world):
    """A match of the two in a program that only differs in case is there already."""
    await Match.filter(id=world.match.id).update(
        program_id=(await program(world.saltmarsh.id, "Stra\u00dfe")).id
    )
    line = f"{MATCHES}ada@saltmarsh.example.org,ben@saltmarsh.example.org,STRASSE\n"
    assert await run(line) == Imported(matched_before=1)


async def test_a_rehearsal_goes_as_the_import_would(database, monkeypatch):
    """What the database refuses of an import, it refuses of its rehearsal, and keeps nothing."""

    class Refusing(Exception):  # noqa: N818
        pass

    async def refuse(*_rows, **_more):
        raise Refusing

    monkeypatch.setattr(Match, "bulk_create", refuse)
    pair = f"{MATCHES}noa@saltmarsh.example.org,ole@saltmarsh.example.org,\n"
    people = f"{MEMBERS}{NOA}ole@saltmarsh.example.org,Ole,UTC,\n"
    before = await everything()
    for rehearsing in (True, False):
        with pytest.raises(Refusing):
            await run(people, pair, slug="marsh", named="Marsh", rehearsing=rehearsing)
        assert await everything() == before


async def test_an_address_that_is_too_long_to_compare_is_told_beforehand(database):
    """An address whose folded form is longer than any is wrong in a rehearsal and in an import."""
    address = "ada@" + "\ufdfa" * 30 + ".org"
    assert len(address) < 320 < len(email_key(address))
    for rehearsing in (True, False):
        [words] = await refused(
            f"{MEMBERS}{address},Ada,UTC,\n", slug="marsh", named="Marsh", rehearsing=rehearsing
        )
        assert words.startswith("a.csv:2: email: ")
        assert words.endswith(" is not an e-mail address.")


def test_help_shows_the_whole_format(together):
    """`import --help` has an example of each kind of file, and every column and role."""
    code, out, err = together("import", "--help")
    assert (code, err) == (0, "")
    assert import_files.FORMAT in out
    assert "the organization's short name" in out
    for header in ("email,name,zone,role", "mentor,mentee,program"):
        lines = re.search(rf"^  {header}\n((?:  .*\n)+)", out, re.MULTILINE)[0]
        sheets = read_sheets(
            [("shown.csv", "".join(map(str.lstrip, lines.splitlines(True))).encode())]
        )
        assert sheets.problems == []
        assert (
            len(sheets.members) + len(sheets.matches)
            == len(list(csv.reader(lines.splitlines()))) - 1
        )
    for word in (
        "email",
        "name",
        "zone",
        "role",
        "program",
        "PARTICIPANT",
        "ORG_ADMIN",
        "IT_ADMIN",
    ):
        assert re.search(rf"\b{word}\b", import_files.FORMAT)
