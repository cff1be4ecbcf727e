"""The kit's contract of a consent for everybody, kept by the memory service."""

import pytest

from together.providers import (
    AuthorizationExpired,
    Capability,
    Copy,
    Secret,
    StepKind,
    TenantClaim,
)
from together.testing.memory import MemoryCalendar
from together.testing.memory_consent import MemoryConsent
from together.testing.memory_sandbox import MemorySandbox
from together.testing.memory_service import CLIENT_ID, CLIENT_SECRET
from together.testing.provider_contract import (
    BASE_URL,
    AdminConsentContract,
    DelegationContract,
    Reply,
)


def consent(base_url):
    """Make the memory service's delegation that a consent gives."""
    return MemoryConsent(base_url, client_id=CLIENT_ID, client_secret=Secret(CLIENT_SECRET))


class TestMemoryConsent(AdminConsentContract):
    """What is asked of a consent for everybody, inherited whole."""

    @pytest.fixture
    def sandbox(self):
        return MemorySandbox()

    @pytest.fixture
    def provider(self, sandbox):
        base_url = sandbox.settings(BASE_URL)["BASE_URL"]
        return MemoryCalendar(base_url, delegation=consent(base_url))

    @pytest.fixture
    def administrator(self, sandbox):
        sandbox.administrator = "chiara@saltmarsh.example.org"
        return sandbox.administrator

    @pytest.fixture
    def elsewhere(self):
        return TenantClaim("northlight.example.com")


class TestMemoryConsented(DelegationContract):
    """What a consent opens, inherited whole."""

    refusals = {AuthorizationExpired: Reply(401, {"error": "invalid_token"})}  # noqa: RUF012

    @pytest.fixture
    def sandbox(self):
        return MemorySandbox()

    @pytest.fixture
    def provider(self, sandbox):
        base_url = sandbox.settings(BASE_URL)["BASE_URL"]
        return MemoryCalendar(base_url, delegation=consent(base_url))

    @pytest.fixture
    def credential(self, sandbox):
        sandbox.consent("saltmarsh.example.org")
        return Secret('{"tenant": "saltmarsh.example.org"}')

    @pytest.fixture
    def powerless(self):
        return Secret('{"tenant": "northlight.example.com"}')


def test_what_to_compare_is_said():
    """The second step shows the scopes, letter by letter, and the first is done at the service."""
    first, second = consent("https://memory.example").steps(capabilities=Capability.FREE_BUSY)
    assert (first.kind, first.values) == (StepKind.CONSENT, ())
    assert (second.kind, second.values) == (StepKind.PASTE_VALUES, (Copy("Scopes", "freebusy"),))
