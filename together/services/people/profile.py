"""A member's own name, zone and hours, and when they want to be reminded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from together.domain.hours import (
    BadHours,
    BadZone,
    week_from_json,
    week_to_json,
    windows_from_json,
    windows_to_json,
    zone_named,
)
from together.domain.texts import BadText, clean_text
from together.services.people import found_by
from together.services.refusals import InvalidInput, NotFound, UnknownZone
from together.services.signing_in.viewer import Viewer
from together.store.models import HoursException, Member
from together.store.scope import Scope
from together.store.transaction import transaction

LONGEST_NAME = 200
MOST_EXCEPTIONS = 366


class Reminder(StrEnum):
    """When somebody is reminded of a session by mail."""

    DAY_AHEAD = "DAY_AHEAD"
    HOUR_AHEAD = "HOUR_AHEAD"


def reminders_of(member: Member) -> list[Reminder]:
    """List those that a member wants, the earlier one first."""
    wanted = ((Reminder.DAY_AHEAD, member.remind_day), (Reminder.HOUR_AHEAD, member.remind_hour))
    return [each for each, yes in wanted if yes]


class Profiles:
    """What members change about themselves."""

    async def update_profile(
        self,
        viewer: Viewer,
        *,
        name: str | None = None,
        zone: str | None = None,
        reminders: Collection[Reminder] | None = None,
    ) -> Member:
        """Change what is given, and leave the rest; `reminders` are all that are wanted."""
        changes: dict[str, Any] = {}
        if name is not None:
            changes["name"] = checked_name("name", name)
        if zone is not None:
            changes["zone"] = checked_zone("zone", zone)
        if reminders is not None:
            changes["remind_day"] = Reminder.DAY_AHEAD in reminders
            changes["remind_hour"] = Reminder.HOUR_AHEAD in reminders

        async def work() -> Member:
            mine = Scope(viewer.organization_id)(Member).filter(id=viewer.member_id)
            if changes:
                await mine.update(**changes)
            member = await _itself(viewer)
            if name is not None:
                await found_by.note([member])
            return member

        return await transaction(work)

    async def update_hours(
        self,
        viewer: Viewer,
        *,
        weekly: Mapping[str, Any] | None = None,
        exceptions: Mapping[str, Any] | None = None,
        default_week: bool = False,
    ) -> Member:
        """Put new hours in the place of the old ones; what is not given stays as it is.

        `weekly` is windows by ISO weekday, ``{"1": [["09:00", "12:00"]]}``; `exceptions` are all
        of them, windows by date, where none means away.
        """
        week = None if weekly is None else _week(weekly)
        dates = None if exceptions is None else _dates(exceptions)

        async def work() -> Member:
            scope = Scope(viewer.organization_id)
            if week is not None or default_week:
                mine = scope(Member).filter(id=viewer.member_id)
                await mine.update(weekly_hours=None if default_week else week)
            if dates is not None:
                await scope(HoursException).filter(member_id=viewer.member_id).delete()
                await HoursException.bulk_create(
                    [
                        HoursException(
                            organization_id=viewer.organization_id,
                            member_id=viewer.member_id,
                            date=day,
                            windows=windows,
                        )
                        for day, windows in sorted(dates.items())
                    ]
                )
            return await _itself(viewer)

        return await transaction(work)


def checked_name(field: str, text: str) -> str:
    """Give a name as it is stored, or say what it cannot hold."""
    try:
        name = clean_text(field, text, limit=LONGEST_NAME)
    except BadText as bad:
        raise InvalidInput(field, bad.why) from None
    if not name:
        raise InvalidInput(field, "A name is not empty.")
    return name


def checked_zone(field: str, name: str) -> str:
    """Give a zone's name back when the time zone database has it."""
    try:
        zone_named(name)
    except BadZone:
        raise UnknownZone(field, name) from None
    return name


def _week(weekly: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    try:
        return week_to_json(week_from_json(weekly))
    except BadHours as bad:
        raise InvalidInput(f"weekly.{bad.where}", bad.why) from None


def _dates(exceptions: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    if len(exceptions) > MOST_EXCEPTIONS:
        raise InvalidInput("exceptions", f"At most {MOST_EXCEPTIONS} dates have other hours.")
    return {_date(day): _windows(day, windows) for day, windows in exceptions.items()}


def _date(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise InvalidInput("exceptions", "A date is written YYYY-MM-DD.")
    return text


def _windows(day: str, windows: Any) -> list[list[str]]:
    try:
        return windows_to_json(windows_from_json(windows, day))
    except BadHours as bad:
        raise InvalidInput(f"exceptions.{bad.where}", bad.why) from None


async def _itself(viewer: Viewer) -> Member:
    member = await Scope(viewer.organization_id)(Member).get_or_none(id=viewer.member_id)
    if member is None:
        raise NotFound
    return member
