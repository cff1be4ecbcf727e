"""Who sees what: every field of every type of the schema, by name.

A type says by which door it is reached, and who gets through it; a field, who of them sees a value.
`*` is all of them, `-` is nobody, since it is null here.  Who is not named finds nothing.
"""

from __future__ import annotations

from tests.api.walk.kinds import (
    ARGUMENTS,
    HERE,
    HOLE,
    IN_MATCH,
    KNOWS_MATCH,
    SIGNED_IN,
    WINDOW,
    Type,
)
from tests.api.walk.offices import OFFICES

_MATCH = 'node(id: "<match>") { ... on Match { %s } }'
_TIMES = _MATCH % f'availability({WINDOW}, timeZone: "UTC", duration: 45) {{ %s }}'
_CHECKS = _MATCH % (
    'checkSlots(starts: ["2026-12-01T10:00:00Z"], timeZone: "UTC", duration: 45) { %s }'
)
_SERIES = _MATCH % f"checkSeries{ARGUMENTS['Match', 'checkSeries']} {{ %s }}"
_ON_TIMES = _TIMES % "... on Availability { %s }"
_ON_CHECKS = _CHECKS % "... on SlotChecks { slots { %s } }"
_BOOKINGS = 'nodes(ids: ["<held>", "<ahead>", "<cancelled>"]) { %s }'
_ON_BOOKINGS = _BOOKINGS % "... on Booking { %s }"
_MEMBERS = 'nodes(ids: ["<ada>", "<ben>", "<hana>"]) { %s }'
_PROGRAMS = 'nodes(ids: ["<program>", "<old>"]) { %s }'
_OWN = "viewer { calendarIntegration { %s } }"
_HOURS = "viewer { hours { %s } }"

