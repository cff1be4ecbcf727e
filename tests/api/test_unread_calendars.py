"""What its owner is shown of a calendar that cannot be read."""

from __future__ import annotations

from tests.api.conftest import Api
from tests.api.test_calendar_choice import choose, connected, times, written
from tests.api.test_flows import TIMES, connect
from tests.world import NOW
from together.services.connections.calendar_list import AGAIN

UNREAD = """{ viewer { calendarIntegration { standing nextSteps reason unreadableSince lastReadAt
    calendars { name unreadableSince reason } } } }"""


async def test_a_calendar_that_is_refused_is_named_to_its_owner(api: Api):
    """Since when and why is said beside it, and that another choice helps; others see unknown."""
    ids = await connected(api)
    await connect(api, "ben")
    await choose(api, ids["Home"], ids["Work"])
    api.town.sandbox.unreadable = {"work"}
    api.town.clock.forward(AGAIN)
    told = await api.ask(TIMES, who="ben", id=f"mat_{api.world.match.uid}")
    assert {state for state, _, _ in times(told, "Ada Lindqvist")} == {"BUSY", "UNKNOWN"}
    own = (await api.ask(UNREAD))["viewer"]["calendarIntegration"]
    since, reason = written(NOW + AGAIN), own["calendars"][1].pop("reason")
    assert own.pop("reason").startswith("The service refuses to let a calendar be read")
    assert reason.startswith("The service does not let Together read this calendar")
    assert own == {
        "standing": "UNREADABLE_NOW",
        "nextSteps": ["CHOOSE_CALENDARS", "DISCONNECT"],
        "unreadableSince": since,
        "lastReadAt": written(NOW),
        "calendars": [
            {"name": "Home", "unreadableSince": None, "reason": None},
            {"name": "Work", "unreadableSince": since},
        ],
    }
    await choose(api, ids["Home"])
    own = (await api.ask(UNREAD))["viewer"]["calendarIntegration"]
    assert (own["standing"], own["reason"], own["nextSteps"]) == (
        "INTEGRATED",
        None,
        ["DISCONNECT"],
    )
    assert [each["unreadableSince"] for each in own["calendars"]] == [None, None]
