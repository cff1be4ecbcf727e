"""What the database itself refuses, whoever writes it."""

import asyncio

import pytest
from tortoise.exceptions import IntegrityError
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.models import Model

from tests.world import HOUR, NOW, World, session
from together.store import audit, models
from together.store.database import Database
from together.store.models import (
    AuditEntry,
    Booking,
    CalendarRow,
    DataKey,
    Integration,
    Member,
    Seat,
)
from together.store.refused import AppendOnly, ForeignRow, Overlap, RowRefused, Taken
from together.store.transaction import transaction


async def test_of_twenty_at_once_one_gets_the_slot(world: World):
    """Twenty transactions race for one hour of Ada's; one has it, the others hear Overlap."""
    others = [world.ben, world.dev]
    outcomes = await asyncio.gather(
        *(session(world.match, world.ada, others[n % 2], starts=NOW + n * 60) for n in range(20)),
        return_exceptions=True,
    )
    kinds = sorted(type(outcome).__name__ for outcome in outcomes)
    assert kinds == ["Booking", *["Overlap"] * 19]
    assert (await Booking.all().count(), await Seat.all().count()) == (1, 2)


async def test_two_servers_do_not_both_get_the_slot(world: World, database_url: str):
    """The race has one winner also between two applications on one database."""
    other = await Database.open(database_url)

    async def book(server: Database, n: int):
        async with server.entered():
            return await session(world.match, world.ada, world.ben, starts=NOW + n * 60)

    here = Database.current()
    outcomes = await asyncio.gather(
        *(book(server, n) for n in range(10) for server in (here, other)), return_exceptions=True
    )
    await other.close()
    kinds = sorted(type(outcome).__name__ for outcome in outcomes)
    assert kinds == ["Booking", *["Overlap"] * 19]


async def test_the_words_of_an_overlap_tell_nothing(world: World):
    """Nothing of the database's text, which names the other session's times, is kept or chained."""
    await session(world.match, world.ada, world.ben, starts=NOW)
    with pytest.raises(Overlap) as caught:
        await session(world.other_match, world.ada, world.dev, starts=NOW)
    error = caught.value
    kept = (str(error), error.args, error.__cause__, error.__context__, vars(error))
    assert kept == (Overlap.words, (Overlap.words,), None, None, {})


async def test_sessions_may_touch_and_a_cancelled_one_takes_no_time(world: World):
    """Half-open spans that touch do not overlap, and a seat that is not live stands in no way."""
    first = await session(world.match, world.ada, world.ben, starts=NOW, ends=NOW + HOUR)
    await session(world.match, world.ada, world.ben, starts=NOW + HOUR, ends=NOW + 2 * HOUR)
    await session(world.match, world.elin, world.farid, starts=NOW, ends=NOW + HOUR)
    await Seat.filter(booking_id=first.id).update(live=False)
    again = await session(world.match, world.ada, world.ben, starts=NOW, ends=NOW + HOUR)
    assert await Seat.filter(booking_id=again.id, live=True).count() == 2


@pytest.mark.parametrize(
    "change", [{"live": True}, {"starts": NOW - HOUR, "live": True}], ids=["revived", "moved"]
)
async def test_a_change_cannot_make_an_overlap(world: World, change: dict):
    """Moving or reviving a seat into another one is refused like writing it there."""
    first = await session(world.match, world.ada, world.ben, starts=NOW)
    await Seat.filter(booking_id=first.id).update(live=False)
    await session(world.match, world.ada, world.ben, starts=NOW)
    with pytest.raises(Overlap):
        await Seat.filter(booking_id=first.id).update(**change)


async def test_a_session_can_be_moved_over_its_own_time(world: World):
    """A seat does not overlap itself."""
    made = await session(world.match, world.ada, world.ben, starts=NOW)
    await Seat.filter(booking_id=made.id).update(starts=NOW + 600, ends=NOW + HOUR)
    spans = await Seat.filter(booking_id=made.id).values_list("starts", "ends")
    assert list(spans) == [(NOW + 600, NOW + HOUR)] * 2


@pytest.mark.parametrize("ends", [NOW, NOW - 1], ids=["empty", "reversed"])
async def test_a_span_that_does_not_end_after_its_start_is_refused(world: World, ends: int):
    """A session without length, or backwards, is not stored."""
    with pytest.raises(RowRefused):
        await session(world.match, world.ada, world.ben, starts=NOW, ends=ends)
    assert await Booking.all().count() == 0


async def test_an_address_is_unique_within_its_organization_only(world: World):
    """The same address is taken at Saltmarsh and free at Northlight, and the refusal says where."""
    same = {"email": world.ada.email, "email_key": world.ada.email_key, "name": "Another Ada"}
    with pytest.raises(Taken) as caught:
        await Member.create(organization_id=world.saltmarsh.id, **same)
    assert (caught.value.columns, str(caught.value)) == (
        ("organization_id", "email_key"),
        Taken.words,
    )
    assert await Member.create(organization_id=world.northlight.id, **same)


