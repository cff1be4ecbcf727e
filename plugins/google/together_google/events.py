"""Events as Google writes them: what is sent for a draft, and what is read back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

from together.providers import shapes
from together.providers.errors import Gone, Misconfigured
from together.providers.values import Answer, Event, EventDraft, Meeting
from together_google.times import event_span, event_times

MEET = "hangoutsMeet"

_ANSWERS = {
    "needsAction": Answer.NEEDS_ACTION,
    "accepted": Answer.ACCEPTED,
    "tentative": Answer.TENTATIVE,
    "declined": Answer.DECLINED,
}


def new_event(draft: EventDraft) -> dict[str, Any]:
    """Say the draft as a new event, without its meeting."""
    times = event_times(draft.span)
    body: dict[str, Any] = {
        "id": draft.key,
        "summary": draft.title,
        "start": _said(times["start"]),
        "end": _said(times["end"]),
        "transparency": "opaque",
        "guestsCanModify": False,
        "guestsCanInviteOthers": False,
    }
    if draft.guests:
        body["attendees"] = [{"email": guest} for guest in draft.guests]
    if draft.place is not None:
        body["location"] = draft.place
    return body


def changed_event(draft: EventDraft, *, stands: Mapping[str, Any]) -> dict[str, Any]:
    """Say the draft as a patch of the event that stands.

    A patch replaces a list whole, so the guests who stay are sent as they are, with their
    answers; the list is left out where nobody comes or goes.
    """
    body: dict[str, Any] = {
        "summary": draft.title,
        **event_times(draft.span),
        "location": draft.place or "",
        "transparency": "opaque",
        "guestsCanModify": False,
        "guestsCanInviteOthers": False,
    }
    kept = {
        guest["email"].casefold(): {"email": guest["email"], "responseStatus": answer}
        for guest, answer in _guests(stands)
    }
    wanted = {guest.casefold(): {"email": guest} for guest in draft.guests}
    if kept.keys() != wanted.keys():
        hosts = [
            {"email": host["email"], "responseStatus": answer}
            for host, answer in _people(stands)
            if shapes.maybe(host, "organizer", bool)
        ]
        guests = [kept.get(address, guest) for address, guest in wanted.items()]
        body["attendees"] = hosts + guests
    return body


def meet_request(request_id: str) -> dict[str, Any]:
    """Ask for a Meet conference.  The same id again is ignored by Google."""
    solution = {"type": MEET}
    return {"createRequest": {"requestId": request_id, "conferenceSolutionKey": solution}}


def read_event(
    body: Any, *, calendar_id: str, zone: ZoneInfo, meet_hosts: Collection[str]
) -> Event:
    """Read an event as it stands.  A cancelled one is `Gone`: Google still gives it out."""
    refuse_cancelled(body)
    meeting, pending = _meeting(body, meet_hosts)
    return Event(
        id=shapes.text(body, "id"),
        calendar_id=calendar_id,
        span=event_span(body, zone),
        meeting=meeting,
        meeting_pending=pending,
        answers={
            guest["email"].casefold(): _ANSWERS.get(answer, Answer.NEEDS_ACTION)
            for guest, answer in _guests(body)
        },
    )


def refuse_cancelled(body: Any) -> None:
    if shapes.maybe(body, "status", str) == "cancelled":
        raise Gone(code="cancelled")


def carries_meeting(body: Any) -> bool:
    """Say whether the event has a Meet link, or one that is being made."""
    conference = shapes.maybe(body, "conferenceData", dict)
    return conference is not None and (_is_meet(conference) or _status(conference) == "pending")


def carries_conference(body: Any) -> bool:
    """Say whether somebody has put a conference there, of whatever maker."""
    conference = shapes.maybe(body, "conferenceData", dict) or {}
    return shapes.maybe(conference, "conferenceSolution", dict) is not None


def _said(time: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in time.items() if value is not None}


def _guests(body: Any) -> list[tuple[dict[str, Any], str]]:
    """Leave the organizer out, whose answer nobody waits for."""
    return [pair for pair in _people(body) if not shapes.maybe(pair[0], "organizer", bool)]


def _people(body: Any) -> list[tuple[dict[str, Any], str]]:
    """Read whoever takes part and has an address, and what each has answered."""
    return [
        (person, shapes.maybe(person, "responseStatus", str) or "needsAction")
        for person in shapes.maybe(body, "attendees", list) or []
        if shapes.maybe_text(person, "email")
    ]


def _meeting(body: Any, hosts: Collection[str]) -> tuple[Meeting | None, bool]:
    """Read the Meet link, and whether it is still being made.

    Conferences of other makers stand in the same place; a link elsewhere is not believed.
    """
    conference = shapes.maybe(body, "conferenceData", dict)
    if conference is None:
        return None, False
    for point in shapes.maybe(conference, "entryPoints", list) or []:
        if _is_meet(conference) and shapes.maybe(point, "entryPointType", str) == "video":
            with suppress(Misconfigured):
                name = shapes.text(conference, "conferenceId")
                return shapes.meeting(name, shapes.text(point, "uri"), hosts=hosts), False
    return None, _status(conference) == "pending"


def _is_meet(conference: Any) -> bool:
    solution = shapes.maybe(conference, "conferenceSolution", dict) or {}
    key = shapes.maybe(solution, "key", dict) or {}
    return shapes.maybe(key, "type", str) == MEET


def _status(conference: Any) -> str | None:
    request = shapes.maybe(conference, "createRequest", dict) or {}
    status = shapes.maybe(request, "status", dict) or {}
    return shapes.maybe(status, "statusCode", str)
