"""``together audit``: what was done, line by line, and a log that somebody changed."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from together.services.organization import proving
from together.store import audit
from together.store.database import Database
from together.store.models import AuditEntry, Organization


def _in_database(work: Any) -> Any:
    async def inside() -> Any:
        database = await Database.open("sqlite:///together.db")
        async with database.entered():
            done = await work()
        await database.close()
        return done

    return anyio.run(inside)


@pytest.fixture
def filled(migrated, environ) -> None:
    """Two organizations, of which one has three lines."""
    environ(DATABASE="sqlite:///together.db", PUBLIC_URL="https://together.example.org")

    async def fill() -> None:
        here = await Organization.create(slug="saltmarsh", name="Saltmarsh Institute")
        await Organization.create(slug="northlight", name="Northlight Guild")
        domains = ["saltmarsh.example.org", "marsh.example.net"]
        await proving.add(here.id, domains[:1], at=1_700_000_000)
        await proving.remove(here.id, domains, at=1_700_000_060)
        await audit.record(
            here.id, at=1_700_000_120, actor_id=3, action="match.ended", subject="match:1"
        )

    _in_database(fill)


LINES = [
    "2023-11-14 22:13:20  operator  domain.proved  domain:saltmarsh.example.org  "
    '{"domains":[]} -> {"domains":["saltmarsh.example.org"]}',
    "2023-11-14 22:14:20  operator  domain.removed  "
    "domain:saltmarsh.example.org,marsh.example.net  "
    '{"domains":["saltmarsh.example.org"]} -> {"domains":[]}',
    "2023-11-14 22:15:20  member:3  match.ended  match:1",
]


def test_the_log_is_listed(together, filled):
    """The newest lines come last, and are as many as was said, of what was said."""
    for words, lines in (
        ((), LINES),
        (("--last", "1"), LINES[2:]),
        (("--action", "domain.proved"), LINES[:1]),
        (("--action", "made.up"), []),
    ):
        code, out, err = together("audit", "saltmarsh", *words)
        assert (code, out.splitlines(), err) == (0, lines, "")
    assert together("audit", "northlight") == (0, "", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Say whose log is meant."),
        (("saltmarsh", "--last", "0"), "--last is a number from 1 to 100000."),
        (("nowhere",), "There is no organization 'nowhere'."),
        (("nowhere", "--check"), "There is no organization 'nowhere'."),
    ],
)
def test_what_cannot_be_listed(together, filled, words, said):
    """A log that nobody has, and a number of lines that is none, are said in a sentence."""
    code, out, err = together("audit", *words)
    assert (code > 0, out, err) == (True, "", f"together: {said}\n")


def test_a_log_is_checked(together, filled):
    """An untouched one is fine; one that was changed is named, and the command fails."""
    fine = "audit log: each line of each organization follows from the one before it\n"
    assert together("audit", "--check") == (0, fine, "")

    async def change() -> int:
        line = await AuditEntry.get(action="domain.removed")
        drop = "DROP TRIGGER audit_entry_append_only_update"
        await Database.current().client.execute_query(drop)
        await AuditEntry.filter(id=line.id).update(before='{"domains":[]}')
        return line.id

    changed = _in_database(change)
    for words in (("--check",), ("saltmarsh", "--check")):
        code, out, _ = together("audit", *words)
        assert code == 1
        assert out.startswith(f"audit log of saltmarsh: line {changed} does not follow")
    assert together("audit", "northlight", "--check") == (0, fine, "")
