"""What a resolver is handed: the services, who asks, and loaders that live for one operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import strawberry
from strawberry.extensions import SchemaExtension

from together.api.loaders import Loaders
from together.api.pages import Cursors, Key, Slice
from together.providers.registry import Registry
from together.services.availability.free_times import Availabilities
from together.services.connections.choosing import Choosing
from together.services.connections.connecting import Connecting
from together.services.connections.offering import Offering
from together.services.organization.asking_to_connect import Asking
from together.services.organization.consenting import OrganizationConsents
from together.services.organization.delegating import OrganizationIntegrations
from together.services.organization.organization_video import OrganizationVideos
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
from together.services.signing_in.admission import Admission, Allowance
from together.services.signing_in.identity import Identity
from together.services.signing_in.viewer import Viewer
from together.services.syncing.notices import Notices
from together.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything the schema calls.  The composition root builds it once."""

    identity: Identity
    admission: Admission
    connecting: Connecting
    profiles: Profiles
    members: Members
    roles: Roles
    programs: Programs
    offering: Offering
    organization_integrations: OrganizationIntegrations
    organization_videos: OrganizationVideos
    organization_consents: OrganizationConsents
    asking: Asking
    choosing: Choosing
    availabilities: Availabilities
    bookings: Bookings
    series: SeriesBookings
    rescheduling: Rescheduling
    logbook: Logbook
    session_notes: SessionNotes
    series_rescheduling: SeriesRescheduling
    undoing: Undoing
    answering: Answering
    notices: Notices
    todos: Todos
    registry: Registry
    database: Database
    clock: Callable[[], int]
    count: Callable[[str, str], object] = lambda _operation, _outcome: None
    """Hears of each request: the kind of its operation, and how it came out."""


@dataclass(slots=True)
class Context:
    """Of one operation.  Only its loaders change: with the operation, and with each mutation."""

    services: Services
    viewer: Viewer
    cursors: Cursors
    loaders: Loaders
    allowance: Allowance | None = None
    """What the viewer has left; None until this operation has been counted."""

    @classmethod
    def of(cls, services: Services, viewer: Viewer, cursors: Cursors) -> Context:
        return cls(services, viewer, cursors, Loaders.of(viewer, services.clock))

    def asked(
        self,
        listed: str,
        *,
        first: int | None,
        after: str | None,
        last: int | None,
        before: str | None,
    ) -> Slice:
        """Read the arguments of the list of this name."""
        return self.cursors.asked(
            of=listed, viewer=self.viewer.uid, first=first, after=after, last=last, before=before
        )

    def cursor(self, listed: str) -> Callable[[Key], str]:
        """Make cursors of the list of this name."""
        return lambda key: self.cursors.make(key, of=listed, viewer=self.viewer.uid)

    def renew(self) -> None:
        """Forget what was loaded."""
        self.loaders = Loaders.of(self.viewer, self.services.clock)

    def afresh(self) -> Context:
        """Give the same for another operation, with nothing loaded.

        What was counted for the first is counted again for whatever follows it on a socket.
        """
        made = Context.of(self.services, self.viewer, self.cursors)
        made.allowance, self.allowance = self.allowance, None
        return made


if TYPE_CHECKING:
    Info: TypeAlias = strawberry.Info[Context, Any]
else:
    Info = strawberry.Info


class PerOperation(SchemaExtension):
    """Gives each operation loaders of its own, whatever the transport keeps a context for."""

    def on_operation(self) -> Iterator[None]:
        if isinstance(self.execution_context.context, Context):
            self.execution_context.context = self.execution_context.context.afresh()
        yield
