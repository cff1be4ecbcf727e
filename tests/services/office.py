"""A worker with a real mail server, and calendars that are lost."""

from __future__ import annotations

import pytest

from tests.services.diary import REGISTRY, Diaries, connect
from tests.smtp import Mailboxes
from tests.world import FakeClock
from together.providers.errors import AuthorizationExpired
from together.providers.registry import Registry
from together.services.availability.busy import Busy
from together.services.connections import trouble
from together.services.connections.choosing import Choosing
from together.services.outbox.delivery import Delivery
from together.services.outbox.mail import Mails
from together.services.outbox.postbox import MailServerPost, Post
from together.services.outbox.worker import Worker
from together.store.models import Integration, Job, JobState, Member
from together.testing.memory import MemoryCalendar


class Office:
    """A worker with a mail server, and calendars that are lost."""

    def __init__(self, boxes: Mailboxes, *, post: Post | None = None) -> None:
        self.boxes, self.clock, self.diaries = boxes, FakeClock(), Diaries()
        self.registry = Registry(
            calendars={"memory": MemoryCalendar("https://calendars.memory.example")},
            videos=REGISTRY.videos,
            distributions=REGISTRY.distributions,
        )
        self.post = post or MailServerPost(boxes.server(), patience=5)
        self.delivery = self.another()

    def another(self) -> Delivery:
        """The same in another process."""
        mails = Mails(
            self.registry,
            self.clock,
            post=self.post,
            sender="post@saltmarsh.example.org",
            page="https://together.example.org/calendar-integrations",
        )
        return Delivery(self.diaries, self.registry, self.clock, mails)

    async def lose(self, who: Member, **fields) -> Integration:
        """Connect a calendar, and lose it now."""
        integration = await connect(who, **fields)
        await self.lost(integration)
        return integration

    async def lost(self, integration: Integration) -> None:
        await integration.refresh_from_db()
        with pytest.raises(AuthorizationExpired):
            async with trouble.noted(integration, clock=self.clock):
                raise AuthorizationExpired

    def worker(self, **settings) -> Worker:
        busy = Busy(self.diaries, self.clock)
        choosing = Choosing(self.diaries, busy, self.clock)
        return Worker(self.delivery, busy, choosing, **settings)

    async def round(self) -> int:
        """Write down what is due, and send it, as if every pause had passed."""
        found = await self.delivery.mails.remind()
        await self.send()
        return found

    async def send(self) -> None:
        await Job.filter(state=JobState.WAITING).update(due_at=0, leased_until=None)
        await self.delivery.run_once()

    def told(self) -> list[str]:
        return [each.receivers[0].partition("@")[0] for each in self.boxes.arrived]
