"""A session that was written to a calendar which is disconnected, and is cancelled then."""

from __future__ import annotations

from tests.app.site import BOOK, Site
from tests.app.test_main_job import wanted
from together.api.ids import Kind, to_id
from together.services.signing_in.viewer import Viewer

DISCONNECT = """mutation D($i: DisconnectCalendarInput!) { disconnectCalendar(input: $i) {
  ... on DisconnectCalendarPayload { disconnecting { note } sessionsHeldThere { id } }
  ... on Problem { code message } } }"""


async def test_it_stays_until_the_same_account_is_back(both: Site, slug: str) -> None:
    """That is said when disconnecting, it is what happens, and the same account ends it."""
    ada, ben, vendor = both.world.ada, both.world.ben, both.vendors[slug]
    for member in (ada, ben):
        await both.connect(member, provider=slug)
    match = to_id(Kind.MATCH, both.world.match.uid)
    asked = wanted(match, both.monday(10))
    booking = (await both.ask(ada, BOOK, input=asked))["bookSession"]["booking"]["id"]
    await both.deliver()
    stands = [vendor.guests(member.email) for member in (ada, ben)]
    assert stands == [[("Mentoring session", [ben.email])]] * 2

    given = {"calendarIntegrationId": f"int_{ada.uid}"}
    told = (await both.ask(ada, DISCONNECT, i=given))["disconnectCalendar"]
    assert told["sessionsHeldThere"] == [{"id": booking}]
    assert told["disconnecting"]["note"].endswith(
        " Sessions that were written to it stay there, and in the calendars of their guests: if "
        "one is cancelled, nobody is told there and it is not taken away until the same account "
        "is connected again."
    )
    uid = booking.removeprefix("bkg_")
    await both.app.services.bookings.cancel(Viewer.of(ada), uid)
    await both.deliver()
    assert [vendor.guests(member.email) for member in (ada, ben)] == stands

    await both.connect(ada, provider=slug)
    await both.deliver()
    assert [vendor.guests(member.email) for member in (ada, ben)] == [[], []]
