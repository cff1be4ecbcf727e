"""The contract kit catches what it is there to catch, also outside of our own configuration."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parents[2]
PLUGIN = '''
from dataclasses import replace

import pytest

from together.providers import *
from together.providers import shapes
from together.testing.memory import MemoryCalendar, MemoryCalendars, memory_decipher
from together.testing.memory_sandbox import MemorySandbox
from together.testing.provider_contract import BASE_URL, CalendarContract, Reply


class Kit(CalendarContract):
    refusals = {
        AuthorizationExpired: Reply(401, {"error": "invalid_token"}),
        RateLimited: Reply(429, {"error": "slow_down"}, {"retry-after": "7"}),
        ProviderUnavailable: Reply(503),
        Misconfigured: Reply(403, {"error": "insufficient_scope"}),
        Gone: Reply(410, {"error": "gone"}),
    }
    calendars = MemoryCalendars
    decipher = staticmethod(memory_decipher)
    api = JsonApi

    @pytest.fixture
    def sandbox(self):
        return MemorySandbox()

    @pytest.fixture
    def provider(self, sandbox):
        kit = self

        class Provider(MemoryCalendar):
            def open(self, access):
                return kit.calendars(kit.api(access.http, BASE_URL, kit.decipher))

        return Provider(sandbox.settings(BASE_URL)["BASE_URL"])



class TestRight(Kit):
    pass


class TestSilent(Kit):
    class calendars(MemoryCalendars):
        async def busy(self, calendar_ids, window):
            return Reading((await super().busy(calendar_ids, window)).busy)


class TestWide(Kit):
    class calendars(MemoryCalendars):
        async def busy(self, calendar_ids, window):
            day = Span(window.start.replace(hour=0), window.start.replace(hour=23))
            return await super().busy(calendar_ids, day)


class TestForgetful(Kit):
    class calendars(MemoryCalendars):
        made = 0

        async def create(self, draft):
            TestForgetful.calendars.made += 1
            return await super().create(replace(draft, key=f"{self.made:032}"))


class TestReviving(Kit):
    class calendars(MemoryCalendars):
        async def create(self, draft):
            try:
                return await super().create(draft)
            except Gone:
                return await super().create(replace(draft, key=draft.key[::-1]))


class TestAlarmist(Kit):
    def decipher(self, status, headers, body):
        return AuthorizationExpired() if status == 403 else memory_decipher(status, headers, body)


class TestTalkative(Kit):
    def decipher(self, status, headers, body):
        error = memory_decipher(status, headers, body)
        if error is not None:
            error.add_note(str(body))
        return error


class TestGuessing(Kit):
    class calendars(MemoryCalendars):
        async def list(self):
            found = await self._api("GET", "/calendars")
            items = found.get("items", []) if isinstance(found, dict) else []
            return [Calendar(c["id"], c["name"], True, True) for c in items if c != 17]


class Careless(JsonApi):
    async def __call__(self, method, path, **kwargs):
        reply = await self._http.request(method, self._base_url + path, **kwargs)
        if refusal := self._decipher(reply.status_code, reply.headers, None):
            raise refusal
        return reply.json() if reply.content else None


class TestCareless(Kit):
    api = Careless


class TestOverriding(Kit):
    async def test_one_key_makes_one_event(self):
        """Nothing is proved here."""


class TestExcused(Kit):
    @pytest.mark.xfail(reason="the service has no ids of ours")
    async def test_one_key_makes_one_event(self):
        """Nothing is proved here either, but that is said."""
'''

CAUGHT = [
    "TestSilent::test_an_unknown_calendar_is_unread",
    "TestWide::test_busy_stays_in_the_window",
    "TestWide::test_touching_the_window_is_free",
    "TestForgetful::test_one_key_makes_one_event",
    "TestReviving::test_what_is_gone_is_gone",
    "TestAlarmist::test_refusals_are_told_apart",
    "TestTalkative::test_what_a_service_said_is_not_said_again",
    "TestGuessing::test_another_shape_is_the_operators[list-{}]",
    "TestCareless::test_a_lost_connection_is_unavailable[busy]",
    "TestCareless::test_nonsense_is_the_operators[cancel-NaN]",
    "TestCareless::test_an_endless_answer_is_not_taken[list]",
    "TestOverriding::test_the_contract_is_whole",
]
FINE = [
    "TestRight::test_an_unknown_calendar_is_unread",
    "TestRight::test_refusals_are_told_apart",
    "TestRight::test_a_lost_connection_is_unavailable[busy]",
    "TestRight::test_the_contract_is_whole",
    "TestExcused::test_the_contract_is_whole",
]


def test_the_kit_catches_each_fault(tmp_path: Path) -> None:
    """Each broken provider fails the test that names its fault, and a right one passes."""
    kit = tmp_path / "test_acme.py"
    kit.write_text(PLUGIN)
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pytest", "-rA", "--tb=no", "-p", "no:cacheprovider",
         *(f"test_acme.py::{name}" for name in CAUGHT + FINE)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(HERE)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    told = [line.split(" - ")[0].split(" ", 1) for line in run.stdout.splitlines() if "::" in line]
    outcome = {line[1].removeprefix("test_acme.py::"): line[0] for line in told if len(line) == 2}
    expected = dict.fromkeys(CAUGHT, "FAILED") | dict.fromkeys(FINE, "PASSED")
    assert outcome == expected, run.stdout + run.stderr
