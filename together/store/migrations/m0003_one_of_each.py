"""One calendar of a member and one offer of an organization; and links that nothing brings."""

from __future__ import annotations

from itertools import chain
from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

from together.store import guards

_GIVEN_UP = """
    UPDATE booking SET link_given_up = TRUE
    WHERE video IS NOT NULL AND join_url IS NULL AND NOT EXISTS (
        SELECT 1 FROM job WHERE job.booking_id = booking.id
        AND job.kind IN ('WRITE_EVENT', 'POLL_MEETING') AND job.integration_id IN (
            SELECT id FROM integration WHERE member_id = booking.booked_by_id
        )
        AND (job.state = 'WAITING' OR job.state = 'PARKED' AND job.reason IN (
            'NeedsPerson', 'AuthorizationExpired', 'ConsentDeclined', 'AdminApprovalRequired'
        ))
    )"""
"""Of sessions that are to have a link: their booker's calendar neither brings it nor waits for its
member.  The step before took what waits for other calendars for something that brings it, too."""


async def _guard(_: Any, editor: Any) -> None:
    for statement in chain(
        guards.one_of("integration", "member_id"),
        guards.one_of("organization_integration", "organization_id"),
        (_GIVEN_UP,),
    ):
        await editor.client.execute_query(statement)


class Migration(migrations.Migration):
    operations = [ops.RunPython(_guard)]  # noqa: RUF012  (read once, by the runner)
