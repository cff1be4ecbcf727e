"""Everything a member can ask and do, in documents that leave no field of a session out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphql import build_schema

PERSON = """id name email timeZone
  weeklyHours { weekday windows { start end } } administration { role }"""
SESSION = """__typename id start end timeZone sessionState: state place video { slug label }
  joinUrl joinUrlState delivery occurrence series { id words repeats rule timeZone count }
  cancelReason agenda logged doneAt
  history { at by { name } what } match { id }
  participants { answer member { PERSON } }""".replace("PERSON", PERSON)
REPORT = """words conflicts asOf occurrences { number start end state alternatives
  people { state member { name } } }"""
MORE = {
    "SlotUnavailable": "alternatives",
    "SeriesConflicts": f"report {{ {REPORT} }}",
    "TooSoon": "earliest",
    "TooFarAhead": "latest",
    "InvalidInput": "field",
    "DurationNotOffered": "field offered",
    "ProviderDown": "retryAfterSeconds",
}
"""What some problems tell beside their words."""
SCHEMA = build_schema((Path(__file__).parents[2] / "schema.graphql").read_text())
TIMES = """{ __typename ... on Availability {
    asOf start end timeZone duration ownHoursOnly emptyBecause days { date slots free }
    slots { start end states free busy unknown people { state member { name } } }
    people { calendar unknownBecause member { name } periods { start end state } } }
  ... on Problem { code message } }"""
MATCH = """__typename id state createdAt endedAt sessionsHeld
  program { __typename id name archivedAt administrators { id } matches { nodes { id } } }
  participants { role calendar member { PERSON } }
  bookings(first: 6) { nodes { SESSION } edges { cursor }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }
  every: availability(
    start: $from, end: $until, timeZone: "Africa/Lagos", duration: 45
  ) TIMES
  free: availability(
    start: $from, end: $until, timeZone: "Africa/Lagos", duration: 45, only: FREE
  ) TIMES
  checkSlots(starts: $starts, timeZone: "Africa/Lagos", duration: 45) { __typename
    ... on SlotChecks { asOf slots { start end verdict people { state } } }
    ... on Problem { code message } }"""
for _name, _part in (("PERSON", PERSON), ("SESSION", SESSION), ("TIMES", TIMES)):
    MATCH = MATCH.replace(_name, _part)
WINDOW = "$from: DateTime!, $until: DateTime!, $starts: [DateTime!]!"
HOME = f"""query Home({WINDOW}) {{
  viewer {{ id name email role timeZone sessionReminders member {{ {PERSON} }}
    bookingRules {{ durations step notice horizonDays perDay perWeek bufferBefore bufferAfter }}
    hours {{ timeZone isDefault weekly {{ weekday }} exceptions {{ date }} holidays {{ name }} }}
    calendarIntegration {{ id state standing source account reason canWrite nextSteps managed
      disconnecting {{ note ends consentsUrl }}
      suspendedAccount
      busyTimesSeenBy {{ name }} lastReadAt unreadableSince
      calendars {{ id name unreadableSince reason }} }}
    calendarProviders {{ id slug label available }} videoProviders {{ id slug label }}
    organizationVideo {{ slug }} automaticVideo {{ slug }}
    todos {{ kind since message account reason match {{ id }} provider {{ slug }}
      booking {{ id }} overlaps {{ id }} }}
    programs(first: 2) {{ nodes {{ name }} }}
    matches(first: 3) {{ nodes {{ {MATCH} }} }} }}
  organization {{ name members(first: 20) {{ nodes {{ name }} }} }}
  organizationIntegration {{ state missing }} organizationVideo {{ choice }}
  integrationStatus {{ totals {{ members }} members(first: 2) {{ nodes {{ name }} }} }}
  rateLimit {{ allowed }} calendarOffer {{ hidden limited providers {{ slug }} }} }}"""
NODES = f"""query Nodes($ids: [ID!]!, {WINDOW}) {{ nodes(ids: $ids) {{ __typename id
  ... on Match {{ {MATCH} }} ... on Booking {{ {SESSION} }} ... on Member {{ {PERSON} }}
  ... on CalendarIntegration {{ connectionState: state account }}
  ... on ConnectedCalendar {{ name }} }} }}"""
NODE = f"""query Node($id: ID!, {WINDOW}) {{
  node(id: $id) {{ __typename id ... on Match {{ {MATCH} }}
    ... on Match {{ checkSeries(start: $from, timeZone: "Africa/Lagos", duration: 45,
      repeats: WEEKLY, count: 3) {{ __typename ... on SeriesReport {{ {REPORT} }}
      ... on Problem {{ code message }} }} }}
    ... on Series {{ words occurrences {{ id occurrence start }} }} }} }}"""
GIVEN: dict[str, tuple[str, str]] = {
    "bookSession": ("Book", f"booking {{ {SESSION} }} notChecked {{ name }}"),
    "bookSeries": (
        "Series",
        f"series {{ id words }} bookings {{ {SESSION} }} notChecked {{ name }}",
    ),
    "cancelBooking": ("Cancel", f"booking {{ {SESSION} }} following {{ id }}"),
    "rescheduleBooking": ("Move", f"booking {{ {SESSION} }} notChecked {{ name }}"),
    "rescheduleSeries": (
        "MoveSeries",
        f"series {{ id words }} bookings {{ {SESSION} }} notChecked {{ name }}",
    ),
    "unlogSession": ("Unlog", f"booking {{ {SESSION} }}"),
    "unmarkSessionDone": ("Undone", f"booking {{ {SESSION} }}"),
    "logSession": ("Log", f"booking {{ {SESSION} }}"),
    "markSessionDone": ("Done", f"booking {{ {SESSION} }}"),
    "setAgenda": ("Agenda", f"booking {{ {SESSION} }}"),
    "respondToSession": ("Respond", f"booking {{ {SESSION} }}"),
    "updateHours": ("Hours", "hours { timeZone weekly { weekday } }"),
    "updateProfile": ("Profile", "viewer { name timeZone sessionReminders }"),
    "startCalendarConnection": ("Start", "authorizationUrl"),
    "completeCalendarConnection": ("Complete", "calendarIntegration { state }"),
    "disconnectCalendar": ("Disconnect", "sessionsHeldThere { id } disconnecting { note }"),
    "chooseCalendars": ("Choose", "calendarIntegration { standing calendars { id counts } }"),
    "refreshCalendars": ("Refresh", "calendarIntegration { standing calendars { id counts } }"),
    "setMemberRole": ("Role", "member { id }"),
    "createProgram": ("Program", "program { id }"),
    "renameProgram": ("Rename", "program { id }"),
    "archiveProgram": ("Archive", "program { id }"),
    "restoreProgram": ("Restore", "program { id }"),
    "addProgramAdministrator": ("Add", "program { id }"),
    "removeProgramAdministrator": ("Remove", "program { id }"),
    "createMatch": ("Match", "match { id }"),
    "createMember": ("Member", "member { id }"),
    "deactivateMember": ("Deactivate", "member { id }"),
    "reactivateMember": ("Reactivate", "member { id }"),
    "endMatch": ("End", "match { id }"),
    "askMembersToConnect": ("Ask", "asked notAsked { because count }"),
    "limitCalendarProviders": ("Limit", "calendarOffer { hidden providers { slug } }"),
    "setUpOrganizationIntegration": ("SetUp", "organizationIntegration { state }"),
    "uploadOrganizationKey": ("Upload", "organizationIntegration { state }"),
    "startOrganizationConsent": ("StartConsent", "authorizationUrl"),
    "completeOrganizationConsent": ("CompleteConsent", "organizationIntegration { state }"),
    "verifyOrganizationIntegration": ("Verify", "organizationIntegration { state }"),
    "activateOrganizationIntegration": ("Activate", "organizationIntegration { state }"),
    "turnOffOrganizationIntegration": ("TurnOff", "organizationIntegration { state }"),
    "setOrganizationVideo": ("Video", "organizationVideo { choice }"),
}


SETTING_UP = frozenset(name for name, (_, fields) in GIVEN.items() if "organizationI" in fields)
"""Mutations whose problems have nothing more to say that is asked for here."""


def mutation(name: str) -> str:
    """Write a mutation that asks for all that its own outcomes can tell, so that it is valid."""
    upper = name[0].upper() + name[1:]
    operation, fields = GIVEN[name]
    outcomes: Any = SCHEMA.type_map[f"{upper}Result"]
    names = {kind.name for kind in outcomes.types}
    told = [f"... on {kind} {{ {more} }}" for kind, more in MORE.items() if kind in names]
    if any(SCHEMA.type_map["ConnectionProblem"] in kind.interfaces for kind in outcomes.types):
        told.append("... on ConnectionProblem { nextSteps provider { slug } }")
    return f"""mutation {operation}($input: {upper}Input!) {{ {name}(input: $input) {{
      __typename ... on Problem {{ code message }} {" ".join(told)}
      ... on {upper}Payload {{ {fields} }} }} }}"""
