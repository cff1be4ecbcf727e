"""Every expected no of the product, in our words, with what a client needs to go on.

Services raise these; `together.api.problems` shows each as a type of the schema.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from together.services.connections.next_steps import NextStep

if TYPE_CHECKING:
    from together.store.models import Match


class Refusal(Exception):  # noqa: N818  (these are answers, not faults)
    """An expected no.  `words` is shown to people as it is."""

    words: ClassVar[str] = "That is not possible."

    def __init__(self, words: str | None = None) -> None:
        super().__init__(words or self.words)

    @property
    def message(self) -> str:
        return str(self.args[0])


# Signing in


class NotSignedIn(Refusal):
    words = "Send a bearer token in the Authorization header."


class TokenRefused(Refusal):
    words = "This token is not accepted here. Sign in again."


class UnknownMember(Refusal):
    words = "Nobody in this organization signs in with this account. Ask your administrator."


class MemberDeactivated(Refusal):
    words = "Your membership has been deactivated. Ask your administrator."


class SignInUnavailable(Refusal):
    words = "The sign-in service cannot be reached right now. Try again in a minute."


# Reading


class NotFound(Refusal):
    words = "There is nothing with this id."


class Forbidden(Refusal):
    words = "Your role does not allow this."


class InvalidInput(Refusal):
    """A field holds something it cannot hold; `field` is its path in the input."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


class InvalidWindow(InvalidInput):
    """Reversed, empty, too long, in the past or past the horizon."""


class UnknownZone(InvalidInput):
    """Not a name of the IANA time zone database."""

    def __init__(self, field: str, zone: str) -> None:
        super().__init__(
            field, f"“{zone[:64]}” is not an IANA time zone. Use a name such as Europe/Paris."
        )


class DurationNotOffered(InvalidInput):
    def __init__(self, field: str, minutes: int, offered: Sequence[int]) -> None:
        listed = ", ".join(map(str, offered))
        super().__init__(field, f"{minutes} minutes are not offered. Choose one of: {listed}.")
        self.offered = tuple(offered)


class MatchHasEnded(Refusal):
    words = "This match has ended."


# Connecting a calendar


class ConnectionRefusal(Refusal):
    """A connection that came to nothing.  What stood before stands."""

    next_steps: tuple[NextStep, ...] = (NextStep.CONNECT,)
    words_if_connected: ClassVar[str | None] = None
    """Where the others are not true for somebody whose calendar stands."""
    provider: str | None = None
    """Slug of the service it was begun with, where that is known."""


class ProviderUnknown(ConnectionRefusal):
    words = "No calendar service of that name is offered here."
    next_steps = (NextStep.CHOOSE_PROVIDER,)


class ManagedByOrganization(ConnectionRefusal):
    words = "Your organization looks after how calendars are connected, so there is nothing to do."
    next_steps = ()


class AlreadyConnected(ConnectionRefusal):
    words = "A calendar is connected already. Disconnect it first to use another."
    next_steps = (NextStep.DISCONNECT,)


class NotConnected(Refusal):
    words = "No calendar is connected."


class NeedsReconnect(ConnectionRefusal):
    words = "The calendar service asks you to sign in again. Reconnect your calendar first."
    next_steps = (NextStep.RECONNECT,)


class TooManyAttempts(ConnectionRefusal):
    words = "Too many connections were started. Finish one of them, or wait ten minutes."
    next_steps = (NextStep.TRY_LATER,)


class ReturnAddressRefused(Refusal):
    words = "This return address is not allowed here. Ask the operator to list it."


class ConsentNotFound(ConnectionRefusal):
    words = "This connection attempt is unknown, was used already, or has expired. Start again."


class StartedBySomebodyElse(ConnectionRefusal):
    words = "Somebody else started this connection. Nothing was connected. Start your own."


class ConsentWasDeclined(ConnectionRefusal):
    words = (
        "The consent was declined, so nothing was connected. "
        "You can try again, or sign in with a different account."
    )
    words_if_connected = (
        "The consent was declined, so nothing was changed. "
        "You can try again with the same account, or disconnect it."
    )
    next_steps = (NextStep.CHOOSE_ACCOUNT, NextStep.CONNECT)


