"""Every refusal that a field declares reaches the client as a type of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from strawberry.types.base import get_object_definition

from tests.api.conftest import Api
from tests.world import NOW
from together.api.connection_problems import ConnectionProblem
from together.api.matches import PLANNING, READING
from together.api.outcomes import Raises, shown_as, union_members
from together.api.problems import PROBLEMS
from together.api.schema import Mutation
from together.domain.recurrence import Recurrence, Repeats
from together.services import refusals
from together.services.organization import delegation_refusals, video_refusals
from together.services.people import program_refusals
from together.services.sessions import series_refusals
from together.services.sessions.booking_values import Time
from together.services.sessions.series_values import Occurrence, OccurrenceState, SeriesReport
from together.store.models import Match, Program

HANDLE = {"handle": "h"}
BOOK = {
    "matchId": "mat_x",
    "start": "2026-12-01T10:00:00Z",
    "duration": 45,
    "timeZone": "Europe/Rome",
    "clientKey": "k",
}
INPUTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "startCalendarConnection": (
        "connecting",
        "start",
        {"provider": "memory", "returnTo": "https://app.example.org/"},
    ),
    "completeCalendarConnection": ("connecting", "complete", HANDLE),
    "disconnectCalendar": ("connecting", "disconnect", {"calendarIntegrationId": "OWN"}),
    "chooseCalendars": (
        "choosing",
        "choose",
        {"calendarIntegrationId": "OWN", "countingIds": []},
    ),
    "refreshCalendars": ("choosing", "refresh", {"calendarIntegrationId": "OWN"}),
    "updateProfile": ("profiles", "update_profile", {"name": "Ada"}),
    "updateHours": ("profiles", "update_hours", {"useDefaultWeek": True}),
    "bookSession": ("bookings", "book", BOOK),
    "bookSeries": ("series", "book", BOOK | {"repeats": "WEEKLY", "count": 4}),
    "cancelBooking": ("bookings", "cancel_from", {"bookingId": "bkg_x", "clientKey": "k"}),
    "rescheduleBooking": (
        "rescheduling",
        "reschedule",
        {
            "bookingId": "bkg_x",
            "start": "2026-12-01T10:00:00Z",
            "timeZone": "Europe/Rome",
            "clientKey": "k",
        },
    ),
    "rescheduleSeries": (
        "series_rescheduling",
        "reschedule",
        {
            "bookingId": "bkg_x",
            "start": "2026-12-01T10:00:00Z",
            "timeZone": "Europe/Rome",
            "clientKey": "k",
        },
    ),
    "logSession": ("logbook", "log", BOOK),
    "unlogSession": ("undoing", "unlog", {"bookingId": "bkg_x"}),
    "unmarkSessionDone": ("undoing", "unmark_done", {"bookingId": "bkg_x"}),
    "markSessionDone": ("session_notes", "mark_done", {"bookingId": "bkg_x"}),
    "setAgenda": ("session_notes", "set_agenda", {"bookingId": "bkg_x", "agenda": "x"}),
    "respondToSession": ("answering", "respond", {"bookingId": "bkg_x", "answer": "ACCEPTED"}),
    "createMember": (
        "members",
        "create_member",
        {"email": "x@y.example", "name": "X", "clientKey": "k"},
    ),
    "deactivateMember": ("members", "deactivate_member", {"memberId": "mbr_x"}),
    "reactivateMember": ("members", "reactivate_member", {"memberId": "mbr_x"}),
    "createMatch": (
        "members",
        "create_match",
        {"mentorId": "mbr_x", "menteeIds": ["mbr_y"], "programId": "prg_x", "clientKey": "k"},
    ),
    "setMemberRole": ("roles", "set_role", {"memberId": "mbr_x", "role": "IT_ADMIN"}),
    "createProgram": ("programs", "create", {"name": "Spring", "clientKey": "k"}),
    "renameProgram": ("programs", "rename", {"programId": "prg_x", "name": "Spring"}),
    "archiveProgram": ("programs", "archive", {"programId": "prg_x"}),
    "restoreProgram": ("programs", "restore", {"programId": "prg_x"}),
    "addProgramAdministrator": (
        "programs",
        "add_administrator",
        {"programId": "prg_x", "memberId": "mbr_x"},
    ),
    "removeProgramAdministrator": (
        "programs",
        "remove_administrator",
        {"programId": "prg_x", "memberId": "mbr_x"},
    ),
    "endMatch": ("members", "end_match", {"matchId": "mat_x"}),
    "askMembersToConnect": ("asking", "ask", {"clientKey": "k"}),
    "limitCalendarProviders": ("offering", "limit", {"hidden": True}),
    "setUpOrganizationIntegration": (
        "organization_integrations",
        "set_up",
        {"provider": "memory"},
    ),
    "uploadOrganizationKey": ("organization_integrations", "upload_key", {"key": "{}"}),
    "startOrganizationConsent": (
        "organization_consents",
        "start",
        {"returnTo": "https://app.example.org/"},
    ),
    "completeOrganizationConsent": ("organization_consents", "complete", HANDLE),
    "verifyOrganizationIntegration": (
        "organization_integrations",
        "verify",
        {"mailbox": "ada@saltmarsh.example.org"},
    ),
    "activateOrganizationIntegration": (
        "organization_integrations",
        "activate",
        {"provider": "memory"},
    ),
    "turnOffOrganizationIntegration": (
        "organization_integrations",
        "turn_off",
        {"provider": "memory"},
    ),
    "setOrganizationVideo": ("organization_videos", "choose", {"choice": "NONE"}),
}
"""Mutation → its service, the method that is called, and an input."""

MADE = {
    refusals.InvalidInput: refusals.InvalidInput("a.b", "Not so."),
    refusals.InvalidWindow: refusals.InvalidWindow("end", "Not so."),
    refusals.DurationNotOffered: refusals.DurationNotOffered("duration", 7, (30, 45)),
    refusals.ProviderDown: refusals.ProviderDown(timedelta(seconds=90)),
    series_refusals.SeriesConflicts: series_refusals.SeriesConflicts(
        SeriesReport(
            Recurrence.of(Repeats.WEEKLY, NOW, zone=ZoneInfo("UTC"), count=2),
            people=(),
            occurrences=[
                Occurrence(1, Time(NOW, NOW + 900), OccurrenceState.BUSY, {}, (NOW + 1800,))
            ],
            as_of=NOW,
        )
    ),
    refusals.SlotUnavailable: refusals.SlotUnavailable((NOW, NOW + 900)),
    refusals.TooSoon: refusals.TooSoon(NOW),
    refusals.TooFarAhead: refusals.TooFarAhead(NOW),
    refusals.AlreadyMatched: refusals.AlreadyMatched(Match(uid="m" * 22, created_at=NOW)),
    program_refusals.ProgramNameTaken: program_refusals.ProgramNameTaken(
        Program(uid="p" * 22, name="Spring", created_at=NOW)
    ),
    delegation_refusals.SetUpIncomplete: delegation_refusals.SetUpIncomplete(["Upload a key."]),
    video_refusals.OrganizationVideoUnavailable: video_refusals.OrganizationVideoUnavailable(
        video_refusals.VideoObstacle.FREE_BUSY_ONLY
    ),
    delegation_refusals.PermissionsMissing: delegation_refusals.PermissionsMissing({"b", "a"}),
}
"""Those that carry more than words."""

MORE = {
    "InvalidInput": {"field": "a.b"},
    "InvalidWindow": {"field": "end"},
    "DurationNotOffered": {"field": "duration", "offered": [30, 45]},
    "ProviderDown": {"retryAfterSeconds": 90},
    "SlotUnavailable": {"alternatives": ["2026-11-30T08:00:00Z", "2026-11-30T08:15:00Z"]},
    "SeriesConflicts": {
        "report": {
            "words": "every week on Monday",
            "conflicts": True,
            "asOf": "2026-11-30T08:00:00Z",
        }
    },
    "TooSoon": {"earliest": "2026-11-30T08:00:00Z"},
    "TooFarAhead": {"latest": "2026-11-30T08:00:00Z"},
    "SetUpIncomplete": {"missing": ["Upload a key."]},
    "PermissionsMissing": {"missing": ["a", "b"]},
    "OrganizationVideoUnavailable": {"obstacle": "FREE_BUSY_ONLY"},
    "ProgramNameTaken": {"program": {"id": f"prg_{'p' * 22}", "name": "Spring"}},
    "AlreadyMatched": {"match": {"id": f"mat_{'m' * 22}"}},
}


@pytest.fixture
def dialect() -> str:
    """Nothing here reaches a database but to sign in."""
    return "sqlite"


class Refusing:
    """A service whose every method says no in the same way."""

    def __init__(self, refusal: Exception) -> None:
        self._refusal = refusal

    def __getattr__(self, name: str):
        async def refuse(*arguments: Any, **named: Any) -> Any:
            raise self._refusal

        return refuse


def _declared() -> list[Any]:
    cases = []
    for field in get_object_definition(Mutation, strict=True).fields:
        name = "".join(
            part.title() if at else part for at, part in enumerate(field.python_name.split("_"))
        )
        raises = next(e.refusals for e in field.extensions if isinstance(e, Raises))
        cases += [
            pytest.param(
                name,
                refusal,
                shown_as(refusal, union_members(field)),
                id=f"{name}-{refusal.__name__}",
            )
            for refusal in raises
        ]
    return cases


def _shown(problem: type, refusal: refusals.Refusal) -> dict[str, Any]:
    ways_on: dict[str, Any] = {}
    if isinstance(refusal, refusals.ConnectionRefusal):
        ways_on = {"nextSteps": [step.value for step in refusal.next_steps], "provider": None}
    return {
        "__typename": problem.__name__,
        "message": refusal.message,
        "code": problem.named.value,
        **ways_on,
        **MORE.get(problem.__name__, {}),
    }


def _selection(problem: type) -> str:
    fields = " ".join(
        f"{name} {{ {' '.join(value)} }}" if isinstance(value, dict) else name
        for name, value in MORE.get(problem.__name__, {}).items()
    )
    more = f"... on {problem.__name__} {{ {fields} }}" if fields else ""
    ways_on = ""
    if issubclass(problem, ConnectionProblem):
        ways_on = "... on ConnectionProblem { nextSteps provider { slug } }"
    return f"{{ __typename ... on Problem {{ message code }} {ways_on} {more} }}"


@pytest.mark.parametrize(("mutation", "refusal", "problem"), _declared())
async def test_each_declared_refusal(api: Api, mutation, refusal, problem):
    """A mutation answers each refusal it declares with its type, its words and its code."""
    service, method, given = INPUTS[mutation]
    raised = MADE.get(refusal) or refusal()
    real = getattr(api.services, service)
    assert callable(getattr(real, method))
    api.serve_with(**{service: Refusing(raised)})
    kind = mutation[0].upper() + mutation[1:]
    given = {
        name: f"int_{api.world.chiara.uid}" if value == "OWN" else value
        for name, value in given.items()
    }
    query = f"mutation M($i: {kind}Input!) {{ {mutation}(input: $i) {_selection(problem)} }}"
    assert await api.ask(query, who="chiara", i=given) == {mutation: _shown(problem, raised)}


@pytest.mark.parametrize("refusal", READING)
async def test_each_refusal_of_a_question(api: Api, refusal):
    """A question about times is refused with types too."""
    raised = MADE.get(refusal) or refusal()
    api.serve_with(availabilities=Refusing(raised))
    problem = next(each for each in PROBLEMS if each.tells is refusal)
    query = f"""query Q($id: ID!) {{ node(id: $id) {{ ... on Match {{
        availability(start: "2026-12-01T00:00:00Z", end: "2026-12-02T00:00:00Z",
            timeZone: "UTC", duration: 45) {_selection(problem)}
        checkSlots(starts: [], timeZone: "UTC", duration: 45) {_selection(problem)}
    }} }} }}"""
    told = _shown(problem, raised)
    assert await api.ask(query, id=f"mat_{api.world.match.uid}") == {
        "node": {"availability": told, "checkSlots": told}
    }


@pytest.mark.parametrize("refusal", PLANNING)
async def test_each_refusal_of_a_plan(api: Api, refusal):
    """A question about a series is refused with types too."""
    raised = MADE.get(refusal) or refusal()
    api.serve_with(series=Refusing(raised))
    problem = next(each for each in PROBLEMS if each.tells is refusal)
    query = f"""query Q($id: ID!) {{ node(id: $id) {{ ... on Match {{
        checkSeries(start: "2026-12-01T00:00:00Z", timeZone: "UTC", duration: 45,
            repeats: MONTHLY, count: 3) {_selection(problem)} }} }} }}"""
    answer = await api.ask(query, id=f"mat_{api.world.match.uid}")
    assert answer == {"node": {"checkSeries": _shown(problem, raised)}}


def test_every_mutation_is_here():
    """No mutation can be added without being tried here."""
    assert {case.values[0] for case in _declared()} == set(INPUTS)
