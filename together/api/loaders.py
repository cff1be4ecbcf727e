"""Loaders of one operation: what many fields ask for, in one statement each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from strawberry.dataloader import DataLoader

from together.api.ids import Kind
from together.api.pages import Slice
from together.domain.integration import Standing
from together.services import reading
from together.services.connections import integrations, offering
from together.services.connections.offering import Offer
from together.services.outbox import delivery_state
from together.services.outbox.delivery_state import DeliveryState
from together.services.people import program_reading
from together.services.reading import Which
from together.services.sessions import history_reading, series_reading
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    Booking,
    History,
    HoursException,
    Match,
    Member,
    Participant,
    Program,
    ProgramAdministrator,
    Seat,
    Series,
)
from together.store.scope import Scope

K = TypeVar("K")
V = TypeVar("V")
BookingsKey = tuple[int, Slice, Which]
Found = Callable[[Viewer, Sequence[str]], Awaitable[Sequence[Any]]]

FINDERS: Mapping[Kind, Found] = {
    Kind.ORGANIZATION: lambda viewer, uids: reading.organizations(viewer, uids=uids),
    Kind.MEMBER: lambda viewer, uids: reading.members(viewer, uids=uids),
    Kind.PROGRAM: lambda viewer, uids: program_reading.programs(viewer, uids=uids),
    Kind.MATCH: lambda viewer, uids: reading.matches(viewer, uids=uids),
    Kind.BOOKING: lambda viewer, uids: reading.bookings(viewer, uids=uids),
    Kind.SERIES: lambda viewer, uids: series_reading.series(viewer, uids=uids),
    Kind.INTEGRATION: lambda viewer, uids: reading.themselves(viewer, uids=uids),
    Kind.CALENDAR: lambda viewer, uids: integrations.own_calendars(viewer, uids=uids),
}
"""How each kind of row is found by uid, within the viewer's organization and permission."""


@dataclass(frozen=True, slots=True)
class Loaders:
    """Made for each operation: nothing of it outlives the answer."""

    found: DataLoader[tuple[Kind, str], Any]
    members: DataLoader[int, Member]
    matches: DataLoader[int, Match]
    participants: DataLoader[int, list[Participant]]
    first_bookings: DataLoader[BookingsKey, list[Booking]]
    seats: DataLoader[int, list[Seat]]
    history: DataLoader[int, list[History]]
    series: DataLoader[int, Series]
    occurrences: DataLoader[int, list[Booking]]
    held: DataLoader[int, int]
    exceptions: DataLoader[int, list[HoursException]]
    standings: DataLoader[int, Standing]
    deliveries: DataLoader[Booking, DeliveryState]
    offers: DataLoader[int, Offer]
    """By the id of the organization, which is the viewer's."""
    companions: DataLoader[int, bool]
    programs: DataLoader[int, Program]
    program_administrators: DataLoader[int, list[ProgramAdministrator]]
    first_matches: DataLoader[tuple[int, Slice], list[Match]]
    looked_after: DataLoader[int, bool]

    @classmethod
    def of(cls, viewer: Viewer, clock: Callable[[], int]) -> Loaders:
        async def deliveries(rows: Sequence[Booking]) -> Mapping[Booking, DeliveryState]:
            states = await delivery_state.delivery_of(viewer, rows, now=clock())
            return {row: states[row.id] for row in rows if row.id in states}

        return cls(
            found=DataLoader(lambda keys: _found(viewer, keys)),
            members=_each(lambda ids: _by_id(reading.members_by_id(viewer, ids))),
            matches=_each(lambda ids: _by_id(reading.matches_by_id(viewer, ids))),
            participants=_each(lambda ids: reading.participants(viewer, ids), list),
            first_bookings=DataLoader(lambda keys: _first_bookings(viewer, keys)),
            seats=_each(lambda ids: reading.seats(viewer, ids), list),
            history=_each(lambda ids: history_reading.history(viewer, ids, now=clock()), list),
            series=_each(lambda ids: _by_id(series_reading.series_by_id(viewer, ids))),
            occurrences=_each(lambda ids: series_reading.occurrences(viewer, ids), list),
            held=_each(lambda ids: reading.held(viewer, ids, now=clock()), int),
            exceptions=_each(lambda ids: reading.exceptions(viewer, ids), list),
            standings=_each(
                lambda ids: integrations.standing_of(
                    ids, scope=Scope(viewer.organization_id), now=clock()
                )
            ),
            deliveries=_each(deliveries, lambda: DeliveryState.NOT_SENT),
            offers=_each(_offers),
            companions=_each(lambda ids: reading.companions(viewer, ids), bool),
            programs=_each(lambda ids: _by_id(program_reading.programs_by_id(viewer, ids))),
            program_administrators=_each(
                lambda ids: program_reading.administrators(viewer, ids), list
            ),
            first_matches=DataLoader(lambda keys: _first_matches(viewer, keys)),
            looked_after=_each(lambda ids: program_reading.looked_after(viewer, ids), bool),
        )


def _each(
    load: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
    missing: Callable[[], V | None] = lambda: None,
) -> DataLoader[K, Any]:
    """Make a loader of what gives a mapping; a key without a value gets what `missing` makes."""

    async def loaded(keys: list[K]) -> list[Any]:
        found = await load(keys)
        return [found[key] if key in found else missing() for key in keys]

    return DataLoader(loaded)


async def _offers(organization_ids: Sequence[int]) -> Mapping[int, Offer]:
    return {each: await offering.offered(each) for each in organization_ids}


async def _by_id(rows: Awaitable[Sequence[Any]]) -> Mapping[int, Any]:
    return {row.id: row for row in await rows}


async def _found(viewer: Viewer, keys: Sequence[tuple[Kind, str]]) -> list[Any]:
    """Find rows by id: one statement for each kind, whether something is there or not."""
    uids: dict[Kind, list[str]] = {}
    for kind, uid in keys:
        uids.setdefault(kind, []).append(uid)
    rows = {
        (kind, row.uid): row
        for kind, wanted in uids.items()
        for row in await FINDERS[kind](viewer, wanted)
    }
    return [rows.get(key) for key in keys]


async def _first_bookings(viewer: Viewer, keys: Sequence[BookingsKey]) -> list[list[Booking]]:
    """Read the sessions of many matches: one statement for each different set of arguments."""
    wanted: dict[tuple[Slice, Which], list[int]] = {}
    for match_id, asked, which in keys:
        wanted.setdefault((asked, which), []).append(match_id)
    rows = {
        arguments: await reading.first_bookings(viewer, ids, arguments[0], which=arguments[1])
        for arguments, ids in wanted.items()
    }
    return [rows[(asked, which)].get(match_id, []) for match_id, asked, which in keys]


async def _first_matches(viewer: Viewer, keys: Sequence[tuple[int, Slice]]) -> list[list[Match]]:
    """Read the matches of many programs: one statement for each different page."""
    wanted: dict[Slice, list[int]] = {}
    for program_id, asked in keys:
        wanted.setdefault(asked, []).append(program_id)
    rows = {
        asked: await program_reading.first_matches(viewer, ids, asked)
        for asked, ids in wanted.items()
    }
    return [rows[asked].get(program_id, []) for program_id, asked in keys]
