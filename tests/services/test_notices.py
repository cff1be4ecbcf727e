"""What is sent to the address of a service is believed for its secret, and only as a hint."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

import pytest

from tests.services.lookout import Lookout, soon
from tests.world import DAY, HOUR, NOW, World
from together.domain.spans import Span
from together.providers.syncing import NoticeKind
from together.store.models import CalendarSync, Integration, IntegrationState, Watch

OWN = Span.of(NOW + 2 * DAY, NOW + 2 * DAY + HOUR)
PATH = "/notifications/memory"


@pytest.fixture
async def lookout(world: World) -> Lookout:
    return Lookout(world)


def _notice(lookout: Lookout, **changed: Any) -> dict[str, Any]:
    """Make what the service would send of Ada's calendar."""
    ((watch_id, watch),) = lookout.town.sandbox.state["watches"].items()
    given = {"watch": watch_id, "kind": "CHANGED"}
    return {**given, "secret": watch["secret"], "resource": watch["resource"], **changed}


async def _post(lookout: Lookout, *notices: dict[str, Any], path: str = PATH):
    return await lookout.web.post(path, content=json.dumps({"notices": notices}))


async def _due(lookout: Lookout) -> int:
    """Say how many calendars are to be asked soon because of what came."""
    await lookout.notices.finished()
    due = await CalendarSync.filter(due_at__lte=await soon()).count()
    await CalendarSync.all().update(due_at=2**40)
    return due


async def test_only_the_right_secret_is_believed(lookout: Lookout):
    """Another secret, watch, resource or service is answered the same, and nothing comes of it."""
    await lookout.connect()
    await _due(lookout)
    right = _notice(lookout)
    wrong = [
        {**right, "secret": "x" * 43},
        {**right, "secret": ""},
        {**right, "secret": "\ud800"},
        {**right, "watch": "\ud800"},
        {**right, "watch": right["watch"] + "\0"},
        {**right, "watch": "f" * 256},
        {**right, "watch": "f" * 32},
        {**right, "resource": "calendar-2"},
        {**right, "resource": None},
        {**right, "kind": "EXPLODE"},
    ]
    answers = [await _post(lookout, notice) for notice in wrong]
    answers += [await _post(lookout, right, path=f"/notifications/{slug}") for slug in ("no", "x")]
    answers.append(await lookout.web.post(PATH, content=b"\xff{"))
    assert await _due(lookout) == 0
    answers.append(await _post(lookout, right))
    assert await _due(lookout) == 1
    told = {(each.status_code, each.content, *sorted(each.headers.items())) for each in answers}
    assert len(told) == 1
    assert (answers[0].status_code, answers[0].content) == (202, b"")


async def test_each_of_a_batch_stands_alone(lookout: Lookout):
    """A wrong notice beside a right one takes nothing from it, and gets nothing by it."""
    await lookout.connect()
    await _due(lookout)
    right = _notice(lookout)
    await _post(lookout, {**right, "secret": "x"}, right, {**right, "watch": "y"})
    assert await _due(lookout) == 1


async def test_a_watch_that_is_over_is_not_believed(lookout: Lookout):
    """One that ran out, or is of a consent that was replaced or rests, is as unknown as any."""
    await lookout.connect()
    notice = _notice(lookout)
    watch = await lookout.watch()
    connection = Integration.filter(member_id=lookout.world.ada.id)
    for change, undo in (
        ({"generation": 1}, {"generation": 0}),
        ({"state": IntegrationState.SUSPENDED}, {"state": IntegrationState.ACTIVE}),
    ):
        await _due(lookout)
        await connection.update(**change)
        assert (await _post(lookout, notice)).status_code == 202
        assert await _due(lookout) == 0
        await connection.update(**undo)
    lookout.town.clock.now = watch.expires_at
    assert (await _post(lookout, notice)).status_code == 202
    assert await _due(lookout) == 0


async def test_a_thousand_are_one(lookout: Lookout, statements: list[str]):
    """A burst of a thousand notifications is one reading, and costs as much as one does."""
    await lookout.connect()
    notice = _notice(lookout)
    await _due(lookout)
    counts = []
    for many in (1, 1_000):
        statements.clear()
        for _ in range(many):
            await _post(lookout, notice)
        await lookout.notices.finished()
        counts.append(len(statements))
        assert await _due(lookout) == 1
    assert counts[0] <= 8
    assert counts[1] <= 4 * counts[0]
    assert await CalendarSync.all().count() == 1


