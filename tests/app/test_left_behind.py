"""A session that was written to a calendar which is disconnected, at each of the services."""

from __future__ import annotations

from tests.app.site import BOOK, Site
from tests.app.test_main_job import wanted
from together.api.ids import Kind, to_id
from together.services.signing_in.viewer import Viewer
from together.store.models import CalendarEvent, Job, JobKind, JobState, LeftEvent

LEAVING = "{ viewer { calendarIntegration { disconnecting { note sessions } } } }"
DISCONNECT = """mutation D($i: DisconnectCalendarInput!) { disconnectCalendar(input: $i) {
  ... on DisconnectCalendarPayload { disconnecting { sessions } sessionsHeldThere { id } }
  ... on Problem { code message } } }"""


async def test_it_is_together_s(both: Site, slug: str) -> None:
    """That is said before, the event goes from everybody's calendar, and nothing brings it back."""
    ada, ben, vendor = both.world.ada, both.world.ben, both.vendors[slug]
    for member in (ada, ben):
        await both.connect(member, provider=slug)
    match = to_id(Kind.MATCH, both.world.match.uid)
    asked = wanted(match, both.monday(10))
    booking = (await both.ask(ada, BOOK, input=asked))["bookSession"]["booking"]["id"]
    await both.deliver()
    stands = [vendor.guests(member.email) for member in (ada, ben)]
    assert stands == [[("Mentoring session", [ben.email])]] * 2

    leaving = (await both.ask(ada, LEAVING))["viewer"]["calendarIntegration"]["disconnecting"]
    assert leaving["sessions"] == 1
    assert leaving["note"].endswith(
        " Sessions ahead that stand in it are organized by Together from then on: their events are "
        "taken away there and from the calendars of their guests, everybody is invited by mail, "
        "and a video link that came with such an event ends."
    )
    given = {"calendarIntegrationId": f"int_{ada.uid}"}
    told = (await both.ask(ada, DISCONNECT, i=given))["disconnectCalendar"]
    assert told == {"disconnecting": {"sessions": 1}, "sessionsHeldThere": [{"id": booking}]}
    await both.deliver()
    assert [vendor.guests(member.email) for member in (ada, ben)] == [[], []]
    assert not await LeftEvent.exists()
    assert not await CalendarEvent.exists()
    await Job.filter(state=JobState.WAITING).update(due_at=0, leased_until=None)
    await both.deliver()
    assert not await Job.filter(kind=JobKind.REVOKE_GRANT, sealed__isnull=False).exists()

    await both.connect(ada, provider=slug)
    await both.deliver()
    await both.app.services.bookings.cancel(Viewer.of(ada), booking.removeprefix("bkg_"))
    await both.deliver()
    assert [vendor.guests(member.email) for member in (ada, ben)] == [[], []]
    assert vendor.faults() == []
