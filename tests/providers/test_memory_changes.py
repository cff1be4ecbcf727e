"""The memory calendar tells of changes as any plugin must, with watches of either kind."""

import pytest

from together.providers import Answer
from together.testing.memory import MemoryCalendar
from together.testing.memory_sandbox import MemorySandbox
from together.testing.provider_contract import ADA, BASE_URL, ChangesContract

BEN = "Ben@saltmarsh.example.org"


class Memory(ChangesContract):
    @pytest.fixture
    def provider(self, sandbox):
        return MemoryCalendar(sandbox.settings(BASE_URL)["BASE_URL"])

    def answer(self, sandbox, event, guest):
        sandbox.answer(event.id, guest, Answer.ACCEPTED)

    def forget(self, sandbox):
        sandbox.forget_changes()

    def small_pages(self, sandbox):
        sandbox.changes_a_page = 2


class TestWatchesThatAreMadeAnew(Memory):
    """The contract where a watch cannot be renewed."""

    @pytest.fixture
    def sandbox(self):
        return MemorySandbox()


class TestWatchesThatAreRenewed(Memory):
    """The contract where a watch is renewed, and an address asked whether it listens."""

    @pytest.fixture
    def sandbox(self):
        sandbox = MemorySandbox()
        sandbox.renews = sandbox.asks_first = True
        return sandbox


async def test_a_guests_calendar_changes_too():
    """An invitation changes the calendar of whoever is invited."""
    sandbox = MemorySandbox()
    sandbox.populate([ADA])
    sandbox.add_account("ben@saltmarsh.example.org")
    sandbox.changed_for_all(
        {
            "id": "a1",
            "owner": ADA.email,
            "calendar": "home",
            "answers": {"ben@saltmarsh.example.org": "NEEDS_ACTION"},
        }
    )
    assert sandbox.dump()["changes"][-2:] == [
        [ADA.email, "home", "a1"],
        ["ben@saltmarsh.example.org", "home", "a1"],
    ]
