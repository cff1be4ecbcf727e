"""Video for a whole organization: the contract, and what does not fit it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.studio import HallsOfOrganization, MemoryHalls
from together.providers import Sandbox, Secret, VideoProvider, hookimpl
from together.providers.registry import load
from together.testing.memory_rooms import MemoryRooms
from together.testing.memory_sandbox import MemorySandbox
from together.testing.provider_contract import BASE_URL, OrganizationVideoContract


class TestRooms(OrganizationVideoContract):
    """A service that needs a key."""

    @pytest.fixture
    def sandbox(self) -> Sandbox:
        return MemorySandbox()

    @pytest.fixture
    def video(self, sandbox: Sandbox) -> VideoProvider:
        return MemoryRooms(sandbox.settings(BASE_URL)["BASE_URL"])

    @pytest.fixture
    def handed(self, sandbox: Any) -> Secret:
        return Secret(sandbox.add_room_key())

    @pytest.fixture
    def refused(self, sandbox: Any) -> Secret:
        key = sandbox.add_room_key()
        sandbox.delete_room_key(f"room-key-{len(sandbox.state['room_keys'])}")
        return Secret(key)


class TestHalls(OrganizationVideoContract):
    """A service that needs nothing, and asks nobody."""

    @pytest.fixture
    def sandbox(self) -> Sandbox:
        return MemorySandbox()

    @pytest.fixture
    def video(self) -> VideoProvider:
        return MemoryHalls()


def _left_out(video: VideoProvider) -> dict[str, str]:
    @hookimpl
    def register_video_providers(register: Any) -> None:
        register(video)

    plugin = type(
        "Memory", (), {"register_video_providers": staticmethod(register_video_providers)}
    )
    return dict(load({}, plugins={"memory": plugin}).left_out)


class _Carried(MemoryHalls):
    made_with = "memory"


class _Unknown(MemoryHalls):
    organization: Any = object()


class _Plain(MemoryHalls):
    organization: Any = HallsOfOrganization()

    def __init__(self) -> None:
        self.organization.origins = frozenset({"http://halls.example.net/path"})


def test_what_does_not_fit_is_left_out():
    """A service is one or the other, makes meetings in a known way, and names its origins."""
    assert _left_out(MemoryHalls()) == {}
    assert _left_out(_Carried()) == {
        "memory": "its provider 'memory_halls' makes meetings of its own, and with a calendar"
    }
    assert _left_out(_Unknown()) == {
        "memory": "its provider 'memory_halls' makes an organization's meetings in no known way"
    }
    assert _left_out(_Plain()) == {
        "memory": "its provider 'memory_halls' does not say its origins as https://host[:port]"
    }
