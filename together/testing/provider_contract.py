"""What every calendar provider must do, as tests a plugin inherits.

    class TestAcme(CalendarContract):
        @pytest.fixture
        def sandbox(self): return AcmeSandbox()

        @pytest.fixture
        def provider(self, sandbox): return AcmeCalendar(sandbox.settings(BASE_URL)["API_URL"])

        refusals = {RateLimited: Reply(429, headers={"retry-after": "7"}), ...}

A provider with a delegation has a second class of tests, from `DelegationContract`; one to which
an administrator consents a third, from `AdminConsentContract`.  One with `syncs` has one from
`ChangesContract`.  A video service that makes meetings for whole organizations has one from
`OrganizationVideoContract`.

Never delete or override a test.  When a service cannot do what one asks, mark it ``xfail`` and
say why; the reason ends up in the plugin's README.
"""

from __future__ import annotations

from together.testing.contract_admin_consent import AdminConsentContract
from together.testing.contract_calendars import CalendarsContract
from together.testing.contract_changes import ChangesContract
from together.testing.contract_consent import ConsentContract
from together.testing.contract_delegation import DelegationContract
from together.testing.contract_fixtures import (
    ADA,
    Day,
    Desk,
    overridden,
)
from together.testing.contract_trouble import TroubleContract
from together.testing.contract_video import OrganizationVideoContract
from together.testing.hands import BASE_URL, REDIRECT_URI
from together.testing.wire import Reply, Wire

__all__ = [
    "ADA", "BASE_URL", "REDIRECT_URI", "AdminConsentContract", "CalendarContract",
    "ChangesContract", "Day", "DelegationContract", "Desk", "OrganizationVideoContract", "Reply",
    "Wire",
]  # fmt: skip


class CalendarContract(ConsentContract, CalendarsContract, TroubleContract):
    """Inherit this in a class whose name begins with ``Test``."""

    def test_the_contract_is_whole(self) -> None:
        """No test of the contract is overridden, unless it is marked xfail with a reason."""
        assert overridden(type(self), CalendarContract) == []
