"""How everybody is connected, of 100,000 members: `python -m tests.benchmarks.status`.

Each question beside a page of members by their primary key, on the same database, in one process:
only the ratios mean anything.  `--postgres` takes a server of its own; a number takes so many.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests import postgres
from together.domain.integration import Standing
from together.domain.search_words import words_of
from together.providers.registry import Registry
from together.services.connections.offering import Offer
from together.services.organization.asking_to_connect import Asking, Meant
from together.services.organization.status_list import Which, counted, listed
from together.services.signing_in.viewer import Viewer
from together.store.database import Database
from together.store.migrate import migrate
from together.store.models import Member, Organization, Role
from together.store.transaction import transaction
from together.testing.memory import MemoryCalendar

NOW = 1_830_297_600
MANY = 100_000
BATCH = 5_000
STATES = (("ACTIVE", 0.90), ("NO_MAILBOX", 0.06), ("FAILING", 0.02), ("NEEDS_RECONNECT", 0.001))
"""How many of them are so; the rest has nothing connected."""
FIRST = ("Ada", "Ben", "Chiara", "Dev", "Elin", "Farid", "Grace", "Hana", "Ivo", "Jo", "Kemi")
MEMBER = (
    "uid", "organization_id", "email", "email_key", "name", "zone", "role", "active", "generation",
)  # fmt: skip
INTEGRATION = (
    "uid", "organization_id", "member_id", "source", "provider", "distribution", "account_id",
    "account_email", "capabilities", "state", "since", "read_at", "generation", "scopes",
)  # fmt: skip
CALENDAR = (
    "uid", "organization_id", "integration_id", "external_id", "name", "primary", "writable",
    "counts", "receives", "carries_meetings",
)  # fmt: skip

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Part:
    size: int = 20
    backward: bool = False
    after: tuple[int | str, ...] | None = None
    before: tuple[int | str, ...] | None = None


def people(many: int, *, organization: int) -> Iterator[Row]:
    """Make members, with family names of which some are frequent and most are not."""
    chance = random.Random(1)  # noqa: S311  (nothing here is secret)
    families = [
        "".join(chance.choice("abcdefghiklmnoprstuv") for _ in range(chance.randint(4, 9)))
        for _ in range(5_000)
    ]
    for n in range(many):
        first, family = chance.choice(FIRST), chance.choice(families)
        email = f"{first.lower()}.{family}{n}@saltmarsh.example.org"
        yield (
            uuid4().hex[:22], organization, email, email, f"{first} {family.title()}", "UTC",
            "PARTICIPANT", True, 0,
        )  # fmt: skip


def connections(ids: list[int], *, organization: int) -> Iterator[Row]:
    chance = random.Random(2)  # noqa: S311  (nothing here is secret)
    for member in ids:
        left = chance.random()
        for state, share in STATES:
            if left < share:
                yield (
                    uuid4().hex[:22], organization, member, "ORGANIZATION", "memory", "together",
                    f"mailbox:{member}", "x@saltmarsh.example.org", 3, state, NOW - 999, NOW - 60,
                    0, "",
                )  # fmt: skip
                break
            left -= share


async def insert(table: str, columns: tuple[str, ...], rows: list[Row]) -> None:
    client = Database.current().client
    dollars = Database.current().dialect == "postgres"
    marks = ", ".join(f"${n}" if dollars else "?" for n in range(1, len(columns) + 1))
    names = ", ".join(f'"{name}"' for name in columns)
    sql = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608  (names of ours)
    for at in range(0, len(rows), BATCH):
        await client.execute_many(sql, [list(row) for row in rows[at : at + BATCH]])


async def fill(many: int) -> Viewer:
    """Put an organization of so many into the database, without going through its services."""
    organization = await Organization.create(slug="saltmarsh", name="Saltmarsh Institute")
    own = organization.id
    await insert("member", MEMBER, list(people(many, organization=own)))
    members = await Member.all().order_by("id").values_list("id", "name", "email_key")
    await insert(
        "member_word",
        ("organization_id", "word", "member_id"),
        [(own, word, each) for each, name, email in members for word in words_of(name, email)],
    )
    ids = [each for each, _, _ in members]
    await insert("integration", INTEGRATION, list(connections(ids, organization=own)))
    client = Database.current().client
    rows = await client.execute_query_dict("SELECT id FROM integration ORDER BY id")
    await insert(
        "calendar",
        CALENDAR,
        [
            (uuid4().hex[:22], own, row["id"], "own", "Own", True, True, True, True, True)
            for row in rows
        ],
    )
    if Database.current().dialect == "postgres":
        await client.execute_script("VACUUM ANALYZE")
    chiara = await Member.create(
        organization_id=own, email="chiara@saltmarsh.example.org",
        email_key="chiara@saltmarsh.example.org", name="Chiara Moretti", role=Role.ORG_ADMIN,
    )  # fmt: skip
    return Viewer.of(chiara)


def questions(viewer: Viewer, *, many: int) -> dict[str, Callable[[], Awaitable[Any]]]:
    """What is measured, by what it is; the first is what all of it is measured by."""
    offer = Offer()

    async def by_key() -> Any:
        return await Member.filter(id__gt=many // 2).order_by("id").limit(21)

    def page(part: Part | None = None, **which: Any) -> Callable[[], Awaitable[Any]]:
        return lambda: listed(viewer, Which(**which), part or Part(), offer=offer, now=NOW)

    def numbers(**which: Any) -> Callable[[], Awaitable[Any]]:
        return lambda: counted(viewer, Which(**which), offer=offer, now=NOW)

    middle = Part(after=("hana",))
    return {
        "page by primary key": by_key,
        "first page": page(),
        "page in the middle": page(middle),
        "NEEDS_RECONNECT": page(state="NEEDS_RECONNECT"),
        "nothing connected": page(state="NONE"),
        "not integrated": page(standing=Standing.NOT_INTEGRATED),
        "a provider that nobody has": page(provider="another"),
        "search: ada": page(search="ada"),
        "search: chiara moret": page(search="chiara moret"),
        "search: nobody": page(search="zzyzx"),
        "search: saltmarsh (everybody)": page(search="saltmarsh"),
        "search: ada, NEEDS_RECONNECT": page(search="ada", state="NEEDS_RECONNECT"),
        "numbers of everybody": numbers(),
        "numbers of NEEDS_RECONNECT": numbers(state="NEEDS_RECONNECT"),
        "numbers of search: ada": numbers(search="ada"),
    }


async def cost(question: Callable[[], Awaitable[Any]], *, rounds: int = 7) -> float:
    """Say what it costs, in milliseconds: the best of some rounds, since noise only adds."""
    took = []
    for _ in range(rounds):
        begins = time.perf_counter()
        await question()
        took.append(time.perf_counter() - begins)
    return min(took) * 1e3


async def measured(url: str, *, many: int) -> None:
    say = sys.stdout.write
    await migrate(url)
    database = await Database.open(url)
    try:
        async with database.entered():
            begins = time.perf_counter()
            viewer = await fill(many)
            say(f"{many} members, made in {time.perf_counter() - begins:.0f} s ({url[:8]}…)\n\n")
            say(f"{'':32}{'ms':>9}{'/ primary key':>16}\n")
            least = 0.0
            for name, question in questions(viewer, many=many).items():
                took = await cost(question)
                least = least or took
                say(f"{name:32}{took:9.2f}{took / least:16.1f}\n")
            await _asked(viewer, least)
    finally:
        await database.close()


async def _asked(viewer: Viewer, least: float) -> None:
    registry = Registry(
        calendars={"memory": MemoryCalendar("https://calendars.memory.example")},
        videos={},
        distributions={"memory": "together"},
    )

    async def confirmed() -> None:
        await Member.all().update(subject="s")

    await transaction(confirmed)
    asking = Asking(registry=registry, clock=lambda: NOW)
    begins = time.perf_counter()
    told = await asking.ask(viewer, Meant(None, Which()), client_key="k")
    took = (time.perf_counter() - begins) * 1e3
    words = ", ".join(f"{each} {count}" for each, count in told.items())
    sys.stdout.write(f"{'asking everybody':32}{took:9.2f}{took / least:16.1f}\n\n{words}\n")


def main() -> None:
    many = next((int(each) for each in sys.argv[1:] if each.isdigit()), MANY)
    with ExitStack() as stack:
        if "--postgres" in sys.argv:
            server = stack.enter_context(postgres.server())
            asyncio.run(server.run("CREATE DATABASE status"))
            url = server.url("status")
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = f"sqlite:///{folder / 'together.db'}"
        asyncio.run(measured(url, many=many))


if __name__ == "__main__":
    main()
