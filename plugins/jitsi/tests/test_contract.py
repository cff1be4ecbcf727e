"""Jitsi keeps the contract of a video service, and asks nobody."""

from __future__ import annotations

import pytest
from together_jitsi import Jitsi, JitsiSandbox

from together.testing.provider_contract import BASE_URL, OrganizationVideoContract


class TestJitsi(OrganizationVideoContract):
    @pytest.fixture
    def sandbox(self):
        return JitsiSandbox()

    @pytest.fixture
    def video(self, sandbox):
        return Jitsi(sandbox.settings(BASE_URL))
