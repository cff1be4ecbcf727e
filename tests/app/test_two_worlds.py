"""What somebody who is not integrated may not know changes nothing of what they are told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate
from together_google.sandbox.world import StoredEvent
from together_google.testing import Discovery

from tests import world as worlds
from tests.app.questions import GIVEN, HOME, NODE, NODES, SCHEMA, mutation
from tests.app.serving import serving
from tests.app.site import BASE_URL, Site
from tests.world import DAY, HOUR, NOW, FakeClock
from together.store.models import Booking, CalendarRow, Integration, Job

TUESDAY = NOW + DAY - 8 * HOUR
_RANDOM = re.compile(
    r"(?<=_)[A-Za-z0-9_-]{22}\b"  # ids of rows
    r"|(?<=state=)[A-Za-z0-9_-]+|(?<=code_challenge=)[A-Za-z0-9_-]+"
    r"|(?<=client_id=)[A-Za-z0-9.]+"
    r'|(?<="(?:start|after)Cursor":")[^"]+|(?<="endCursor":")[^"]+|(?<="cursor":")[^"]+'
)
_HIDING = re.compile(
    r'\b(?:FROM|JOIN|INTO|UPDATE) "?'
    r"(?:integration|calendar|busy_reading|busy_block|calendar_event|job|attempt)\b"
)
"""Statements about the tables that hold what may be hidden."""


@dataclass(slots=True)
class Told:
    """What one operation came to."""

    what: str
    answer: str
    statements: list[str]
    calls: list[str]


class Script:
    """Everything that Ben, who is not integrated, can ask and do, in one order."""

    def __init__(self, site: Site, statements: list[str]) -> None:
        self.site, self.statements = site, statements
        self.told: list[Told] = []
        self.names: dict[str, str] = {}
        self.match = f"mat_{site.world.match.uid}"

    async def run(self) -> list[Told]:
        site = self.site
        window = {
            "from": _iso(TUESDAY), "until": _iso(TUESDAY + 2 * DAY),
            "starts": [_iso(TUESDAY + hour * HOUR) for hour in (3, 9, 10, 11, 30)],
        }  # fmt: skip

        async def looked() -> None:
            await self.ask("home", HOME, **window)
            ids = [self.match, f"mat_{site.world.other_match.uid}", f"mbr_{site.world.ada.uid}"]
            ids += [f"bkg_{each.uid}" for each in await Booking.all().order_by("id")]
            ids += [f"int_{site.world.ada.uid}", f"org_{site.world.saltmarsh.uid}"]
            ids.append(await self.calendar())
            for at in range(0, len(ids), 4):  # more at once would cost too much
                await self.ask("nodes", NODES, ids=ids[at : at + 4], **window)
            await self.ask("node", NODE, id=self.match, **window)

        await looked()
        made = await self.book(9)
        await self.book(9, clientKey="9 again")  # taken by the session before
        await self.book(9)  # the same request again
        await self.book(11)  # taken by a session of Ada's with somebody else
        await self.book(13, overBusy=True, place="The library")
        await self.book(14, videoProvider="google-meet")
        await self.book(14, videoProvider="nobody")
        await self.book(14, withoutVideo=True, duration=60)
        await self.book(3)
        await self.book(3, outsideHours=True, duration=30)
        await self.book(9, clientKey="odd", duration=47)
        await self.book(24 * 100)
        await self.series(11)  # the first of them is taken by a session of Ada's
        later = await self.series(
            9, skip=[1], instead=[{"number": 2, "start": _iso(TUESDAY + 8 * DAY + 9 * HOUR)}]
        )
        await self.series(9, skip=[1])  # the same key for something else
        await self.series(3, clientKey="s3")
        await self.ask("node", NODE, id=later, **window)

        await self.move(made, 16)
        await self.move(made, 11)  # taken by a session of Ada's with somebody else
        await self.move(made, 17, overBusy=True)
        await self.move(made, 9)
        await self.do("setAgenda", bookingId=made, agenda="What to read next")
        await self.do("markSessionDone", bookingId=made)
        await self.do("unmarkSessionDone", bookingId=made)
        second = await Booking.filter(occurrence=2).first()
        named = "" if second is None else f"bkg_{second.uid}"
        for hours in (10, 11, 3):
            start = _iso(TUESDAY + 8 * DAY + hours * HOUR)
            await self.do(
                "rescheduleSeries", bookingId=named, start=start, timeZone="Africa/Lagos",
                clientKey=f"series {hours}",
            )  # fmt: skip
        for hours in (50, 50.5, 20 * 24):
            start = _iso(NOW - int(hours * HOUR))
            logged = await self.do(
                "logSession", matchId=self.match, start=start, duration=45, timeZone="UTC",
                clientKey=start,
            )  # fmt: skip
        wrong = ((logged or {}).get("booking") or {}).get("id", "")
        for each in (made, wrong, wrong):
            await self.do("unlogSession", bookingId=each)

        await self.do(
            "startCalendarConnection", provider="google", returnTo=f"{BASE_URL}/connected"
        )
        await self.do("completeCalendarConnection", handle="h" * 43)
        await self.do("disconnectCalendar", calendarIntegrationId=f"int_{site.world.ada.uid}")
        for who in (site.world.ada, site.world.ben):
            mine = {"calendarIntegrationId": f"int_{who.uid}"}
            await self.do("chooseCalendars", countingIds=[await self.calendar()], **mine)
            await self.do("refreshCalendars", **mine)
        await self.do("updateProfile", name="Ben O.", sessionReminders=["HOUR_AHEAD"])
        await self.do("updateHours", exceptions=[])
        await looked()
        await self.delivered()
        await looked()
        await self.move(made, 16, clientKey="to 16 again")  # of what was delivered
        ada = f"mbr_{site.world.ada.uid}"
        ben, mentoring = f"mbr_{site.world.ben.uid}", {"programId": await self.program()}
        await self.do("createMatch", mentorId=ada, menteeIds=[ben], clientKey="m", **mentoring)
        await self.do("setMemberRole", memberId=ada, role="PARTICIPANT")
        await self.do("createProgram", name="Spring", clientKey="m")
        await self.do("renameProgram", name="Spring", **mentoring)
        await self.do("archiveProgram", **mentoring)
        await self.do("restoreProgram", **mentoring)
        await self.do("addProgramAdministrator", memberId=ben, **mentoring)
        await self.do("removeProgramAdministrator", memberId=ben, **mentoring)
        await self.do("createMember", email="x@saltmarsh.example.org", name="X", clientKey="m")
        await self.do("deactivateMember", memberId=ada)
        await self.do("reactivateMember", memberId=ada)
        await self.do("endMatch", matchId=self.match)
        await self.do("limitCalendarProviders", hidden=True)
        await self.do("setUpOrganizationIntegration", provider="google")
        await self.do("uploadOrganizationKey", key="{}")
        await self.do("verifyOrganizationIntegration", mailbox=site.world.ada.email)
        await self.do("activateOrganizationIntegration", provider="google")
        await self.do("turnOffOrganizationIntegration", provider="google")
        await self.do("setOrganizationVideo", choice="NONE")
        await self.do("respondToSession", bookingId=made, answer="TENTATIVE")
        await self.do("setAgenda", bookingId=made, agenda="What to read")
        await self.do("cancelBooking", bookingId=made, reason="A reason", clientKey="c")
        await self.do("cancelBooking", bookingId=made, reason="A reason", clientKey="c")
        await self.delivered()
        await looked()
        return self.told

    async def program(self) -> str:
        return f"prg_{(await worlds.program(self.site.world.saltmarsh.id)).uid}"

    async def calendar(self) -> str:
        """Give the id of a calendar of Ada's, or of none."""
        row = await CalendarRow.filter(integration__member_id=self.site.world.ada.id).first()
        return f"cal_{'A' * 22 if row is None else row.uid}"

    async def book(self, hour: int, **more: Any) -> str:
        given = {
            "matchId": self.match, "start": _iso(TUESDAY + hour * HOUR), "duration": 45,
            "timeZone": "Africa/Lagos", "clientKey": str(hour),
        }  # fmt: skip
        found = await self.do("bookSession", **given | more)
        return ((found or {}).get("booking") or {}).get("id", "")

    async def move(self, booking: str, hour: int, **given: Any) -> None:
        start = _iso(TUESDAY + hour * HOUR)
        given = {
            "bookingId": booking, "start": start, "timeZone": "Africa/Lagos",
            "clientKey": f"to {hour}",
        } | given  # fmt: skip
        await self.do("rescheduleBooking", **given)

    async def series(self, hour: int, **more: Any) -> str:
        given = {
            "matchId": self.match, "start": _iso(TUESDAY + hour * HOUR), "duration": 45,
            "timeZone": "Africa/Lagos", "clientKey": f"s{hour}", "repeats": "WEEKLY", "count": 4,
        }  # fmt: skip
        found = await self.do("bookSeries", **given | more)
        return ((found or {}).get("series") or {}).get("id", "")

    async def do(self, name: str, /, **given: Any) -> dict[str, Any] | None:
        answer = await self.ask(name, mutation(name), input=given)
        return (answer.get("data") or {}).get(name)

    async def ask(self, what: str, query: str, **variables: Any) -> dict[str, Any]:
        self.statements.clear()
        self.site.tap.sent.clear()
        reply = await self.site.post(self.site.world.ben, query, **variables)
        told = Told(
            what,
            self.named(f"{reply.status_code} {reply.content.decode()}"),
            _comparable(self.statements),
            list(self.site.tap.sent),
        )
        self.told.append(told)
        body: dict[str, Any] = reply.json()
        # A question that is refused as a question would be the same in every world.
        codes = {each["extensions"]["code"] for each in body.get("errors", ())}
        assert codes <= {"FORBIDDEN"}, (what, body["errors"])
        return body

    async def delivered(self) -> None:
        """Let the worker do what it can; what it does is not Ben's to see."""
        for _ in range(3):
            await Job.filter(state="WAITING").update(due_at=0, leased_until=None)
            await self.site.deliver()

    def named(self, text: str) -> str:
        """Put a number in the place of each text that is random by design."""

        def number(found: re.Match[str]) -> str:
            return self.names.setdefault(found[0], f"<{len(self.names)}>")

        return _RANDOM.sub(number, text)


