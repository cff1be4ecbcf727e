"""A service that asks for a pause gets one from the whole application."""

from __future__ import annotations

from tests.app.site import BOOK, Site
from tests.app.test_main_job import wanted
from together.api.ids import Kind, to_id
from together.store.models import Integration, Job, JobKind, JobState

REFRESH = """mutation R($i: RefreshCalendarsInput!) { refreshCalendars(input: $i) { __typename
  ... on ProviderDown { retryAfterSeconds } } }"""
THROTTLES = {"google": "tooManyRequests", "outlook": "ApplicationThrottled"}
PAUSE = 600


async def test_reading_listing_and_writing_pause_together(both: Site, slug: str) -> None:
    """One 429 that says how long is the last request until then, whatever there is to do."""
    ada, sandbox = both.world.ada, both.vendors[slug].sandbox
    await both.connect(ada, provider=slug)
    match = to_id(Kind.MATCH, both.world.match.uid)
    asked = wanted(match, both.monday(10)) | {"outsideHours": True}
    booked = (await both.ask(ada, BOOK, input=asked))["bookSession"]
    assert booked["__typename"] == "BookSessionPayload"
    await Integration.all().update(listed_at=0, read_at=None, tried_at=None)
    both.tap.sent.clear()
    sandbox.switches.set({"throttled": THROTTLES[slug], "retry_after": str(PAUSE)})
    await both.app.worker._busy.sweep()
    assert len(both.tap.sent) == 1
    given = {"calendarIntegrationId": f"int_{ada.uid}"}
    for _ in range(3):
        said = (await both.ask(ada, REFRESH, i=given))["refreshCalendars"]
        assert said["__typename"] == "ProviderDown"
        assert PAUSE - 60 < said["retryAfterSeconds"] <= PAUSE
    await both.app.worker._choosing.sweep()
    await both.deliver()
    assert len(both.tap.sent) == 1
    job = await Job.get(kind=JobKind.WRITE_EVENT, integration_id__isnull=False)
    assert (job.state, job.attempts) == (JobState.WAITING, 0)
