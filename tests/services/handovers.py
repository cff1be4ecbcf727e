"""Ada's calendar holds sessions and goes; what is left of them anywhere is looked at as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.services.returns import Returns
from tests.services.town import Town
from tests.world import World
from together.services.outbox.delivery import Delivery
from together.services.outbox.mail import Mails
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    Booking,
    CalendarEvent,
    Invitation,
    Job,
    JobKind,
    JobState,
    LeftEvent,
    Member,
)


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail program makes of a mail about a session."""

    to: str
    method: str
    uid: str
    sequence: int
    text: str


class Post:
    """Keeps the mails about sessions."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    async def send(self, message: Any) -> None:
        parts = {part.get_content_type(): part for part in message.walk()}
        part = parts["text/calendar"]
        lines = part.get_payload(decode=True).decode().replace("\r\n ", "").splitlines()
        said = dict(line.split(":", 1) for line in lines if ":" in line)
        to = str(message["To"])
        text = " ".join(parts["text/plain"].get_content().split())
        method, sequence = part.get_param("method"), int(said["SEQUENCE"])
        self.letters.append(Letter(to[to.index("<") + 1 : -1], method, said["UID"], sequence, text))


class Handovers(Returns):
    """The same people, with mails that are kept."""

    def __init__(self, town: Town, world: World) -> None:
        super().__init__(town, world)
        self.post = Post()
        self.worker = self.another()

    @classmethod
    async def of(cls, world: World, *who: Member) -> Handovers:
        made = cls(Town(), world)
        for member in who or (world.ada, world.ben):
            await made.town.connect(member)
        return made

    def another(self) -> Delivery:
        """Give the worker of another process."""
        mails = Mails(self.town.registry, self.town.clock, post=self.post)
        return Delivery(
            self.town.grants, self.town.registry, self.town.clock, mails, videos=self.town.videos
        )

    async def once(self) -> None:
        await Job.filter(state=JobState.WAITING).update(due_at=0)
        await self.worker.run_once()

    async def goes(self, who: Member) -> None:
        await self.town.connecting.disconnect(Viewer.of(who))

    def letters(self, booking: Booking) -> dict[str, list[tuple[str, int]]]:
        """By first name: what was sent about a session."""
        found: dict[str, list[tuple[str, int]]] = {}
        for each in self.post.letters:
            if each.uid == booking.event_key:
                found.setdefault(each.to.partition("@")[0], []).append((each.method, each.sequence))
        return found

    def standing(self) -> list[str]:
        """The keys of all events that stand anywhere."""
        return sorted(
            key for key, event in self.town.sandbox.state["events"].items() if event["live"]
        )

    async def is_together_s(self, booking: Booking, *names: str) -> None:
        """No event of it stands anywhere, and each of its people has exactly one invitation."""
        assert booking.event_key not in self.standing()
        assert not await CalendarEvent.exists(booking_id=booking.id)
        assert not await LeftEvent.exists(booking_id=booking.id)
        row = await Booking.get(id=booking.id)
        expected = {each: [("REQUEST", row.sequence)] for each in names}
        assert self.letters(booking) == expected
        rows = await Invitation.filter(booking_id=booking.id)
        assert {(each.mailed, each.sent) for each in rows} == {(True, row.sequence)}
        assert len(rows) == len(names)

    async def is_settled(self) -> None:
        """Nothing is left to do, and no secret is left."""
        left = await Job.exclude(state=JobState.DONE)
        assert [(job.kind.value, job.state.value, job.reason) for job in left] == []
        assert not await Job.filter(kind=JobKind.REVOKE_GRANT, sealed__isnull=False).exists()