def _comparable(statements: list[str]) -> list[str]:
    """Give statements as they can be compared: what touches a calendar, one for one.

    Askers of one loader may meet in one batch or in two, whatever the world, so that of tables
    in which nothing is hidden the lengths of lists and the repetitions are let go.
    """
    strict = [each for each in statements if _HIDING.search(each)]
    lists = {re.sub(r"IN \([?$\d, ]+\)", "IN (…)", each) for each in statements}
    others = {re.sub(r"\$\d+", "$", each) for each in lists}  # numbered after the lists
    return sorted([*strict, *others])


def _iso(at: int) -> str:
    return worlds.datetime.fromtimestamp(at, worlds.UTC).isoformat().replace("+00:00", "Z")


# What differs between the worlds, and is hidden from Ben


async def _nothing(site: Site) -> None:
    """Ada has connected nothing."""


async def _empty(site: Site) -> None:
    """Ada's calendar is empty."""
    assert (await site.connect(site.world.ada))["__typename"].endswith("Payload")


async def _full(site: Site) -> None:
    """Ada is busy day and night."""
    await _empty(site)
    span = {
        "start": {"dateTime": _iso(NOW - DAY), "timeZone": "UTC"},
        "end": {"dateTime": _iso(NOW + 60 * DAY), "timeZone": "UTC"},
    }
    event = StoredEvent({"id": "f" * 20, "status": "confirmed", "summary": "Busy"} | span)
    site.sandbox.world.books[site.world.ada.email].events["f" * 20] = event


