"""Outlook Calendar keeps the calendar contract, run against its sandbox."""

from __future__ import annotations

from typing import ClassVar

import pytest
from together_outlook import OutlookCalendar, OutlookSandbox
from together_outlook.errors import KeyUsed, NoCalendar

from together.providers import (
    AuthorizationExpired,
    Conflict,
    Gone,
    Misconfigured,
    ProviderUnavailable,
    RateLimited,
    Refused,
)
from together.testing.contract_changes import ChangesContract
from together.testing.contract_stand_in import StandInContract
from together.testing.provider_contract import ADA, BASE_URL, CalendarContract, Reply


def graph(status, code, *, on="read", **headers):
    inner = {
        "date": "2026-11-24T06:00:00",
        "request-id": "b0282b45-ba23-4a2c-9b3d-4a1f5b7c0001",
        "client-request-id": "b0282b45-ba23-4a2c-9b3d-4a1f5b7c0001",
    }
    body = {"error": {"code": code, "message": code, "innerError": inner}}
    return Reply(status, body, headers, on=on)


class Fixtures:
    @pytest.fixture
    def sandbox(self):
        return OutlookSandbox()

    @pytest.fixture
    def wire(self, sandbox, checked_wire):
        sandbox.populate([ADA])
        return checked_wire

    @pytest.fixture
    def provider(self, sandbox):
        return OutlookCalendar(sandbox.settings(BASE_URL))


class TestOutlook(Fixtures, CalendarContract):
    refusals: ClassVar = {
        AuthorizationExpired: [
            graph(401, "InvalidAuthenticationToken"),
            graph(401, "InvalidAuthenticationToken", on="create"),
        ],
        RateLimited: [
            graph(429, "ApplicationThrottled", on="busy"),
            graph(429, "TooManyRequests", on="list"),
            graph(429, "activityLimitReached", on="update"),
        ],
        ProviderUnavailable: [
            graph(503, "serviceNotAvailable"),
            graph(504, "UnknownError", on="busy"),
            Reply(502),
        ],
        Misconfigured: [
            graph(400, "ErrorTimeIntervalTooBig", on="busy"),
            graph(400, "ErrorInvalidMergedFreeBusyInterval", on="busy"),
            graph(403, "Authorization_RequestDenied", on="whoami"),
            graph(403, "neverSeenBefore", on="list"),
            graph(401, "UnknownError", on="whoami"),
            Reply(418),
        ],
        Gone: [
            graph(404, "ErrorItemNotFound"),
            graph(404, "ErrorItemNotFound", on="create"),
            graph(400, "ErrorInvalidIdMalformed", on="update"),
        ],
        Conflict: graph(412, "ErrorIrresolvableConflict", on="update"),
        Refused: [
            graph(403, "ErrorAccessDenied", on="create"),
            graph(400, "ErrorInvalidRecipients", on="create"),
            graph(507, "quotaLimitReached", on="create"),
        ],
        KeyUsed: [
            graph(400, "ErrorDuplicateTransactionId", on="update"),
            graph(409, "ErrorDuplicateTransactionId", on="update"),
        ],
        NoCalendar: [
            graph(404, "MailboxNotEnabledForRESTAPI"),
            graph(403, "MailboxNotEnabledForRESTAPI", on="whoami"),
        ],
    }


class TestSandbox(Fixtures, StandInContract):
    throttled: ClassVar = {
        "ApplicationThrottled": 429,
        "TooManyRequests": 429,
        "activityLimitReached": 429,
    }


class TestChanges(Fixtures, ChangesContract):
    @pytest.fixture
    def sandbox(self):
        sandbox = OutlookSandbox()
        sandbox.add_account("ben@saltmarsh.example.org", zone="Africa/Lagos")
        return sandbox

    def answer(self, sandbox, event, guest):
        sandbox.answer(guest, event.id, "accepted")

    def forget(self, sandbox):
        sandbox.world.forget()

    def small_pages(self, sandbox):
        sandbox.switches.set({"delta_page": 2})
