"""What a member can do next about their calendar, whatever just came of it."""

from __future__ import annotations

from enum import StrEnum


class NextStep(StrEnum):
    """A way on.  A frontend draws a button for each, in the order given."""

    CONNECT = "CONNECT"
    CHOOSE_ACCOUNT = "CHOOSE_ACCOUNT"
    CHOOSE_PROVIDER = "CHOOSE_PROVIDER"
    RECONNECT = "RECONNECT"
    ALLOW_MORE = "ALLOW_MORE"
    CHOOSE_CALENDARS = "CHOOSE_CALENDARS"
    DISCONNECT = "DISCONNECT"
    TRY_LATER = "TRY_LATER"
    ASK_ADMINISTRATOR = "ASK_ADMINISTRATOR"