async def _read_only(site: Site) -> None:
    """Ada's calendar, on another account, can be read and not be written."""
    await site.connect(site.world.ada, account="ada@home.example.net", untick=["events.owned"])


async def _unticked(site: Site) -> None:
    """None of Ada's calendars counts, and one that did is not there any more."""
    await _full(site)
    await CalendarRow.all().update(counts=False, counted=True, receives=False, missing_since=NOW)


async def _down(site: Site) -> None:
    """Ada's calendar is out of reach."""
    await _full(site)
    site.sandbox.switches.down = True


async def _lost(site: Site) -> None:
    """Ada's consent is gone, and nobody has noticed yet."""
    await _full(site)
    site.sandbox.revoke(site.world.ada.email)


async def _reconnect(site: Site) -> None:
    """Ada has to reconnect."""
    await _lost(site)
    await Integration.all().update(state="NEEDS_RECONNECT", reason="AuthorizationExpired")


HIDDEN = [_empty, _full, _read_only, _unticked, _down, _lost, _reconnect]


@pytest.fixture
async def live(
    fresh_url: Callable[[], Awaitable[str]],
    tmp_path: Path,
    discovery: Discovery,
    statements: list[str],
):
    """Run Ben's script in a world of its own, in which `hidden` has happened."""

    async def live(hidden: Callable[[Site], Awaitable[None]]) -> list[Told]:
        clock = FakeClock()
        folder = tmp_path / hidden.__name__
        async with serving(await fresh_url(), folder, discovery, clock=clock) as site:
            await worlds.session(
                site.world.other_match, site.world.ada, site.world.dev, starts=TUESDAY + 11 * HOUR
            )
            await site.ask(site.world.ben, "{ viewer { name } }")  # ties his login
            await site.handle(site.world.elin)  # the first of an organization makes its data keys
            await hidden(site)
            return await Script(site, statements).run()

    return live


