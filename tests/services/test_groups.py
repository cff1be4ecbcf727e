"""In a match of three, the table of sight holds for each pair."""

from __future__ import annotations

from dataclasses import replace

from tests.services.desk import NINE, Desk
from tests.services.diary import Diaries, connect, viewer
from tests.services.looking import TUESDAY, at
from tests.world import DAY, HOUR, NOW, World, match
from together.domain.integration import Standing
from together.services.availability.free_times import Availabilities
from together.services.outbox.delivery_state import DeliveryState
from together.services.sessions.booking import BookRequest


async def test_each_pair_for_itself(world: World, diaries: Diaries, available: Availabilities):
    """Two who are integrated see each other, and the third neither sees nor is seen.

    What the third is told does not change with what the others have in their calendars.
    """
    ada, ben, hana = world.ada, world.ben, world.hana
    trio = await match(ada, ben, hana, now=NOW - DAY)
    asked = {"start": TUESDAY, "end": TUESDAY + DAY, "zone": "Europe/Stockholm", "duration": 45}
    await hana.filter(id=hana.id).update(zone="Europe/Stockholm")

    async def told(who):
        return await available.of(viewer(who), trio.uid, **asked)

    before = await told(hana)
    await connect(ada)
    await connect(ben)
    diaries.of(ben).busy = [(at(9), at(10))]
    assert repr(await told(hana)) == repr(before)
    assert [person.standing for person in before.people] == [Standing.NOT_INTEGRATED, None, None]

    seen = await told(ada)
    assert [person.standing for person in seen.people] == [
        Standing.INTEGRATED,
        Standing.INTEGRATED,
        Standing.NOT_INTEGRATED,
    ]
    assert list(seen.people[1].busy.pairs()) == [(at(9), at(10))]
    assert (seen.people[2].busy, seen.people[2].free) == (None, None)
    # Counted are those who are seen: all but the starts that meet Ben between 9 and 10.
    [day, *_] = seen.days
    taken = [start for start in seen.slots.starts if start < at(10) and start + 45 * 60 > at(9)]
    assert taken
    assert day.free == len(seen.slots) - len(taken)
    assert replace(day, free=None) == replace(before.days[0], free=None)


async def test_a_third_member_s_calendar_does_not_show_in_a_delivery(desk: Desk):
    """Whose calendar waits for a reconnection is told the same, whoever else gets a copy."""
    ada, ben, dev = desk.world.ada, desk.world.ben, desk.world.dev
    trio = await match(ada, ben, dev, now=NOW - DAY)
    await connect(ada)
    await connect(ben, state="NEEDS_RECONNECT", reason="AuthorizationExpired")
    seen = []
    for n, copied in enumerate((False, True)):
        if copied:
            await connect(dev, email="dev@home.example.net")
        desk.diaries.of(ada).polls = 5
        asked = BookRequest(
            match_uid=trio.uid,
            start=NINE + n * 2 * HOUR,
            duration=45,
            zone="Europe/Stockholm",
            client_key=f"trio-{n}",
            outside_hours=True,
        )
        booking = (await desk.bookings.book(viewer(ada), asked)).booking
        told = [await desk.state(booking, ben)]
        for _ in range(4):
            await desk.once()
            told.append(await desk.state(booking, ben))
        await desk.cancel(booking)
        told.append(await desk.state(booking, ben))
        seen.append(told)
    pending, nothing = DeliveryState.PENDING, DeliveryState.NOT_SENT  # there is no mail server
    assert seen == [[pending, *[nothing] * 4, pending]] * 2