async def test_what_comes_while_it_is_asked_is_asked_again(lookout: Lookout):
    """A hint that comes while a calendar is being asked is not lost."""
    await lookout.connect()
    await CalendarSync.all().update(due_at=0)
    (claimed,) = await lookout.syncing.claim(10)
    await _post(lookout, _notice(lookout))
    await lookout.notices.finished()
    await lookout.syncing.sync(claimed)
    assert await _due(lookout) == 1


async def test_order_does_not_matter(lookout: Lookout):
    """Told of twice, late or before anything changed, a calendar is asked and no more."""
    await lookout.connect()
    await lookout.read()
    notice = _notice(lookout)
    for _ in range(2):
        await _post(lookout, notice)
    assert await lookout.heard() == 1
    before = lookout.asked("POST /busy")
    await _post(lookout, notice)
    assert await lookout.heard() == 1
    assert lookout.asked("POST /busy") == before


async def test_what_it_says_beside_a_change(lookout: Lookout):
    """That a watch ends soon renews it, that it ended makes another, that some were lost asks."""
    lookout.town.sandbox.renews = True
    integration = await lookout.connect()
    old = await lookout.watch()
    lookout.town.clock.forward(HOUR)
    await _post(lookout, _notice(lookout, kind=NoticeKind.RENEW.value))
    assert await lookout.heard() == 1
    renewed = await lookout.watch()
    assert (renewed.watch_id, renewed.expires_at) == (old.watch_id, old.expires_at + HOUR)
    await _post(lookout, _notice(lookout, kind=NoticeKind.MISSED.value))
    assert await lookout.heard() == 1
    await _post(lookout, _notice(lookout, kind=NoticeKind.ENDED.value))
    await lookout.notices.finished()
    await integration.refresh_from_db()
    assert (await Watch.all().count(), integration.watched_until) == (0, 0)
    assert await lookout.heard() == 1
    assert (await lookout.watch()).watch_id != old.watch_id


async def test_a_challenge_is_echoed(lookout: Lookout):
    """Who asks as the service does whether we listen hears the echo as plain text, and no page."""
    reply = await lookout.web.post(PATH, params={"challenge": "<b>1</b>"})
    told = [reply.headers[name] for name in ("content-type", "x-content-type-options")]
    assert (reply.status_code, reply.text, told) == (
        200,
        "<b>1</b>",
        ["text/plain; charset=utf-8", "nosniff"],
    )
    plain = await lookout.web.post(PATH)
    for path, word in ((PATH, "x" * 1_025), (PATH, ""), ("/notifications/other", "x")):
        unheard = await lookout.web.post(path, params={"challenge": word})
        assert (unheard.status_code, unheard.content, unheard.headers) == (202, b"", plain.headers)


async def test_what_is_too_long_is_not_read(lookout: Lookout):
    """A body of more than a mebibyte is answered like any, and not read to its end."""
    taken = 0

    async def endless():
        nonlocal taken
        for _ in range(64):
            taken += 1
            yield b" " * 65_536

    reply = await lookout.web.post(PATH, content=endless())
    assert (reply.status_code, reply.content) == (202, b"")


async def test_everybody_waits_as_long(lookout: Lookout, statements: list[str]):
    """The answer is given before anything is looked up, whoever asks."""
    await lookout.connect()
    statements.clear()
    for notice in (_notice(lookout), _notice(lookout, secret="x"), _notice(lookout, watch="x")):
        began = time.monotonic()
        await _post(lookout, notice)
        assert time.monotonic() - began < 1
        assert statements == []
        await lookout.notices.finished()
        statements.clear()


async def test_no_secret_is_logged(lookout: Lookout, caplog: pytest.LogCaptureFixture):
    """Neither a secret nor what was sent is in a log, right or wrong."""
    caplog.set_level(logging.DEBUG)
    await lookout.connect()
    secret = _notice(lookout)["secret"]
    await _post(lookout, _notice(lookout), _notice(lookout, secret="another-secret"))
    await lookout.heard()
    assert secret not in caplog.text
    assert "another-secret" not in caplog.text
    rows = [json.dumps({**row}, default=str) for row in await Watch.all().values()]
    assert not [row for row in rows if secret in row]
