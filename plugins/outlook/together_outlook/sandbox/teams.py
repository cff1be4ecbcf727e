"""Teams meetings of the sandbox: made with an event, and joined by a link in its text too."""

from __future__ import annotations

import base64
import html
import json
import uuid
from typing import Any
from urllib.parse import quote

from together_outlook.sandbox import texts
from together_outlook.sandbox.switches import Switches
from together_outlook.sandbox.world import Book, Person, StoredEvent

TEAMS = "teamsForBusiness"
NONE = {"isOnlineMeeting": False, "onlineMeetingProvider": "unknown", "onlineMeeting": None}


def allowed(switches: Switches, book: Book) -> list[str]:
    """Say which kinds of meetings a calendar allows; a personal one allows none."""
    return [TEAMS] if book.teams and not switches.teams_refused else []


def request_meeting(
    switches: Switches, book: Book, person: Person, stored: StoredEvent, provider: str
) -> None:
    """Take a request for a meeting.

    Where none is allowed the event stays without: that it is not refused is a guess.
    """
    if provider not in allowed(switches, book):
        return
    stored.body |= {"isOnlineMeeting": True, "onlineMeetingProvider": TEAMS, "onlineMeeting": None}
    stored.polls_left = switches.teams_pending_polls
    if stored.polls_left == 0:
        finish(switches, person, stored)


def poll(switches: Switches, person: Person, stored: StoredEvent) -> None:
    """Come one read closer to the link."""
    if stored.polls_left == 0:
        return
    stored.polls_left -= 1
    if stored.polls_left == 0:
        finish(switches, person, stored)


def finish(switches: Switches, person: Person, stored: StoredEvent) -> None:
    """Make the link and write it below the event's text, or fail to."""
    if switches.teams_fails:
        return
    host = "teams.example.net" if switches.foreign_links else "teams.microsoft.com"
    code = base64.b64encode(f"meeting_{uuid.uuid4()}".encode()).decode()
    context = quote(json.dumps({"Tid": person.tid, "Oid": person.oid}, separators=(",", ":")))
    thread = quote(f"19:meeting_{code}@thread.v2", safe="")
    link = f"https://{host}/l/meetup-join/{thread}/0?context={context}"
    stored.body["onlineMeeting"] = {"joinUrl": link}
    texts.write(stored.body, stored.body["body"]["content"] + _blob(link))


def keep_or_end(body: dict[str, Any]) -> None:
    """End the meeting of an event whose new text has lost the part about it."""
    meeting = body["onlineMeeting"]
    if meeting is not None and html.escape(meeting["joinUrl"]) not in body["body"]["content"]:
        body |= NONE


def _blob(link: str) -> str:
    return (
        '<div class="me-email-text"><p>Microsoft Teams meeting</p>'
        f'<p><a href="{html.escape(link)}">Join the meeting now</a></p></div>'
    )
