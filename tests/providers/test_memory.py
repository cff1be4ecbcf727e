"""The memory calendar keeps the calendar contract, as any plugin must."""

import pytest

from together.providers import (
    AuthorizationExpired,
    Conflict,
    Gone,
    Misconfigured,
    ProviderUnavailable,
    RateLimited,
)
from together.testing.memory import MemoryCalendar
from together.testing.memory_sandbox import MemorySandbox
from together.testing.provider_contract import BASE_URL, CalendarContract, Reply


class TestMemory(CalendarContract):
    """The contract, inherited whole."""

    refusals = {  # noqa: RUF012
        AuthorizationExpired: Reply(401, {"error": "invalid_token"}),
        RateLimited: [
            Reply(429, {"error": "slow_down"}, {"retry-after": "7"}),
            Reply(403, {"error": "quota_exceeded"}),
        ],
        ProviderUnavailable: [Reply(503, {"error": "unavailable"}), Reply(502), Reply(408)],
        Misconfigured: [
            Reply(403, {"error": "insufficient_scope"}),
            Reply(400, {"error": "never_seen_before"}),
            Reply(418),
        ],
        Gone: [Reply(404, {"error": "no_such_calendar"}), Reply(410, {"error": "gone"})],
        Conflict: Reply(412, {"error": "changed"}),
    }

    @pytest.fixture
    def sandbox(self):
        return MemorySandbox()

    @pytest.fixture
    def provider(self, sandbox):
        return MemoryCalendar(sandbox.settings(BASE_URL)["BASE_URL"])