class ApprovalRequired(ConnectionRefusal):
    words = (
        "The organization of that account has not approved Together. "
        "Ask its administrator, or sign in with a different account."
    )
    words_if_connected = (
        "The organization of that account has not approved Together, so nothing was changed. "
        "Ask its administrator, and sign in again. "
        "To use a different account, disconnect this one first."
    )
    next_steps = (NextStep.CHOOSE_ACCOUNT, NextStep.ASK_ADMINISTRATOR)


class ScopeMissing(ConnectionRefusal):
    words = (
        "Reading your free and busy times was not allowed, so nothing was connected. "
        "Start again and leave that box ticked."
    )
    not_lasting = (
        "Access for longer than an hour or so was not allowed, so nothing was connected. "
        "Start again and allow all that is asked for."
    )


class AccountWithoutCalendar(ConnectionRefusal):
    words = "This account has no calendar. Sign in with a different account."
    words_if_connected = (
        "That account has no calendar, so nothing was changed. Sign in again with the account "
        "that is connected. To use a different one, disconnect first."
    )
    next_steps = (NextStep.CHOOSE_ACCOUNT, NextStep.CHOOSE_PROVIDER)


class WrongAccount(ConnectionRefusal):
    words = (
        "That is a different account from the one connected before. Nothing was changed. "
        "Sign in with the same account, or disconnect first."
    )
    next_steps = (NextStep.RECONNECT, NextStep.DISCONNECT)


class AccountTaken(ConnectionRefusal):
    words = "This account cannot be connected. Sign in with a different account."
    next_steps = (NextStep.CHOOSE_ACCOUNT,)


class ProviderDown(ConnectionRefusal):
    words = "The calendar service cannot be reached right now. Nothing was changed. Try again."
    words_if_over = (
        "The calendar service cannot be reached right now. Nothing was changed. "
        "Start again in a while."
    )
    next_steps = (NextStep.TRY_LATER,)

    def __init__(self, retry_after: timedelta | None = None, *, over: bool = False) -> None:
        """`over`: sending the same again is of no use, so that one starts anew."""
        super().__init__(self.words_if_over if over else None)
        self.retry_after = retry_after
        if over:
            self.next_steps = (NextStep.CONNECT,)


class NotAvailableHere(ConnectionRefusal):
    words = "This calendar service is not available here at the moment. The operator has been told."
    next_steps = (NextStep.CHOOSE_PROVIDER,)


# Booking


class SlotUnavailable(Refusal):
    """One word for another session, its buffer and somebody's cap: never whose, never which."""

    words = "This time is not available. Choose another."

    def __init__(self, alternatives: Sequence[int] = ()) -> None:
        super().__init__()
        self.alternatives = tuple(alternatives)
        """Starts, in epoch seconds."""


class OutsideHours(Refusal):
    words = "This time is outside somebody's weekly hours. Say that you mean it, or choose another."


class TooSoon(Refusal):
    def __init__(self, earliest: int) -> None:
        super().__init__("This time is too soon: sessions need more notice.")
        self.earliest = earliest
        """Epoch seconds."""


class TooFarAhead(Refusal):
    def __init__(self, latest: int) -> None:
        super().__init__("This time is too far ahead to be booked yet.")
        self.latest = latest
        """Epoch seconds."""


class OverBusyTime(Refusal):
    words = "A calendar is busy at this time. Say that you mean it, or choose another."


class KeyReused(Refusal):
    words = "This client key was used for another input. Make a new key for a new request."


class TooManySessions(Refusal):
    words = "This match has as many open sessions as it may have. Hold or cancel some first."


class VideoUnavailable(Refusal):
    words = "This video service cannot be used for your sessions. Choose another, or none."


class SessionIsOver(Refusal):
    words = "This session is over and cannot be cancelled."


class AnswersClosed(Refusal):
    words = "This session cannot be answered any more: it has begun, or was cancelled or changed."


class EmailTaken(Refusal):
    words = "A member with this address exists in your organization."


class AlreadyMatched(Refusal):
    words = "These people are matched in this program already. End that match first."

    def __init__(self, match: Match) -> None:
        super().__init__()
        self.match = match
        """Of the same organization."""
