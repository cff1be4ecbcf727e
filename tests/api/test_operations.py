"""Health, readiness and numbers are told on an address of their own, and nothing else is."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.api.conftest import Api
from tests.services.diary import connect
from tests.world import World
from together.api.operations import LOOKED, Operations, operations_app
from together.providers.registry import load
from together.services.operations.counted import CountedTransport
from together.services.operations.measures import Measures
from together.services.people.todos import Todos
from together.store import migrate
from together.store.clock import database_now
from together.store.database import Database
from together.store.models import CalendarSync, Job, JobKind, JobState
from together.testing import memory

CANARY = "canary-5d21"


class Looking:
    """A worker that looked some seconds ago, or never."""

    def __init__(self, ago: float | None) -> None:
        self.looked_at = None if ago is None else time.monotonic() - ago


def asking(operations: Operations, *, host: str = "127.0.0.1", name: str = "127.0.0.1:9000"):
    transport = httpx.ASGITransport(operations_app(operations, host=host))
    return httpx.AsyncClient(transport=transport, base_url=f"http://{name}")


async def told(database: Database, path: str, *, worker: Looking | None = None):
    operations = Operations(database, Measures(), worker=worker)
    async with asking(operations) as http:
        answer = await http.get(path)
    return answer.status_code, answer.json()


async def test_a_process_that_answers_is_live(database: Database):
    """That it lives is said whatever else is wrong."""
    assert await told(database, "/health/live", worker=Looking(None)) == (200, {"status": "live"})


@pytest.mark.parametrize(
    ("worker", "answer"),
    [
        (None, (200, {"status": "ready", "database": "ok"})),
        (Looking(1), (200, {"status": "ready", "database": "ok", "worker": "ok"})),
        (
            Looking(LOOKED + 60),
            (503, {"status": "not ready", "database": "ok", "worker": "has not looked"}),
        ),
        (
            Looking(None),
            (503, {"status": "not ready", "database": "ok", "worker": "has not looked"}),
        ),
    ],
)
async def test_who_is_ready(database: Database, worker, answer):
    """The database answers and is migrated, and the worker here has looked at the outbox lately."""
    if worker is not None and worker.looked_at is not None and answer[0] == 200:
        worker = Looking(1)
    assert await told(database, "/health/ready", worker=worker) == answer


async def test_what_cannot_be_asked_is_a_no(database: Database, monkeypatch):
    """A database that is away, or behind, is not ready; why is said in one word of ours."""

    async def away(_database):
        raise OSError(CANARY)

    async def behind(_database):
        return ["m9999_to_come"]

    monkeypatch.setattr("together.api.operations.check", away)
    no = (503, {"status": "not ready", "database": "unreachable"})
    assert await told(database, "/health/ready") == no
    monkeypatch.undo()
    monkeypatch.setattr(migrate, "_lacking", behind)
    no = (503, {"status": "not ready", "database": "not migrated"})
    assert await told(database, "/health/ready") == no


async def _lines(database: Database, measures: Measures) -> list[str]:
    async with asking(Operations(database, measures, worker=None)) as http:
        answer = await http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    return [line for line in lines if line[0] != "#" and "_created" not in line]


async def test_how_much_waits(database: Database, world: World):
    """Jobs by kind and state with their ages, and calendars by how their syncing went."""
    stamp = await database_now()
    for state, age in ((JobState.WAITING, 50), (JobState.WAITING, 90), (JobState.DONE, 9)):
        await Job.create(
            organization_id=world.saltmarsh.id,
            kind=JobKind.INVITE,
            state=state,
            due_at=stamp,
            created_at=stamp - age,
            sealed=CANARY,
        )
    integration = await connect(world.ada, email=f"{CANARY}@example.com")
    await CalendarSync.create(
        organization_id=world.saltmarsh.id,
        integration_id=integration.id,
        external_id=CANARY,
        reason="RateLimited",
        due_at=stamp - 40,
    )
    lines = dict(line.rsplit(" ", 1) for line in await _lines(database, Measures()))
    assert lines["together_database_up"] == "1.0"
    assert lines['together_outbox_jobs{kind="INVITE",state="WAITING"}'] == "2.0"
    assert 90 <= float(lines['together_outbox_oldest_seconds{kind="INVITE",state="WAITING"}']) < 99
    calendars = 'together_sync_calendars{outcome="RateLimited",provider="memory"}'
    assert lines[calendars] == "1.0"
    assert 40 <= float(lines["together_sync_lag_seconds"]) < 60
    assert CANARY not in str(lines)


async def test_the_numbers_without_a_database(database: Database, monkeypatch):
    """What this process has counted is told all the same, and that the database is away."""

    async def away():
        raise OSError(CANARY)

    monkeypatch.setattr("together.api.operations.standings", away)
    measures = Measures()
    measures.job(JobKind.INVITE, "DONE")
    lines = await _lines(database, measures)
    assert "together_database_up 0.0" in lines
    assert 'together_mails_total{outcome="DONE"} 1.0' in lines
    assert [line for line in lines if "outbox_jobs" in line] == []


async def test_calls_are_counted_by_whose_they_are(database: Database):
    """By service and outcome, with how long they took; a request for a token by its grant."""
    base = "http://127.0.0.1:8000/sandbox/memory"
    registry = load({"TOGETHER_MEMORY_BASE_URL": base}, plugins={"memory": memory})
    measures = Measures()

    def answer(request: httpx.Request) -> httpx.Response:
        if "slow" in request.url.path:
            raise httpx.ReadTimeout(CANARY)
        if "gone" in request.url.path:
            raise httpx.ConnectError(CANARY)
        return httpx.Response(int(request.url.path[-3:]), text=CANARY)

    transport = CountedTransport(httpx.MockTransport(answer), registry, measures)
    async with httpx.AsyncClient(transport=transport) as http:
        for last in ("200", "401", "404", "429", "503", "418"):
            await http.get(f"{base}/{CANARY}/{last}?token={CANARY}")
        for broken in ("slow", "gone"):
            with pytest.raises(httpx.TransportError):
                await http.get(f"{base}/{broken}")
        form = {"grant_type": "refresh_token", "refresh_token": CANARY}
        await http.post(f"{base}/token/200", data=form)
        await http.post(f"{base}/token/400", data=form | {"grant_type": CANARY})
        await http.get("https://login.example.org/200")
    lines = await _lines(database, measures)
    calls = [line for line in lines if line.startswith("together_provider_calls")]
    assert sorted(calls) == sorted(
        f'together_provider_calls_total{{outcome="{outcome}",provider="{provider}"}} {count}.0'
        for outcome, provider, count in (
            ("ok", "memory", 2), ("unauthorized", "memory", 1), ("gone", "memory", 1),
            ("throttled", "memory", 1), ("unavailable", "memory", 1), ("refused", "memory", 2),
            ("timeout", "memory", 1), ("unreachable", "memory", 1), ("ok", "other", 1),
        )
    )  # fmt: skip
    assert 'together_provider_seconds_count{provider="memory"} 10.0' in lines
    tokens = [line for line in lines if line.startswith("together_token_requests")]
    labels = 'grant="{}",outcome="{}",provider="memory"'
    assert sorted(tokens) == sorted(
        f"together_token_requests_total{{{labels.format(grant, outcome)}}} 1.0"
        for grant, outcome in (("refresh_token", "ok"), ("other", "refused"))
    )
    assert CANARY not in str(lines)


async def test_requests_are_counted_by_operation_and_outcome(api: Api, database: Database):
    """Queries and mutations, with ``ok`` or the code of what went wrong; no document, no name."""
    measures = Measures()
    api.serve_with(count=measures.request)
    await api.post({"query": f"query {CANARY.replace('-', '_')} {{ viewer {{ name }} }}"})
    await api.post({"query": "{ nonsense }"})
    api.serve_with(count=measures.request, todos=_Failing())
    await api.post({"query": "{ viewer { todos { kind } } }"})
    await api.post({"query": 7})
    lines = [line for line in await _lines(database, measures) if "graphql" in line]
    counted = "together_graphql_requests_total"
    assert sorted(lines) == [
        f'{counted}{{operation="none",outcome="BAD_REQUEST"}} 1.0',
        f'{counted}{{operation="query",outcome="GRAPHQL_VALIDATION_FAILED"}} 1.0',
        f'{counted}{{operation="query",outcome="INTERNAL_SERVER_ERROR"}} 1.0',
        f'{counted}{{operation="query",outcome="ok"}} 1.0',
    ]


class _Failing(Todos):
    def __init__(self) -> None:
        """Nothing is needed."""

    async def of(self, viewer):
        raise RuntimeError(CANARY)


@pytest.mark.parametrize(
    ("host", "name", "status"),
    [
        ("127.0.0.1", "127.0.0.1:9000", 200),
        ("127.0.0.1", "localhost:9000", 200),
        ("127.0.0.1", "rebound.example.net", 400),
        ("0.0.0.0", "together-7f9c:9000", 200),  # noqa: S104  (compared)
    ],
)
async def test_on_this_machine_no_web_page_reads_it(database: Database, host, name, status):
    """On loopback it answers under loopback's names only; elsewhere, under those of the network."""
    operations = Operations(database, Measures(), worker=None)
    async with asking(operations, host=host, name=name) as http:
        assert (await http.get("/health/live")).status_code == status


async def test_nothing_else_is_served(database: Database):
    """There is no GraphQL, nothing to post to, and no other page."""
    async with asking(Operations(database, Measures(), worker=None)) as http:
        answers = [await http.get("/graphql"), await http.get("/"), await http.post("/metrics")]
    assert [answer.status_code for answer in answers] == [404, 404, 405]