async def test_one_calendar_of_an_integration_receives(world: World):
    """A second calendar to write to is refused, and any number of others is not."""
    integration = await _row(Integration, world, abroad=False)
    given = {
        "organization_id": world.saltmarsh.id,
        "integration_id": integration.id,
        "name": "Calendar",
    }
    for name, receives in (("a", True), ("b", False), ("c", False)):
        await CalendarRow.create(external_id=name, receives=receives, **given)
    with pytest.raises(Taken):
        await CalendarRow.create(external_id="d", receives=True, **given)
    with pytest.raises(Taken):
        await CalendarRow.filter(external_id="b").update(receives=True)


MODELS = [
    model
    for model in vars(models).values()
    if isinstance(model, type)
    and issubclass(model, Model)
    and model not in (Model, models.Organization)
]
RELATIONS = [
    (model, name)
    for model in MODELS
    for name, field in model._meta.fields_map.items()
    if isinstance(field, ForeignKeyFieldInstance) and name != "organization"
]


async def _row(model, world: World, *, abroad: bool, **given):
    """Make a row of the model at one of the organizations, with all it points at, once each."""
    mine = world.northlight if abroad else world.saltmarsh
    if model in (models.Member, models.Match) and not given:
        return {
            (models.Member, False): world.ada,
            (models.Member, True): world.mira,
            (models.Match, False): world.match,
            (models.Match, True): world.foreign_match,
        }[model, abroad]
    if not given and (found := await model.filter(organization_id=mine.id).first()):
        return found
    values = {"organization_id": mine.id}
    for name, field in model._meta.fields_map.items():
        if name == "organization" or name in given:
            continue
        if isinstance(field, ForeignKeyFieldInstance):
            other = getattr(models, field.model_name.partition(".")[2])
            values[f"{name}_id"] = (await _row(other, world, abroad=abroad)).id
        elif field.required and getattr(field, "reference", None) is None:
            values.setdefault(name, _value(name, field, mine.id))
    return await model.create(**values | {f"{name}_id": row.id for name, row in given.items()})


def _value(name: str, field, number: int):
    if name == "kind":
        return models.JobKind.WRITE_EVENT
    if field.field_type is int:
        return {"starts": NOW, "ends": NOW + HOUR}.get(name, number)
    return f"{name} {number}"


@pytest.mark.parametrize(
    ("model", "relation"), RELATIONS, ids=[f"{model.__name__}-{name}" for model, name in RELATIONS]
)
async def test_no_row_points_across_organizations(world: World, model, relation: str):
    """A row of Saltmarsh that would point at a row of Northlight is refused, new or changed."""
    field = model._meta.fields_map[relation]
    other = getattr(models, field.model_name.partition(".")[2])
    own = await _row(model, world, abroad=False)
    foreign = await _row(other, world, abroad=True)
    with pytest.raises(ForeignRow):
        await model.filter(id=own.id).update(**{f"{relation}_id": foreign.id})
    await model.filter(id=own.id).delete()
    with pytest.raises(ForeignRow):
        await _row(model, world, abroad=False, **{relation: foreign})
    assert await model.filter(id=own.id).count() == 0


@pytest.mark.parametrize("model", MODELS, ids=[model.__name__ for model in MODELS])
async def test_no_row_moves_to_another_organization(world: World, model):
    """A row stays in the organization it was made in."""
    own = await _row(model, world, abroad=False)
    with pytest.raises((ForeignRow, AppendOnly)):
        await model.filter(id=own.id).update(organization_id=world.northlight.id)


async def test_every_table_names_its_organization(world: World):
    """No row but an organization's can be written without one."""
    for model in MODELS:
        field = model._meta.fields_map["organization_id"]
        assert (model.__name__, field.null) == (model.__name__, False)


async def test_the_audit_log_is_only_added_to(world: World):
    """The database refuses to change or delete a line, also by way of replacing it."""
    line = await audit.record(
        world.saltmarsh.id, at=NOW, actor_id=world.chiara.id, action="match.made", subject="match 1"
    )
    for change in (
        AuditEntry.filter(id=line.id).update(actor_id=None),
        AuditEntry.filter(id=line.id).delete(),
        AuditEntry.all().delete(),
    ):
        with pytest.raises(AppendOnly):
            await change
    if Database.current().dialect == "sqlite":
        with pytest.raises(IntegrityError):
            await Database.current().client.execute_query(
                "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry"
            )
    assert await AuditEntry.all().values_list("id", "actor_id") == [(line.id, world.chiara.id)]


async def test_deleting_an_organization_leaves_who_did_what(world: World):
    """An organization goes with all its rows but the lines of the audit log, which hold ids."""
    await _row(DataKey, world, abroad=False)
    await session(world.match, world.ada, world.ben, starts=NOW)
    await audit.record(world.saltmarsh.id, at=NOW, actor_id=1, action="a", subject="b")
    await transaction(world.saltmarsh.delete)
    left = {model.__name__: await model.all().count() for model in MODELS}
    assert {name: count for name, count in left.items() if count} == {
        "AuditEntry": 1,
        "Match": 1,
        "Member": 2,
        "MemberStatus": 2,
        "Participant": 2,
        "Program": 1,
    }
