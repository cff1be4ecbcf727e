"""A mail of the outbox reaches its mailbox, whatever the mail server says and whoever dies."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tests.services.office import Office
from tests.world import DAY, NOW, World
from together.services.connections import reminders
from together.services.outbox import delivery
from together.services.outbox.delivery import KEPT, LEASE
from together.store.clock import database_now
from together.store.models import Integration, Job, JobState


async def test_the_outbox_holds_ids_only(world: World, office: Office):
    """No address, name or word of a mail is stored, before it is sent or after."""
    integration = await office.lose(world.ada, email="ada@elsewhere.example.net")
    office.clock.forward(DAY)
    await office.delivery.mails.remind()
    for sent in (False, True):
        if sent:
            await office.send()
        [row] = await Job.all().values()
        assert row.pop("uid")
        now = await database_now()
        assert all(abs(row.pop(name) - now) < 60 for name in ("due_at", "created_at"))
        assert row == {
            "id": row["id"],
            "organization_id": world.saltmarsh.id,
            "kind": "REMIND_RECONNECT",
            "state": "DONE" if sent else "WAITING",
            "booking_id": None,
            "integration_id": integration.id,
            "provider": None,
            "generation": integration.generation,
            "sealed": None,
            "leased_until": None,
            "attempts": 1 if sent else 0,
            "reason": None,
        }


async def test_a_mail_server_that_was_away_gets_one(world: World, office: Office):
    """What waited for the mail server is one mail, however many moments went by meanwhile."""
    await office.lose(world.ada)
    office.boxes.answers["EHLO"] = ["421 later"] * 20
    for days in (1, 3, 7):
        office.clock.now = NOW + days * DAY
        await office.round()
    assert await Job.filter(state=JobState.WAITING).count() == 1
    office.boxes.answers.clear()
    await office.round()
    assert office.told() == ["ada"]
    office.clock.now = NOW + 14 * DAY
    await office.round()
    assert office.told() == ["ada", "ada"]


async def test_two_workers_send_one(world: World, office: Office):
    """Any number of workers write a reminder down once, and send it once."""
    for who in (world.ada, world.ben, world.mira):
        await office.lose(who)
    office.clock.forward(DAY)
    workers = [office.another() for _ in range(4)]
    await asyncio.gather(*(each.mails.remind() for each in workers))
    await asyncio.gather(*(each.run_once() for each in workers))
    assert sorted(office.told()) == ["ada", "ben", "mira"]
    rows = await Job.all().values_list("organization_id", "integration_id")
    assert sorted(rows) == sorted(await Integration.all().values_list("organization_id", "id"))


class Killed(BaseException):
    """The end of a process, which nothing catches."""


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed(world: World, office: Office, monkeypatch: pytest.MonkeyPatch, when: str):
    """Only death between the server's acceptance and our note of it sends a second copy.

    Both have the same Message-ID.
    """
    await office.lose(world.ada)
    office.clock.forward(DAY)
    where, name = (office.post, "send") if when == "before" else (delivery, "settle")

    async def killed(*_args: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(where, name, killed)
        with pytest.raises(BaseExceptionGroup) as caught:
            await office.round()
        assert caught.value.subgroup(Killed) is not None
    await office.delivery.run_once()
    assert len(office.boxes.arrived) == (0 if when == "before" else 1)  # its lease stands
    await Job.all().update(leased_until=await database_now() - LEASE)
    await office.delivery.run_once()
    assert len(office.boxes.ids) == (1 if when == "before" else 2)
    assert len(set(office.boxes.ids)) == 1
    assert await Job.all().values_list("state", flat=True) == ["DONE"]


async def test_killed_while_writing_down(world: World, office: Office, monkeypatch):
    """A worker that dies before its transaction ends has written nothing; the next one does."""
    await office.lose(world.ada)
    office.clock.forward(DAY)

    def killed(*_args: object, **_named: object) -> int:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(reminders, "_latest", killed)
        with pytest.raises(Killed):
            await office.delivery.mails.remind()
    assert await Job.all().count() == 0
    await office.round()
    assert office.told() == ["ada"]


async def test_later_and_then_taken(world: World, office: Office):
    """A server that says later is asked again later, with the same message."""
    await office.lose(world.ada)
    office.clock.forward(DAY)
    office.boxes.answers["RCPT"] = ["450 4.2.1 greylisted"] * 3
    await office.delivery.mails.remind()
    pauses = []
    for _ in range(3):
        before = await database_now()
        await office.send()
        [job] = await Job.all()
        assert (job.state, job.reason, job.leased_until) == (
            JobState.WAITING,
            "NotAcceptedYet",
            None,
        )
        pauses.append(job.due_at - before)
    assert pauses[0] >= 5
    assert pauses[2] >= 20
    await office.send()
    job = await Job.get(id=job.id)
    assert (job.state, job.reason, job.attempts) == (JobState.DONE, None, 4)
    assert office.boxes.ids == [f"<{job.uid}@saltmarsh.example.org>"]


async def test_an_address_that_is_refused(world: World, office: Office, caplog):
    """A permanent no is not tried again, is in the log by id alone, and does not stop the next."""
    caplog.set_level(logging.INFO)
    await office.lose(world.ada)
    office.clock.forward(DAY)
    office.boxes.answers["RCPT"] = ["550 5.1.1 canary: no such mailbox"]
    await office.round()
    await office.round()
    [job] = await Job.all()
    assert (job.state, job.reason) == (JobState.PARKED, "AddressRefused")
    words = f"job {job.id}: its mail is not taken: status=550 code=5.1.1"
    assert words in [each.getMessage() for each in caplog.records]
    for private in ("canary", "ada@", "Lindqvist", "Memory"):
        assert private not in caplog.text
    office.clock.forward(2 * DAY)
    await office.round()
    assert office.told() == ["ada"]
    await Job.all().update(created_at=await database_now() - KEPT - 1)
    assert await delivery.forget(now=await database_now()) == 2
    assert await Job.all().count() == 0


async def test_the_operators_trouble(world: World, office: Office, caplog):
    """A server that does not let us send is the operator's; the mail goes out once it does."""
    await office.lose(world.ada)
    office.clock.forward(DAY)
    office.boxes.answers["MAIL"] = ["550 5.7.0 canary"]
    await office.round()
    [job] = await Job.all()
    assert (job.state, job.reason) == (JobState.WAITING, "MailNotAllowed")
    said = f"job {job.id}: MailNotAllowed status=550 code=5.7.0 request=None"
    assert said in [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    assert "canary" not in caplog.text
    await office.send()
    assert office.told() == ["ada"]


async def test_a_mail_nobody_takes_is_given_up(world: World, office: Office):
    """What no server has taken for a week is not tried any more."""
    await office.lose(world.ada)
    office.clock.forward(DAY)
    office.boxes.answers["EHLO"] = ["421 later"] * 2
    await office.round()
    await Job.all().update(created_at=await database_now() - KEPT)
    await office.round()
    assert await Job.all().values_list("state", "reason") == [("PARKED", "NotAcceptedYet")]
