"""What a connection can come to when it comes to nothing, each with the ways on."""

from __future__ import annotations

from typing import Any, Self

import strawberry

from together.api.context import Info
from together.api.fields import field
from together.api.integrations import CalendarNextStep
from together.api.offers import CalendarProvider, calendar_provider
from together.api.problem import Problem, ProblemCode, tells
from together.services import refusals


@strawberry.interface(
    description="A connection came to nothing, and what stood before stands. Draw a button for "
    "each of `nextSteps`."
)
class ConnectionProblem(Problem):
    next_steps: list[CalendarNextStep] = strawberry.field(
        description="The ways on, the best first; empty when there is nothing to do."
    )
    slug: strawberry.Private[str | None] = None

    @field(description="The service it was begun with; null when that is not known.")
    def provider(self, info: Info) -> CalendarProvider | None:
        return None if self.slug is None else calendar_provider(info, self.slug)

    @classmethod
    def of(cls, refusal: Any) -> Self:
        return cls(**cls.shown(refusal))

    @classmethod
    def shown(cls, refusal: refusals.ConnectionRefusal) -> dict[str, Any]:
        """Give what every one of them shows."""
        return {
            "message": refusal.message,
            "code": cls.named,
            "next_steps": [CalendarNextStep[step.name] for step in refusal.next_steps],
            "slug": refusal.provider,
        }


@tells(
    refusals.ProviderUnknown,
    ProblemCode.PROVIDER_UNKNOWN,
    "No calendar service of that name is offered.",
)
class ProviderUnknown(ConnectionProblem):
    pass


@tells(
    refusals.ManagedByOrganization,
    ProblemCode.MANAGED_BY_ORGANIZATION,
    "The organization looks after how calendars are connected: members have nothing to do.",
)
class ManagedByOrganization(ConnectionProblem):
    pass


@tells(refusals.AlreadyConnected, ProblemCode.ALREADY_CONNECTED, "A calendar is connected already.")
class AlreadyConnected(ConnectionProblem):
    pass


@tells(refusals.NotConnected, ProblemCode.NOT_CONNECTED, "No calendar is connected.")
class NotConnected(Problem):
    pass


@tells(
    refusals.NeedsReconnect,
    ProblemCode.NEEDS_RECONNECT,
    "The service lets nobody read the calendar until its member consents again.",
)
class NeedsReconnect(ConnectionProblem):
    pass


@tells(
    refusals.TooManyAttempts,
    ProblemCode.TOO_MANY_ATTEMPTS,
    "Too many connections were started and not finished, or a choice was changed too often.",
)
class TooManyAttempts(ConnectionProblem):
    pass


@tells(
    refusals.ReturnAddressRefused,
    ProblemCode.RETURN_ADDRESS_REFUSED,
    "The return address is not on the operator's list.",
)
class ReturnAddressRefused(Problem):
    pass


@tells(
    refusals.ConsentNotFound,
    ProblemCode.CONSENT_NOT_FOUND,
    "The handle is unknown, was used already, or has expired.",
)
class ConsentNotFound(ConnectionProblem):
    pass


@tells(
    refusals.StartedBySomebodyElse,
    ProblemCode.STARTED_BY_SOMEBODY_ELSE,
    "Another member started this connection. The attempt is over and nothing was connected.",
)
class StartedBySomebodyElse(ConnectionProblem):
    pass


@tells(
    refusals.ConsentWasDeclined, ProblemCode.CONSENT_DECLINED, "The person said no at the service."
)
class ConsentDeclined(ConnectionProblem):
    pass


@tells(
    refusals.ApprovalRequired,
    ProblemCode.APPROVAL_REQUIRED,
    "The organization of the account must approve first. Whoever is not connected yet can sign in "
    "with another account: `startCalendarConnection` with `chooseAccount`.",
)
class ApprovalRequired(ConnectionProblem):
    pass


@tells(
    refusals.ScopeMissing,
    ProblemCode.SCOPE_MISSING,
    "Reading free and busy times was left unticked, or lasting access was not given.",
)
class ScopeMissing(ConnectionProblem):
    pass


@tells(
    refusals.AccountWithoutCalendar,
    ProblemCode.ACCOUNT_WITHOUT_CALENDAR,
    "The account has no calendar. Whoever is not connected yet can sign in with another account.",
)
class AccountWithoutCalendar(ConnectionProblem):
    pass


@tells(
    refusals.WrongAccount,
    ProblemCode.WRONG_ACCOUNT,
    "A different account from the one that is to be reconnected.",
)
class WrongAccount(ConnectionProblem):
    pass


@tells(refusals.AccountTaken, ProblemCode.ACCOUNT_TAKEN, "The account cannot be connected.")
class AccountTaken(ConnectionProblem):
    pass


@tells(
    refusals.ProviderDown,
    ProblemCode.PROVIDER_DOWN,
    "The service cannot be reached right now. Nothing was changed. With `TRY_LATER` the same "
    "handle still works; otherwise a new connection has to be started.",
)
class ProviderDown(ConnectionProblem):
    retry_after_seconds: int | None = strawberry.field(
        description="When to try again, if the service said so."
    )

    @classmethod
    def of(cls, refusal: refusals.ProviderDown) -> Self:
        wait = refusal.retry_after
        seconds = None if wait is None else int(wait.total_seconds())
        return cls(**cls.shown(refusal), retry_after_seconds=seconds)


@tells(
    refusals.NotAvailableHere,
    ProblemCode.NOT_AVAILABLE_HERE,
    "The service is not set up correctly here. The operator has been told.",
)
class NotAvailableHere(ConnectionProblem):
    pass
