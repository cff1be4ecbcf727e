"""The only place where the parts meet: settings → registry → store → services → Starlette."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from together.api.context import Services
from together.api.hosts import KnownHosts
from together.api.page import calendar_page
from together.api.request_ids import RequestIds
from together.api.routes import api_routes
from together.providers.registry import Registry, load
from together.services.availability.busy import Busy
from together.services.availability.free_times import Availabilities
from together.services.connections.choosing import Choosing
from together.services.connections.connecting import Connecting
from together.services.connections.grants import Grants
from together.services.connections.offering import Offering
from together.services.connections.resting import Resting
from together.services.listening.telling import Telling
from together.services.operations.counted import CountedTransport
from together.services.operations.measures import Measures
from together.services.organization.asking_to_connect import Asking
from together.services.organization.consenting import OrganizationConsents
from together.services.organization.delegating import OrganizationIntegrations
from together.services.organization.organization_video import OrganizationVideos
from together.services.organization.token_cache import swept
from together.services.outbox.answer_links import AnswerLinks
from together.services.outbox.delivery import Delivery
from together.services.outbox.mail import SENDER, Mails
from together.services.outbox.postbox import MailServerPost, Printed
from together.services.outbox.worker import Worker
from together.services.people.members import Members
from together.services.people.profile import Profiles
from together.services.people.programs import Programs
from together.services.people.roles import Roles
from together.services.people.todos import Todos
from together.services.sessions.answering import Answering
from together.services.sessions.booking import Bookings
from together.services.sessions.logging_sessions import Logbook
from together.services.sessions.rescheduling import Rescheduling
from together.services.sessions.series import SeriesBookings
from together.services.sessions.series_rescheduling import SeriesRescheduling
from together.services.sessions.session_notes import SessionNotes
from together.services.sessions.undoing import Undoing
from together.services.signing_in.admission import Admission
from together.services.signing_in.identity import Identity
from together.services.syncing.changes import Syncing
from together.services.syncing.notices import Notices
from together.services.syncing.rounds import Rounds
from together.settings import Settings
from together.store.database import Database
from together.store.keys import load_keys
from together.store.vault import Vault

CONNECTIONS = httpx.Limits(max_connections=100, max_keepalive_connections=20)


def epoch() -> int:
    """The clock of the host, in epoch seconds."""
    return int(time.time())


class App:
    """One installation.  Build it, enter `running`, and serve `asgi`."""

    def __init__(
        self,
        settings: Settings,
        *,
        registry: Registry,
        transport: httpx.AsyncBaseTransport,
        clock: Callable[[], int],
        mounts: Sequence[BaseRoute],
    ) -> None:
        self.measures = measures = Measures()
        transport = CountedTransport(transport, registry, measures)
        keys = load_keys(settings.keys)
        vault = Vault.of(keys)
        self.settings, self.registry = settings, registry
        self.database = Database(settings.database)
        self._transport = transport
        grants = Grants(registry, vault, transport, clock)
        resting = Resting(clock)
        self._busy = busy = Busy(grants, clock, resting=resting)
        links = AnswerLinks(
            [keys.master[keys.current], *keys.master.values()], public_url=settings.public_url
        )
        mails = Mails(
            registry,
            clock,
            post=MailServerPost(settings.mail_server) if settings.mail_server else Printed(),
            sender=settings.mail_from or SENDER,
            page=calendar_page(settings),
            # Whoever reads a link can answer by it, and where mails are printed, that may be a log.
            answers=links if settings.mail_server or not settings.production else None,
        )
        choosing = Choosing(grants, busy, clock, resting=resting)
        videos = OrganizationVideos(
            registry=registry, vault=vault, transport=transport, clock=clock
        )
        self._tokens = (grants.delegations.tokens, videos.tokens)
        telling = Telling(registry.listeners)
        delivery = Delivery(
            grants,
            registry,
            clock,
            mails,
            resting=resting,
            videos=videos,
            telling=telling,
            tell=measures.job,
        )
        syncing = Syncing(
            grants, registry, busy, clock, resting=resting, public_url=settings.public_url
        )
        self._notices = notices = Notices(registry, clock)
        self.worker = Worker(
            delivery, busy, choosing, grants.delegations, rounds=Rounds(syncing), telling=telling
        )
        self.services = Services(
            identity=Identity(settings.issuers, transport=transport, clock=clock),
            admission=Admission(settings.limits, dialect=self.database.dialect),
            connecting=Connecting(
                registry=registry,
                grants=grants,
                vault=vault,
                public_url=settings.public_url,
                return_to=settings.return_to,
                clock=clock,
            ),
            profiles=Profiles(),
            members=Members(grants=grants, vault=vault, clock=clock),
            offering=Offering(registry=registry, clock=clock),
            roles=Roles(clock=clock),
            programs=Programs(clock=clock),
            organization_videos=videos,
            organization_integrations=OrganizationIntegrations(
                registry=registry, delegations=grants.delegations, clock=clock
            ),
            organization_consents=OrganizationConsents(
                registry=registry,
                grants=grants,
                vault=vault,
                public_url=settings.public_url,
                return_to=settings.return_to,
                clock=clock,
            ),
            asking=Asking(registry=registry, clock=clock),
            choosing=choosing,
            availabilities=Availabilities(busy, clock),
            bookings=Bookings(busy=busy, registry=registry, clock=clock, wake=self.worker.wake),
            series=SeriesBookings(busy=busy, registry=registry, clock=clock, wake=self.worker.wake),
            rescheduling=Rescheduling(busy=busy, clock=clock, wake=self.worker.wake),
            logbook=Logbook(clock),
            session_notes=SessionNotes(clock),
            series_rescheduling=SeriesRescheduling(busy=busy, clock=clock, wake=self.worker.wake),
            undoing=Undoing(clock),
            answering=Answering(links, clock),
            notices=notices,
            todos=Todos(registry, clock),
            registry=registry,
            database=self.database,
            clock=clock,
            count=measures.request,
        )
        served = Starlette(routes=[*mounts, *api_routes(self.services, settings)])
        served.router.redirect_slashes = False  # it would send people to what Host says
        entered = _Entered(served, self.database)
        self.asgi = RequestIds(KnownHosts(entered, settings.allowed_hosts))

    @classmethod
    def build(
        cls,
        settings: Settings,
        *,
        registry: Registry | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], int] = epoch,
        mounts: Sequence[BaseRoute] = (),
    ) -> App:
        """Compose an installation; nothing is opened before `running`.

        `transport` carries every request to a service, `mounts` come before the API's routes:
        with both, the demo and the tests put sandboxes beside it.
        """
        return cls(
            settings,
            registry=registry or load(settings.environ, only=settings.plugins),
            transport=transport or httpx.AsyncHTTPTransport(limits=CONNECTIONS, trust_env=False),
            clock=clock,
            mounts=mounts,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[App]:
        """Open the database, enter it for this task and its children, and close it at the end."""
        await self.database.start()
        try:
            async with self.database.entered(), _beside(swept(*self._tokens)):
                yield self
        finally:
            try:
                async with self.database.entered():
                    await self._notices.finished()
                    await self._busy.finished()
            finally:
                await self.database.close()
                await self._transport.aclose()


@asynccontextmanager
async def _beside(work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Let it go on until the end of what is inside."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class _Entered:
    """Enters the application's own database around each request and socket.

    Two applications in one process never share a database that way.
    """

    def __init__(self, app: ASGIApp, database: Database) -> None:
        self._app, self._database = app, database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._database.entered():
            await self._app(scope, receive, send)
