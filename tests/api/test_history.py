"""Everybody in a session reads what became of it: who did what, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.api.conftest import Api
from tests.world import DAY, HOUR, MINUTE, NOW
from together.store.models import History

HISTORY = """query H($id: ID!) { node(id: $id) { ... on Booking {
    history { at what by { name } } } } }"""
_PAYLOADS = {
    "bookSession": "booking { id }",
    "bookSeries": "bookings { id }",
}


async def _does(api: Api, who: str, name: str, **given: Any) -> dict[str, Any]:
    """Do something, and see it done."""
    api.town.clock.forward(MINUTE)
    kind = name[0].upper() + name[1:]
    fields = _PAYLOADS.get(name, "__typename")
    query = f"""mutation M($i: {kind}Input!) {{ {name}(input: $i) {{
        __typename ... on {kind}Payload {{ {fields} }} }} }}"""
    done: dict[str, Any] = (await api.ask(query, who=who, i=given))[name]
    assert done["__typename"] == f"{kind}Payload", done
    return done


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


async def _told(api: Api, booking: str, who: str = "ada") -> list[tuple[str, str]]:
    rows = (await api.ask(HISTORY, who=who, id=booking))["node"]["history"]
    at = [row["at"] for row in rows]
    assert at == sorted(at)
    return [(row["by"]["name"].split()[0], row["what"]) for row in rows]


async def test_from_booking_to_the_end(api: Api):
    """Booking, answers, moves, agenda and cancellation stand in it, the same for both sides."""
    match, ten = f"mat_{api.world.match.uid}", NOW + DAY + 2 * HOUR
    meeting = {"timeZone": "UTC", "overBusy": True, "outsideHours": True}
    booked = await _does(
        api, "ada", "bookSession", matchId=match, start=_iso(ten), duration=45, clientKey="1",
        **meeting,
    )  # fmt: skip
    made = booked["booking"]["id"]
    await _does(api, "ben", "respondToSession", bookingId=made, answer="ACCEPTED")
    await _does(
        api, "ben", "rescheduleBooking", bookingId=made, start=_iso(ten + HOUR), clientKey="2",
        **meeting,
    )  # fmt: skip
    await _does(api, "ada", "respondToSession", bookingId=made, answer="DECLINED")
    await _does(api, "ada", "respondToSession", bookingId=made, answer="TENTATIVE")
    await _does(api, "ada", "setAgenda", bookingId=made, agenda="What to read")
    await _does(api, "ben", "cancelBooking", bookingId=made, clientKey="3")
    expected = [
        ("Ada", "BOOKED"), ("Ben", "ACCEPTED"), ("Ben", "RESCHEDULED"), ("Ada", "DECLINED"),
        ("Ada", "TENTATIVE"), ("Ada", "AGENDA_SET"), ("Ben", "CANCELLED"),
    ]  # fmt: skip
    assert [await _told(api, made, who) for who in ("ada", "ben")] == [expected] * 2
    for stranger in ("hana", "dev", "mira"):
        assert (await api.ask(HISTORY, who=stranger, id=made))["node"] is None


async def test_of_each_session_of_a_series(api: Api):
    """Each session of a series that is moved has it in its own history."""
    meeting = {"timeZone": "UTC", "outsideHours": True}
    ten = NOW + DAY + 2 * HOUR
    booked = await _does(
        api, "ada", "bookSeries", matchId=f"mat_{api.world.match.uid}", start=_iso(ten),
        duration=45, repeats="WEEKLY", count=3, clientKey="1", **meeting,
    )  # fmt: skip
    first, second, third = [each["id"] for each in booked["bookings"]]
    await _does(
        api, "ben", "rescheduleSeries", bookingId=second, start=_iso(ten + 8 * DAY), clientKey="2",
        **meeting,
    )  # fmt: skip
    moved = [("Ada", "BOOKED"), ("Ben", "RESCHEDULED")]
    assert [await _told(api, each) for each in (first, second, third)] == [
        moved[:1], moved, moved,
    ]  # fmt: skip


async def test_what_was_taken_back(api: Api):
    """A session that was logged by mistake is in no list, and its history has both."""
    match = f"mat_{api.world.match.uid}"
    log = """mutation L($i: LogSessionInput!) { logSession(input: $i) {
        ... on LogSessionPayload { booking { id } } } }"""
    given = {
        "matchId": match, "start": _iso(NOW - DAY), "duration": 30, "timeZone": "UTC",
        "clientKey": "1",
    }  # fmt: skip
    made = (await api.ask(log, i=given))["logSession"]["booking"]["id"]
    await _does(api, "ben", "unlogSession", bookingId=made)
    listed = """query L($id: ID!) { node(id: $id) { ... on Match {
        bookings { nodes { id } } } } }"""
    assert (await api.ask(listed, id=match))["node"] == {
        "bookings": {"nodes": []},
    }  # fmt: skip
    assert await _told(api, made) == [("Ada", "LOGGED"), ("Ben", "UNLOGGED")]
    assert await History.all().count() == 2
