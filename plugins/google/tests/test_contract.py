"""Google Calendar keeps the calendar contract, run against its sandbox."""

from __future__ import annotations

from typing import ClassVar

import pytest
from together_google import GoogleCalendar, GoogleSandbox
from together_google.errors import NoCalendar

from together.providers import (
    AdminApprovalRequired,
    AuthorizationExpired,
    Conflict,
    Gone,
    Misconfigured,
    ProviderUnavailable,
    RateLimited,
    Refused,
)
from together.testing.contract_stand_in import StandInContract
from together.testing.provider_contract import (
    ADA,
    BASE_URL,
    CalendarContract,
    ChangesContract,
    Reply,
)


def google(status, reason, *, domain="global", on="read", **headers):
    line = {"domain": domain, "reason": reason, "message": reason}
    body = {"error": {"errors": [line], "code": status, "message": reason}}
    return Reply(status, body, headers, on=on)


class Fixtures:
    @pytest.fixture
    def sandbox(self):
        return GoogleSandbox()

    @pytest.fixture
    def wire(self, sandbox, checked_wire):
        sandbox.populate([ADA])
        return checked_wire

    @pytest.fixture
    def provider(self, sandbox):
        return GoogleCalendar(sandbox.settings(BASE_URL))


class TestGoogle(Fixtures, CalendarContract):
    refusals: ClassVar = {
        AuthorizationExpired: [
            google(401, "authError"),
            google(403, "insufficientPermissions", on="create"),
        ],
        RateLimited: [
            google(403, "userRateLimitExceeded", domain="usageLimits", on="busy"),
            google(403, "rateLimitExceeded", domain="usageLimits", on="list"),
            google(403, "quotaExceeded", domain="usageLimits", on="create"),
            google(429, "rateLimitExceeded", domain="usageLimits", on="update"),
        ],
        ProviderUnavailable: [
            google(500, "backendError"),
            google(503, "backendError", on="busy"),
            Reply(502),
        ],
        Misconfigured: [
            google(400, "timeRangeTooLong", domain="calendar", on="busy"),
            google(403, "accessNotConfigured", domain="usageLimits", on="list"),
            google(403, "neverSeenBefore", on="busy"),
            Reply(418),
        ],
        Gone: [
            google(404, "notFound"),
            google(410, "deleted"),
            google(404, "notFound", on="create"),
        ],
        Conflict: [
            google(409, "conflict", on="create"),
            google(412, "conditionNotMet", on="update"),
        ],
        Refused: [
            google(400, "invalid", on="create"),
            google(403, "forbiddenForNonOrganizer", domain="calendar", on="update"),
            google(403, "requiredAccessLevel", domain="calendar", on="create"),
        ],
        NoCalendar: google(403, "notACalendarUser", domain="calendar", on="busy"),
        AdminApprovalRequired: google(403, "domainPolicy", domain="calendar", on="list"),
    }


class TestChanges(Fixtures, ChangesContract):
    def answer(self, sandbox, event, guest):
        sandbox.answer(guest, event.id, "accepted")

    def forget(self, sandbox):
        sandbox.forget_changes()

    def small_pages(self, sandbox):
        sandbox.switches.set({"page_size": 2})


class TestSandbox(Fixtures, StandInContract):
    throttled: ClassVar = {
        "userRateLimitExceeded": 403,
        "rateLimitExceeded": 403,
        "quotaExceeded": 403,
        "tooManyRequests": 429,
    }
