"""What Graph's calendars refuse with, beside what every endpoint does.

Status and code of those marked "a guess" are not written down in anything at hand.
"""

from __future__ import annotations

from together_outlook.sandbox.refusals import ApiError


def bad_query(message: str) -> ApiError:
    return ApiError(400, "RequestBroker--ParseUri", message)


def bad_payload(message: str) -> ApiError:
    return ApiError(400, "RequestBodyRead", message)


def unknown_property(name: str, kind: str) -> ApiError:
    return bad_payload(
        f"The property '{name}' does not exist on type 'microsoft.graph.{kind}'. Make sure to only"
        " use property names that are defined by the type or mark the type as open type."
    )


def unselectable(name: str, kind: str) -> ApiError:
    return bad_query(f"Could not find a property named '{name}' on type 'microsoft.graph.{kind}'.")


def no_conversion(value: object, name: str) -> ApiError:
    return bad_payload(f"Cannot convert the literal {value!r} of '{name}' to the expected type.")


def failed_validation() -> ApiError:
    """Refuse what an event cannot be, such as one that ends before it begins."""
    words = "At least one property failed validation."
    return ApiError(400, "ErrorPropertyValidationFailure", words)


def not_midnight(edge: str) -> ApiError:
    """Refuse an all-day event within a day.  The code is a guess."""
    words = f"The Event.{edge.title()} property for an all-day event needs to be set to midnight."
    return ApiError(400, "ErrorInvalidRequest", words)


def short_day() -> ApiError:
    words = "The duration of an event marked as All day must be at least 24 hours."
    return ApiError(400, "ErrorInvalidRequest", words)


def unknown_zone(name: str) -> ApiError:
    words = (
        "A valid TimeZone value must be specified. The following TimeZone value is not supported:"
        f" '{name}'."
    )
    return ApiError(400, "TimeZoneNotSupportedException", words)


def bad_recipient() -> ApiError:
    return ApiError(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")


def no_window() -> ApiError:
    words = (
        "This request requires a time window specified by the query string parameters"
        " StartDateTime and EndDateTime."
    )
    return bad_parameter(words)


def bad_parameter(message: str) -> ApiError:
    return ApiError(400, "ErrorInvalidParameter", message)


def long_view() -> ApiError:
    words = (
        "The range between the start and end dates is greater than the allowed range. Maximum"
        " number of days: 1825"
    )
    return ApiError(400, "ErrorInvalidRequest", words)


def long_schedule(days: int) -> ApiError:
    words = (
        "The requested time duration specified for FreeBusyViewOptions.TimeWindow is too long."
        f" The allowed limit = 62 days; the actual limit = {days} days."
    )
    return ApiError(400, "ErrorTimeIntervalTooBig", words)


def empty_schedule() -> ApiError:
    words = "The time duration specified for FreeBusyViewOptions.TimeWindow is invalid."
    return ApiError(400, "ErrorInvalidTimeInterval", words)


def bad_interval() -> ApiError:
    words = (
        "The specified merged free/busy interval is not valid. Specify an interval that is less"
        " than the free/busy time window and  between 5 and 1440 minutes."
    )
    return ApiError(400, "ErrorInvalidMergedFreeBusyInterval", words)


def many_mailboxes(most: int, asked: int) -> ApiError:
    words = (
        "The size of the requested mailbox data array is too big. The allowed size ="
        f" {most}; the actual size = {asked}."
    )
    return ApiError(400, "ErrorMailboxDataArrayTooBig", words)


def duplicate_transaction(status: int) -> ApiError:
    """Refuse a used transactionId.  Both 400 and 409 have been seen by others."""
    words = (
        "Your request can't be completed. The TransactionId specified in the request has already"
        " been used to create a different event."
    )
    return ApiError(status, "ErrorDuplicateTransactionId", words)


def not_the_organizer() -> ApiError:
    """Refuse to cancel for a guest.  The code is a guess."""
    words = "Your request can't be completed. You need to be an organizer to cancel a meeting."
    return ApiError(400, "ErrorInvalidRequest", words)


def organizer_answers() -> ApiError:
    """Refuse an organizer's answer to themselves.  The code is a guess."""
    words = "Your request can't be completed. You can't respond to this meeting because you're the"
    return ApiError(400, "ErrorInvalidRequest", words + " meeting organizer.")


def guests_change() -> ApiError:
    """Refuse a guest's change; at Microsoft they change their own copy, which is not kept here."""
    return ApiError(403, "ErrorAccessDenied", "Only the organizer changes events of this sandbox.")


def changed_meanwhile() -> ApiError:
    words = (
        "The send or update operation could not be performed because the change key passed in the"
        " request does not match the current change key for the item."
    )
    return ApiError(412, "ErrorIrresolvableConflict", words)


def malformed_id() -> ApiError:
    """Refuse what is no id at all; one that Exchange could have given is not found instead."""
    return ApiError(400, "ErrorInvalidIdMalformed", "Id is malformed.")


def calendar_not_found() -> ApiError:
    """Refuse an unknown calendar.  That its code is not that of events is a guess."""
    words = "The specified folder could not be found in the store."
    return ApiError(404, "ErrorFolderNotFound", words)


def work_accounts_only() -> ApiError:
    """Refuse what serves no personal account.  The status is documented; the code is a guess."""
    return ApiError(401, "UnknownError", "")


def unknown_segment(name: str) -> ApiError:
    return ApiError(400, "BadRequest", f"Resource not found for the segment '{name}'.")


def wrong_method() -> ApiError:
    words = "Specified HTTP method is not allowed for the request target."
    return ApiError(405, "Request_BadRequest", words)


def unread(code: str) -> ApiError:
    """Refuse a calendar that a switch makes unreadable."""
    status = 404 if code.endswith("NotFound") else 403
    return ApiError(status, code, "The calendar cannot be read.")


def sync_lost() -> ApiError:
    """Refuse a token of the delta query whose state is gone, as has been seen of an old one."""
    return ApiError(410, "SyncStateNotFound", "The sync state generation is not found.")


def untrackable() -> ApiError:
    words = (
        "The following parameters are not supported with change tracking over the 'CalendarView'"
        " resource: '$orderby, $filter, $select, $expand, $search, $top'."
    )
    return ApiError(400, "ErrorInvalidUrlQuery", words)


def bad_subscription(words: str) -> ApiError:
    return ApiError(400, "InvalidRequest", words)


def wrong_echo() -> ApiError:
    words = (
        "Subscription validation request failed. Notification endpoint must respond with 200 OK to"
        " validation request."
    )
    return ApiError(400, "ValidationError", words)


def nobody_listens() -> ApiError:
    return ApiError(400, "InvalidRequest", "Subscription validation request timed out.")


def no_subscription() -> ApiError:
    return ApiError(404, "ResourceNotFound", "The object was not found.")
