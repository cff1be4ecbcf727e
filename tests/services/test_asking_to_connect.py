"""Administrators have those asked by mail who can connect a calendar and have not."""

from __future__ import annotations

import time

import pytest

from tests.services.administration import Administration
from tests.services.diary import connect
from tests.services.office import Office
from tests.world import NOW, World
from tests.world import member as person
from together.services.organization import asking_to_connect, proving
from together.services.organization.asking_to_connect import BATCH, PAUSE, Outcome
from together.services.people import found_by
from together.services.people.matched import PACE
from together.services.refusals import Forbidden, InvalidInput, KeyReused
from together.store.models import (
    AuditEntry,
    BulkLetter,
    DelegationState,
    IntegrationSource,
    IntegrationState,
    Job,
    JobKind,
    Member,
    MemberStatus,
    OrganizationIntegration,
    Role,
)
from together.store.transaction import transaction

PLAIN = """
Hello Ada Lindqvist,

Saltmarsh Institute asks you to connect your calendar to Together. You and those you are matched
with then see when both of you are free, without asking each other.

Those of them who have connected theirs see blocks of time in which you are busy, and nothing of
what is in them. Administrators see no calendar.

To connect it, go to Profile > My Calendar > Calendar Integrations, choose Memory Calendar, and sign
in.

Calendar Integrations: https://together.example.org/calendar-integrations

Without it, sessions can be booked all the same. You are asked this once a week at most.

Together, for Saltmarsh Institute
"""


@pytest.fixture
async def administration(world: World, office: Office) -> Administration:
    """Saltmarsh, whose domain is proved."""
    await proving.add(world.saltmarsh.id, ["saltmarsh.example.org"], at=NOW)
    return Administration(world, office)


EVERYBODY = [
    "ada", "ben", "chiara", "dev", "elin", "farid", "grace", "hana", "ivo", "jo", "kemi", "leo",
]  # fmt: skip


async def test_all_who_are_not_connected(administration: Administration):
    """Whoever has connected a calendar is left in peace, and so is whoever cannot mend theirs."""
    world = administration.world
    await connect(world.ada)
    await connect(world.ben, state=IntegrationState.NEEDS_RECONNECT)
    await connect(
        world.dev, source=IntegrationSource.ORGANIZATION, account_id="m",
        state=IntegrationState.NO_MAILBOX,
    )  # fmt: skip
    await Member.filter(id=world.elin.id).update(active=False)
    assert await administration.ask() == {
        Outcome.WRITTEN: 9,
        Outcome.CONNECTED: 1,
        Outcome.NOTHING_TO_DO: 1,
    }
    left = {"ada", "dev", "elin"}
    assert await administration.works() == [each for each in EVERYBODY if each not in left]


async def test_what_the_letter_says(administration: Administration):
    """It says who asks, what connecting shows to whom, how it is done, and that one need not."""
    await administration.ask(administration.world.ada)
    await administration.works()
    [arrived] = administration.office.boxes.arrived
    text = arrived.message.get_body(("plain",)).get_content()
    assert arrived.message["Subject"] == "Please connect your calendar"
    assert " ".join(text.split()) == " ".join(PLAIN.split())


async def test_what_it_says_of_a_calendar_that_was_lost(administration: Administration):
    """Whoever had connected one is told that it is not seen any more, and may keep the account."""
    await connect(administration.world.ada, state=IntegrationState.NEEDS_RECONNECT)
    await administration.ask(administration.world.ada)
    await administration.works()
    [arrived] = administration.office.boxes.arrived
    text = " ".join(arrived.message.get_body(("plain",)).get_content().split())
    assert "The one you had connected cannot be seen any more." in text
    assert "reconnect or disconnect the one that is there, or choose Memory Calendar" in text


async def test_once_a_week(administration: Administration):
    """However often it is asked for, by whomever, a member gets one letter in seven days."""
    world = administration.world
    await Member.filter(id=world.leo.id).update(role=Role.IT_ADMIN)
    assert await administration.ask(world.ada, world.ben) == {Outcome.WRITTEN: 2}
    assert await administration.ask(world.ada, world.dev, who=world.leo) == {
        Outcome.WRITTEN: 1,
        Outcome.ASKED_LATELY: 1,
    }
    assert await administration.works() == ["ada", "ben", "dev"]
    await MemberStatus.filter(member_id=world.ada.id).update(asked_at=_ago(PAUSE - 60))
    assert await administration.ask(world.ada) == {Outcome.ASKED_LATELY: 1}
    await MemberStatus.filter(member_id=world.ada.id).update(asked_at=_ago(PAUSE + 60))
    assert await administration.ask(world.ada) == {Outcome.WRITTEN: 1}
    assert await administration.works() == ["ada", "ada", "ben", "dev"]


def _ago(seconds: int) -> int:
    """A moment on the database's clock."""
    return int(time.time()) - seconds


async def test_the_same_request_again(administration: Administration):
    """A request that is sent again tells what it came to, and writes nothing more."""
    ada = administration.world.ada
    told = [await administration.ask(ada, key="k") for _ in range(2)]
    assert told == [{Outcome.WRITTEN: 1}] * 2
    assert (
        await BulkLetter.all().count()
        == await AuditEntry.filter(action="members.asked_to_connect").count()
        == 1
    )
    with pytest.raises(KeyReused):
        await administration.ask(administration.world.ben, key="k")


@pytest.mark.parametrize("state", [DelegationState.ACTIVE, DelegationState.FAILING])
async def test_where_the_organization_connects_everybody(
    administration: Administration, state: DelegationState
):
    """Nobody is asked to connect what they are not offered, whatever is in the way."""
    await administration.managed(state)
    await connect(
        administration.world.ada, source=IntegrationSource.ORGANIZATION, account_id="m",
        state=IntegrationState.FAILING,
    )  # fmt: skip
    assert await administration.ask() == {Outcome.NOTHING_OFFERED: 11, Outcome.NOTHING_TO_DO: 1}
    assert await administration.works() == []