async def test_two_worlds(live) -> None:
    """To who is not integrated, nothing tells what the other has connected, not by a byte.

    Over every query and mutation, the answers are the same, with the same statements to the
    database and the same calls to services.
    """
    first = await live(_nothing)
    booked = [each for each in first if each.what == "bookSession"]
    kinds = [re.search(r'"__typename":"(\w+)"', each.answer)[1] for each in booked]
    assert kinds == [
        "BookSessionPayload", "SlotUnavailable", "BookSessionPayload", "SlotUnavailable",
        "BookSessionPayload", "VideoUnavailable", "VideoUnavailable", "BookSessionPayload",
        "OutsideHours", "BookSessionPayload", "DurationNotOffered", "TooFarAhead",
    ]  # fmt: skip
    assert {"alternatives"} <= set(re.findall(r"alternatives", booked[1].answer))
    series = [each for each in first if each.what == "bookSeries"]
    assert [re.search(r'"__typename":"(\w+)"', each.answer)[1] for each in series] == [
        "SeriesConflicts", "BookSeriesPayload", "KeyReused", "SeriesConflicts",
    ]  # fmt: skip
    assert not any(each.calls for each in first)
    for hidden in HIDDEN:
        second = await live(hidden)
        assert [*map(_differences, first, second)] == [(each.what, []) for each in first], hidden


def _differences(one: Told, other: Told) -> tuple[str, list[str]]:
    """Name an operation, and say in what it differs between two worlds."""
    found = [f"{one.answer}\n{other.answer}"] if one.answer != other.answer else []
    for less, more in ((one.statements, other.statements), (one.calls, other.calls)):
        found += [f"- {line}" for line in (Counter(less) - Counter(more)).elements()]
        found += [f"+ {line}" for line in (Counter(more) - Counter(less)).elements()]
    return one.what, found


def test_every_document_is_valid() -> None:
    """What is compared are answers, and not that a document is refused."""
    for document in (HOME, NODES, NODE, *map(mutation, GIVEN)):
        assert validate(SCHEMA, parse(document)) == []


def test_every_field_of_the_schema_is_in_the_script() -> None:
    """No query, mutation or field of a match or session can be added without being compared."""
    schema = SCHEMA
    assert schema.mutation_type is not None
    assert set(GIVEN) == set(schema.mutation_type.fields)
    text = HOME + NODES + NODE
    missing = {
        f"{name}.{field}"
        for name in ("Query", "Match", "Booking", "Availability", "AvailabilityPerson", "Slot",
                     "AvailabilityDay", "BookingParticipant", "MatchParticipant", "Member",
                     "Viewer", "Todo", "SlotChecks", "CheckedSlot", "Series", "SeriesReport",
                     "SeriesOccurrence")
        for field in schema.type_map[name].fields
        if not re.search(rf"\b{field}\b", text)
    }  # fmt: skip
    assert missing == set()
