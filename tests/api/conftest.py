"""The API of Saltmarsh Institute, over HTTP, with the memory calendar service behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from tests.services.conftest import statements
from tests.services.town import Town
from tests.world import World
from together.api.callback import callback_route
from together.api.context import Services
from together.api.documents import Documents
from together.api.http import Endpoint
from together.api.limits import Limits
from together.api.pages import Cursors
from together.api.schema import build
from together.services.availability.busy import Busy
from together.services.availability.free_times import Availabilities
from together.services.connections.choosing import Choosing
from together.services.connections.offering import Offering
from together.services.organization.asking_to_connect import Asking
from together.services.organization.delegating import OrganizationIntegrations
from together.services.outbox.answer_links import AnswerLinks
from together.services.people.profile import Profiles
from together.services.people.programs import Programs
from together.services.people.roles import Roles
from together.services.people.todos import Todos
from together.services.refusals import MemberDeactivated, NotSignedIn, Refusal, UnknownMember
from together.services.sessions.answering import Answering
from together.services.sessions.booking import Bookings
from together.services.sessions.logging_sessions import Logbook
from together.services.sessions.rescheduling import Rescheduling
from together.services.sessions.series import SeriesBookings
from together.services.sessions.series_rescheduling import SeriesRescheduling
from together.services.sessions.session_notes import SessionNotes
from together.services.sessions.undoing import Undoing
from together.services.signing_in.admission import Admission
from together.services.signing_in.viewer import Viewer
from together.services.syncing.notices import Notices
from together.store.database import Database
from together.store.models import Member

__all__ = ["statements"]


@dataclass(slots=True)
class FirstNames:
    """Signs in whoever's first name is the token; `refuses` says no to everybody."""

    people: dict[str, Member]
    refuses: Refusal | None = None

    async def viewer(self, bearer: str | None) -> Viewer:
        if self.refuses is not None:
            raise self.refuses
        if bearer is None:
            raise NotSignedIn
        if bearer not in self.people:
            raise UnknownMember
        member = await Member.get(id=self.people[bearer].id)
        if not member.active:
            raise MemberDeactivated
        return Viewer.of(member)


@dataclass(slots=True)
class Api:
    """What a frontend has: an address, and tokens."""

    world: World
    town: Town
    services: Services
    documents: Documents
    sign_in: FirstNames
    asgi: Starlette = field(init=False, repr=False)
    client: httpx.AsyncClient = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.serve(self.services)

    def serve(self, services: Services) -> None:
        endpoint = Endpoint(_SCHEMA, services, cursors=Cursors(b"c" * 32), explorer=None)
        routes = [Route("/graphql", endpoint), callback_route(services.connecting)]
        self.asgi = Starlette(routes=routes)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.asgi, raise_app_exceptions=True),
            base_url="https://together.example.org",
        )

    def serve_with(self, **others: Any) -> None:
        """Put other services in the place of some."""
        self.serve(replace(self.services, **others))

    async def post(self, body: Any, *, who: str | None = "ada", **headers: str) -> httpx.Response:
        signed = {"Authorization": f"Bearer {who}"} if who else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post("/graphql", json=body, headers=signed | named)

    async def ask(self, query: str, *, who: str = "ada", **variables: Any) -> Any:
        """Give the data; an error is a failure of the test."""
        answer = (await self.post({"query": query, "variables": variables}, who=who)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def errors(self, query: str, *, who: str = "ada", **variables: Any) -> list[Any]:
        """Give the errors as message and extensions."""
        answer = (await self.post({"query": query, "variables": variables}, who=who)).json()
        return [(error["message"], error["extensions"]) for error in answer["errors"]]


def documents(**limits: Any) -> Documents:
    return Documents(replace(Limits(), **limits), introspection=True)


_SCHEMA = build(documents())
"""Built once: it takes longer than most tests."""


def _afresh(kept: Documents) -> Documents:
    kept.limits, kept.hits, kept.misses = Limits(), 0, 0
    kept._kept.clear()
    return kept


@pytest.fixture
def town(world: World) -> Town:
    return Town()


@pytest.fixture
async def api(database: Database, world: World, town: Town) -> AsyncIterator[Api]:
    """The API, with everybody of both organizations."""
    busy = Busy(town.grants, town.clock)
    sign_in = FirstNames(world.people)
    services = Services(
        identity=sign_in,  # type: ignore[arg-type]
        admission=Admission(Limits()),
        connecting=town.connecting,
        profiles=Profiles(),
        members=town.members,
        roles=Roles(clock=town.clock),
        programs=Programs(clock=town.clock),
        offering=Offering(registry=town.registry, clock=town.clock),
        organization_videos=town.videos,
        organization_integrations=OrganizationIntegrations(
            registry=town.registry, delegations=town.grants.delegations, clock=town.clock
        ),
        organization_consents=town.consents,
        asking=Asking(registry=town.registry, clock=town.clock),
        choosing=Choosing(town.grants, busy, town.clock),
        availabilities=Availabilities(busy, town.clock),
        bookings=Bookings(busy=busy, registry=town.registry, clock=town.clock),
        series=SeriesBookings(busy=busy, registry=town.registry, clock=town.clock),
        rescheduling=Rescheduling(busy=busy, clock=town.clock),
        logbook=Logbook(town.clock),
        session_notes=SessionNotes(town.clock),
        series_rescheduling=SeriesRescheduling(busy=busy, clock=town.clock),
        undoing=Undoing(town.clock),
        answering=Answering(
            AnswerLinks([b"k" * 32], public_url="https://together.example.org"), town.clock
        ),
        notices=Notices(town.registry, town.clock),
        todos=Todos(town.registry, town.clock),
        registry=town.registry,
        database=database,
        clock=town.clock,
    )
    made = Api(world, town, services, _afresh(_SCHEMA.documents), sign_in)
    yield made
    await made.client.aclose()