async def test_where_nothing_is_offered(administration: Administration):
    """Hidden options, or none that are installed, are nothing to ask for."""
    await OrganizationIntegration.create(
        organization_id=administration.world.saltmarsh.id, offered=["gone"]
    )
    assert await administration.ask() == {Outcome.NOTHING_OFFERED: 12}
    await OrganizationIntegration.all().update(offered=None, hidden=True)
    assert await administration.ask() == {Outcome.NOTHING_OFFERED: 12}
    await OrganizationIntegration.all().update(hidden=False)
    assert await administration.ask() == {Outcome.WRITTEN: 12}


async def test_what_came_meanwhile(administration: Administration):
    """Nobody is written to who has connected, has left, or is offered nothing by then."""
    world = administration.world
    await administration.ask()
    await connect(world.ada)
    await Member.filter(id=world.ben.id).update(active=False)
    left = {"ada", "ben"}
    assert await administration.works() == [each for each in EVERYBODY if each not in left]
    await MemberStatus.all().update(asked_at=0)
    await administration.ask()
    await administration.managed()
    assert len(await administration.works()) == 10


async def test_addresses_that_nobody_has_confirmed(administration: Administration):
    """Outside of the organization's domains, only who has signed in is written to."""
    world = administration.world
    for first, subject in (("Out", None), ("In", "subject")):
        email = f"{first.lower()}@elsewhere.example.net"
        await person(world.saltmarsh, first, "UTC", email=email, email_key=email, subject=subject)
    told = await administration.ask()
    assert told == {Outcome.WRITTEN: 13, Outcome.ADDRESS_NOT_CONFIRMED: 1}
    assert await administration.works() == sorted([*EVERYBODY, "in"])


async def test_those_of_a_filter(administration: Administration):
    """A filter means whom it would list, and nobody else is told of in the numbers."""
    world = administration.world
    await found_by.note([world.ada, world.ben, world.dev])
    await connect(world.ben)
    assert await administration.ask(search="saltmarsh") == {
        Outcome.WRITTEN: 2,
        Outcome.CONNECTED: 1,
    }
    assert await administration.works() == ["ada", "dev"]


async def test_whom_it_is_refused_to_choose(administration: Administration):
    """Nobody of another organization is found, and nobody chooses more than a few hundred."""
    world = administration.world
    with pytest.raises(InvalidInput) as told:
        await administration.ask(world.ada, world.mira)
    assert told.value.field == "memberIds[1]"
    with pytest.raises(InvalidInput) as told:
        await administration.ask(*[world.ada] * 501)
    assert told.value.field == "memberIds"
    with pytest.raises(InvalidInput):
        await administration.ask(search="a")
    with pytest.raises(Forbidden):
        await administration.ask(who=world.ada)
    assert (await BulkLetter.all().count(), await Job.all().count()) == (0, 0)


async def test_a_deactivated_member_who_was_chosen(administration: Administration):
    """Whoever has left is not written to, and that is said."""
    await Member.filter(id=administration.world.ada.id).update(active=False)
    assert await administration.ask(administration.world.ada) == {Outcome.DEACTIVATED: 1}


async def test_many_are_written_to_some_at_a_time(
    administration: Administration, monkeypatch: pytest.MonkeyPatch
):
    """Asking writes one job; the worker goes on where it was cut off, and writes each mail once."""
    monkeypatch.setattr(asking_to_connect, "BATCH", 5)
    assert BATCH == 500
    await administration.ask()
    [job] = await Job.all()
    assert job.kind is JobKind.SPREAD_LETTERS
    assert await transaction(lambda: asking_to_connect._spread_some(job))
    assert await Job.filter(kind=JobKind.ASK_TO_CONNECT).count() == 5
    await asking_to_connect.spread(job)
    await asking_to_connect.spread(job)
    mails = await Job.filter(kind=JobKind.ASK_TO_CONNECT).order_by("id")
    letter = await BulkLetter.get()
    assert [mail.due_at - letter.created_at for mail in mails] == [n // PACE for n in range(12)]
    assert len({mail.generation for mail in mails}) == letter.written == 12


async def test_as_many_statements_for_more_people(
    administration: Administration, statements: list[str]
):
    """Asking takes as many statements for fifty people as for twelve."""
    sent = []
    for many in (12, 50):
        while await Member.filter(organization_id=administration.world.saltmarsh.id).count() < many:
            n = await Member.all().count()
            await person(administration.world.saltmarsh, f"N{n} Other", "UTC")
        await MemberStatus.all().update(asked_at=0)
        statements.clear()
        assert await administration.ask() == {Outcome.WRITTEN: many}
        sent.append(len(statements))
    assert sent[0] == sent[1]


async def test_it_is_in_the_audit_log(administration: Administration):
    """The log has who asked and how many were written to, and nobody's name."""
    await administration.ask()
    line = await AuditEntry.get(action="members.asked_to_connect")
    assert (line.actor_id, line.after) == (administration.world.chiara.id, '{"written":12}')
    assert line.at == NOW


async def test_what_was_asked_is_forgotten(administration: Administration):
    """After a week nothing is left of it but when each member was asked."""
    await administration.ask()
    letter = await BulkLetter.get()
    assert await asking_to_connect.forget(now=letter.created_at + PAUSE - 1) == 0
    assert await asking_to_connect.forget(now=letter.created_at + PAUSE) == 1
    assert await MemberStatus.filter(asked_at=letter.created_at).count() == 12
