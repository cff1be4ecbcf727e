"""Who may do what: every mutation, with what comes of it for each.

Whoever is not named is refused by their role, and nothing is changed.  The cast acts in its order,
so that what one has done the next one finds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.api.walk.kinds import SIGNED_IN

OTHERS = "hana kemi jo leo chiara mira nils"
"""Signed in, and not in the match of Ada and Ben."""
ALL_BUT_ADA = "ben hana kemi jo leo chiara mira nils"


@dataclass(frozen=True, slots=True)
class Deed:
    """An input, and what it comes to: the name of a type → for whom."""

    given: dict[str, Any]
    outcomes: dict[str, str]
    silent: str = ""
    """Fields of the payload that are null here."""


ADMINISTRATION: dict[str, Deed] = {
    "createMember": Deed(
        {"email": "new@saltmarsh.example.org", "name": "New", "clientKey": "k"},
        {"CreateMemberPayload": "chiara mira"},
    ),
    "deactivateMember": Deed(
        {"memberId": "<ben>"}, {"DeactivateMemberPayload": "chiara", "NotFound": "mira"}
    ),
    "reactivateMember": Deed(
        {"memberId": "<grace>"}, {"ReactivateMemberPayload": "chiara", "NotFound": "mira"}
    ),
    "setMemberRole": Deed(
        {"memberId": "<ada>", "role": "ORG_ADMIN"},
        {"SetMemberRolePayload": "chiara", "NotFound": "mira"},
    ),
    "createProgram": Deed(
        {"name": "Spring mentoring", "clientKey": "k"}, {"CreateProgramPayload": "chiara mira"}
    ),
    "renameProgram": Deed(
        {"programId": "<program>", "name": "Spring mentoring"},
        {"RenameProgramPayload": "chiara", "NotFound": "mira"},
    ),
    "archiveProgram": Deed(
        {"programId": "<program>"}, {"ArchiveProgramPayload": "chiara", "NotFound": "mira"}
    ),
    "restoreProgram": Deed(
        {"programId": "<old>"}, {"RestoreProgramPayload": "chiara", "NotFound": "mira"}
    ),
    "addProgramAdministrator": Deed(
        {"programId": "<program>", "memberId": "<hana>"},
        {"AddProgramAdministratorPayload": "chiara", "NotFound": "mira"},
    ),
    "removeProgramAdministrator": Deed(
        {"programId": "<program>", "memberId": "<kemi>"},
        {"RemoveProgramAdministratorPayload": "chiara", "NotFound": "mira"},
    ),
    "createMatch": Deed(
        {
            "mentorId": "<hana>",
            "menteeIds": ["<ada>"],
            "programId": "<autumn>",
            "clientKey": "k",
        },
        {"CreateMatchPayload": "chiara", "InvalidInput": "mira"},
    ),
    "endMatch": Deed({"matchId": "<match>"}, {"EndMatchPayload": "chiara", "NotFound": "mira"}),
}
"""For administrators of the organization."""

INTEGRATIONS: dict[str, Deed] = {
    "limitCalendarProviders": Deed(
        {"hidden": True}, {"LimitCalendarProvidersPayload": "leo chiara mira"}
    ),
    "setUpOrganizationIntegration": Deed(
        {"provider": "memory"}, {"SetUpOrganizationIntegrationPayload": "leo chiara mira"}
    ),
    "uploadOrganizationKey": Deed(
        {"key": "no key"}, {"KeyUnusable": "leo chiara", "SetUpIncomplete": "mira"}
    ),
    "startOrganizationConsent": Deed(
        {"returnTo": "https://app.saltmarsh.example.org/"},
        {"DelegationNotOffered": "leo chiara", "SetUpIncomplete": "mira"},
    ),
    "completeOrganizationConsent": Deed(
        {"handle": "unknown"}, {"ConsentNotFound": "leo chiara mira"}
    ),
    "verifyOrganizationIntegration": Deed(
        {"mailbox": "ada@saltmarsh.example.org"},
        {"NotAvailableHere": "leo chiara", "SetUpIncomplete": "mira"},
    ),
    "activateOrganizationIntegration": Deed(
        {"provider": "memory"},
        {"ActivateOrganizationIntegrationPayload": "leo chiara", "SetUpChanged": "mira"},
    ),
    "turnOffOrganizationIntegration": Deed(
        {"provider": "memory"},
        {"TurnOffOrganizationIntegrationPayload": "leo chiara", "SetUpChanged": "mira"},
    ),
    "setOrganizationVideo": Deed(
        {"choice": "NONE"}, {"SetOrganizationVideoPayload": "leo chiara mira"}
    ),
    "askMembersToConnect": Deed(
        {"clientKey": "k"}, {"AskMembersToConnectPayload": "leo chiara mira"}
    ),
}
"""For administrators of integrations, too."""

THEIR_OWN: dict[str, Deed] = {
    "startCalendarConnection": Deed(
        {"provider": "memory", "returnTo": "https://app.saltmarsh.example.org/connected"},
        {
            "AlreadyConnected": "ada",
            "StartCalendarConnectionPayload": ALL_BUT_ADA,
        },
    ),
    "completeCalendarConnection": Deed({"handle": "unknown"}, {"ConsentNotFound": SIGNED_IN}),
    "disconnectCalendar": Deed(
        {"calendarIntegrationId": "<ada's>"},
        {"DisconnectCalendarPayload": "ada", "NotConnected": ALL_BUT_ADA},
    ),
    "chooseCalendars": Deed(
        {"calendarIntegrationId": "<ada's>", "countingIds": []},
        {"ChooseCalendarsPayload": "ada", "NotConnected": ALL_BUT_ADA},
    ),
    "refreshCalendars": Deed(
        {"calendarIntegrationId": "<ada's>"},
        {"RefreshCalendarsPayload": "ada", "NotConnected": ALL_BUT_ADA},
    ),
    "updateProfile": Deed({"timeZone": "Asia/Tokyo"}, {"UpdateProfilePayload": SIGNED_IN}),
    "updateHours": Deed({"useDefaultWeek": True}, {"UpdateHoursPayload": SIGNED_IN}),
    "bookSession": Deed(
        {
            "matchId": "<match>",
            "start": "2026-12-01T10:00:00Z",
            "duration": 45,
            "timeZone": "UTC",
            "clientKey": "k",
        },
        {"BookSessionPayload": "ada", "SlotUnavailable": "ben", "NotFound": OTHERS},
    ),
    "bookSeries": Deed(
        {
            "matchId": "<match>",
            "start": "2026-12-01T10:00:00Z",
            "duration": 45,
            "timeZone": "UTC",
            "repeats": "EVERY_TWO_WEEKS",
            "count": 3,
            "clientKey": "k",
        },
        {"BookSeriesPayload": "ada", "SeriesConflicts": "ben", "NotFound": OTHERS},
    ),
    "rescheduleBooking": Deed(
        {
            "bookingId": "<ahead>",
            "start": "2026-12-01T10:00:00Z",
            "timeZone": "UTC",
            "clientKey": "k",
        },
        {"RescheduleBookingPayload": "ada ben", "NotFound": OTHERS},
    ),
    "rescheduleSeries": Deed(
        {
            "bookingId": "<ahead>",
            "start": "2026-12-01T10:00:00Z",
            "timeZone": "UTC",
            "clientKey": "k",
        },
        {"RescheduleSeriesPayload": "ada ben", "NotFound": OTHERS},
    ),
    "logSession": Deed(
        {
            "matchId": "<match>",
            "start": "2026-11-20T10:00:00Z",
            "duration": 45,
            "timeZone": "UTC",
            "clientKey": "k",
        },
        {"LogSessionPayload": "ada", "SlotUnavailable": "ben", "NotFound": OTHERS},
    ),
    "markSessionDone": Deed(
        {"bookingId": "<held>"},
        {"MarkSessionDonePayload": "ada ben", "NotFound": OTHERS},
    ),
    "unmarkSessionDone": Deed(
        {"bookingId": "<held>"},
        {"UnmarkSessionDonePayload": "ada ben", "NotFound": OTHERS},
    ),
    "unlogSession": Deed(
        {"bookingId": "<logged>"},
        {"UnlogSessionPayload": "ada ben", "NotFound": OTHERS},
    ),
    "setAgenda": Deed(
        {"bookingId": "<ahead>", "agenda": "What to read next"},
        {"SetAgendaPayload": "ada ben", "NotFound": OTHERS},
    ),
    "respondToSession": Deed(
        {"bookingId": "<ahead>", "answer": "ACCEPTED"},
        {"RespondToSessionPayload": "ada ben", "NotFound": OTHERS},
    ),
    "cancelBooking": Deed(
        {"bookingId": "<ahead>", "clientKey": "k"},
        {"CancelBookingPayload": "ada ben", "NotFound": OTHERS},
    ),
}
"""For every member, about what is theirs."""

DEEDS: dict[str, Deed] = ADMINISTRATION | INTEGRATIONS | THEIR_OWN
