"""What the tests of reminders of sessions do again and again."""

from __future__ import annotations

from tests.services.diary import viewer
from tests.services.secretary import Secretary
from together.services.people.profile import Profiles, Reminder
from together.store.models import Job, JobKind, JobState, Member

REMINDS = (JobKind.REMIND_DAY, JobKind.REMIND_HOUR)


async def look(secretary: Secretary, at: int) -> list[str]:
    """Let the worker look at this moment and send; say who got a reminder, by first name."""
    secretary.clock.now = at
    before = len(secretary.boxes.arrived)
    await secretary.delivery.mails.remind_of_sessions()
    await Job.filter(state=JobState.WAITING, kind__in=REMINDS).update(due_at=0, leased_until=None)
    await Job.exclude(kind__in=REMINDS).update(state=JobState.DONE)
    await secretary.delivery.run_once()
    return sorted(each.receivers[0].partition("@")[0] for each in secretary.boxes.arrived[before:])


async def want(who: Member, *reminders: Reminder) -> None:
    await Profiles().update_profile(viewer(who), reminders=reminders)