FIELDS: dict[str, Type] = {
    "Query": Type(
        HOLE,
        SIGNED_IN,
        {
            "viewer node nodes rateLimit": "*",
            "organization": "chiara mira",
            "calendarOffer organizationIntegration organizationVideo": "leo chiara mira",
            "integrationStatus": "kemi jo leo chiara mira",
        },
    ),
    "RateLimit": Type(f"rateLimit {{ {HOLE} }}", SIGNED_IN, {"allowed remaining resetsAt": "*"}),
    "Viewer": Type(
        f"viewer {{ {HOLE} }}",
        SIGNED_IN,
        {
            "id name email timeZone role member hours calendarIntegration calendarProviders": "*",
            "videoProviders bookingRules todos matches programs sessionReminders": "*",
            "automaticVideo": "ada",
            "organizationVideo": HERE,
        },
    ),
    "Hours": Type(_HOURS % HOLE, SIGNED_IN, {"timeZone weekly isDefault exceptions holidays": "*"}),
    "WeekdayHours": Type(_HOURS % f"weekly {{ {HOLE} }}", SIGNED_IN, {"weekday windows": "*"}),
    "HoursWindow": Type(
        _HOURS % f"weekly {{ windows {{ {HOLE} }} }}", SIGNED_IN, {"start end": "*"}
    ),
    "DateHours": Type(_HOURS % f"exceptions {{ {HOLE} }}", "ada", {"date windows": "*"}),
    "Holiday": Type(_HOURS % f"holidays {{ {HOLE} }}", HERE, {"date name": "*"}),
    "BookingRules": Type(
        f"viewer {{ bookingRules {{ {HOLE} }} }}",
        SIGNED_IN,
        {
            "durations step bufferBefore bufferAfter notice horizonDays": "*",
            "perDay perWeek": "-",
        },
    ),
    "Todo": Type(
        f"viewer {{ todos {{ {HOLE} }} }}",
        "ada ben leo chiara mira nils",
        {
            "kind message since overlaps": "*",
            "match": "ada mira nils",
            "booking": "ada ben",
            "provider account": "ben",
            "reason": "ben leo chiara",
        },
    ),
    "CalendarProvider": Type(
        f'node(id: "prv_memory") {{ ... on CalendarProvider {{ {HOLE} }} }}',
        SIGNED_IN,
        {"id slug label available": "*"},
    ),
    "VideoProvider": Type(
        f'node(id: "vid_memory_meet") {{ ... on VideoProvider {{ {HOLE} }} }}',
        SIGNED_IN,
        {"id slug label madeWith": "*"},
    ),
    "CalendarIntegration": Type(
        _OWN % HOLE,
        SIGNED_IN,
        {
            "id source standing managed nextSteps canWrite capabilities calendars": "*",
            "busyTimesSeenBy": "*",
            "state provider account disconnecting": "ada ben",
            "connectedSince lastReadAt unreadableSince": "ada",
            "reason": "ada ben",
            "needsAttentionSince": "ben",
            "suspendedAccount": "-",
        },
    ),
    "CalendarParting": Type(
        _OWN % f"disconnecting {{ {HOLE} }}", IN_MATCH, {"note ends consentsUrl sessions": "*"}
    ),
    "ConnectedCalendar": Type(
        f'node(id: "<calendar>") {{ ... on ConnectedCalendar {{ {HOLE} }} }}',
        "ada",
        {"id name primary writable counts receives missingSince unreadableSince reason": "*"},
    ),
    "Member": Type(
        _MEMBERS % f"... on Member {{ {HOLE} }}",
        "ada ben hana kemi chiara",
        {
            "id name email timeZone": "*",
            "weeklyHours": "ada ben hana",
            "administration": "chiara",
        },
    ),
    "MemberAdministration": Type(
        _MEMBERS % f"... on Member {{ administration {{ {HOLE} }} }}",
        "chiara",
        {"role active calendar": "*"},
    ),
    "Match": Type(
        f'nodes(ids: ["<match>", "<ended>"]) {{ ... on Match {{ {HOLE} }} }}',
        KNOWS_MATCH,
        {
            "id program state createdAt participants": "*",
            "endedAt": "kemi chiara",
            "availability checkSlots checkSeries bookings": IN_MATCH,
            "sessionsHeld": "chiara",
        },
    ),
    "MatchParticipant": Type(
        _MATCH % f"participants {{ {HOLE} }}",
        KNOWS_MATCH,
        {"member role": "*", "calendar": IN_MATCH},
    ),
    "Program": Type(
        _PROGRAMS % f"... on Program {{ {HOLE} }}",
        KNOWS_MATCH,
        {
            "id name": "*",
            "archivedAt": "chiara",
            "administrators matches": "kemi chiara",
        },
    ),
    "Availability": Type(
        _ON_TIMES % HOLE,
        IN_MATCH,
        {
            "start end timeZone duration ownHoursOnly slots people days": "*",
            "asOf": "ada",
            "emptyBecause": "-",
        },
    ),
    "AvailabilityDay": Type(
        _ON_TIMES % f"days {{ {HOLE} }}", IN_MATCH, {"date slots": "*", "free": "ada"}
    ),
    "AvailabilityPerson": Type(
        _ON_TIMES % f"people {{ {HOLE} }}",
        IN_MATCH,
        {"member calendar unknownBecause": "*", "periods": "ada"},
    ),
    "Period": Type(
        _ON_TIMES % f"people {{ periods {{ {HOLE} }} }}", "ada", {"start end state": "*"}
    ),
    "Slot": Type(
        _ON_TIMES % f"slots {{ {HOLE} }}",
        IN_MATCH,
        {"start end states people free busy unknown": "*"},
    ),
    "SlotPerson": Type(_ON_CHECKS % f"people {{ {HOLE} }}", IN_MATCH, {"member state": "*"}),
    "SlotChecks": Type(
        _CHECKS % f"... on SlotChecks {{ {HOLE} }}", IN_MATCH, {"slots": "*", "asOf": "ada"}
    ),
    "CheckedSlot": Type(_ON_CHECKS % HOLE, IN_MATCH, {"start end verdict people": "*"}),
    "SeriesReport": Type(
        _SERIES % f"... on SeriesReport {{ {HOLE} }}",
        IN_MATCH,
        {"words conflicts occurrences": "*", "asOf": "ada"},
    ),
    "SeriesOccurrence": Type(
        _SERIES % f"... on SeriesReport {{ occurrences {{ {HOLE} }} }}",
        IN_MATCH,
        {"number start end state people alternatives": "*"},
    ),
    "Series": Type(
        f'node(id: "<series>") {{ ... on Series {{ {HOLE} }} }}',
        IN_MATCH,
        {"id repeats words rule timeZone count occurrences": "*"},
    ),
    "Booking": Type(
        _ON_BOOKINGS % HOLE,
        IN_MATCH,
        {
            "id start end timeZone state place video joinUrl joinUrlState delivery": "*",
            "cancelReason history match participants series occurrence": "*",
            "agenda logged doneAt": "*",
        },
    ),
    "BookingEvent": Type(_ON_BOOKINGS % f"history {{ {HOLE} }}", IN_MATCH, {"at by what": "*"}),
    "BookingParticipant": Type(
        _ON_BOOKINGS % f"participants {{ {HOLE} }}", IN_MATCH, {"member answer": "*"}
    ),
} | OFFICES
