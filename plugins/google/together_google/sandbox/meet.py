"""Meet conferences of the sandbox, which are made a while after they were asked for."""

from __future__ import annotations

import hashlib
from typing import Any

from together_google.sandbox import refusals
from together_google.sandbox.switches import Switches
from together_google.sandbox.world import Book, StoredEvent

MEET = "hangoutsMeet"


def request_meeting(switches: Switches, book: Book, stored: StoredEvent, conference: Any) -> None:
    """Take a request for a conference.  One whose id was seen before is ignored."""
    request = conference.get("createRequest") if isinstance(conference, dict) else None
    if not isinstance(request, dict):
        return
    key, request_id = request.get("conferenceSolutionKey"), request.get("requestId")
    if not isinstance(request_id, str) or not request_id:
        raise refusals.required("Missing conference request ID.")
    kind = key.get("type") if isinstance(key, dict) else MEET
    if kind != MEET or switches.meet_refused or not book.meet:
        raise refusals.meet_refused()
    if request_id in stored.requests:
        return
    stored.requests.append(request_id)
    stored.polls_left = switches.meet_pending_polls
    pending = {
        "requestId": request_id,
        "conferenceSolutionKey": {"type": MEET},
        "status": {"statusCode": "pending"},
    }
    stored.body["conferenceData"] = {"createRequest": pending}
    if stored.polls_left == 0:
        finish(switches, stored)


def poll(switches: Switches, stored: StoredEvent) -> bool:
    """Come one read closer to the link, and say whether this read has made it."""
    if stored.polls_left == 0:
        return False
    stored.polls_left -= 1
    if stored.polls_left == 0:
        finish(switches, stored)
    return stored.polls_left == 0


def finish(switches: Switches, stored: StoredEvent) -> None:
    """Make the link, or fail to."""
    request = stored.body["conferenceData"]["createRequest"]
    status = "failure" if switches.meet_fails else "success"
    request = {**request, "status": {"statusCode": status}}
    if status == "failure":
        stored.body["conferenceData"] = {"createRequest": request}
        return
    code = meeting_code(request["requestId"])
    host = "meet.example.net" if switches.foreign_links else "meet.google.com"
    uri = f"https://{host}/{code}"
    stored.body["conferenceData"] = {
        "createRequest": request,
        "entryPoints": [{"entryPointType": "video", "uri": uri, "label": f"{host}/{code}"}],
        "conferenceSolution": {
            "key": {"type": MEET},
            "name": "Google Meet",
            "iconUri": "https://fonts.gstatic.com/s/i/productlogos/meet_2020q4/v6/web-512dp/logo.png",
        },
        "conferenceId": code,
    }
    stored.body["hangoutLink"] = uri


def meeting_code(request_id: str) -> str:
    """Give a code in Meet's form, abc-defg-hij, the same for the same request."""
    digest = hashlib.sha256(request_id.encode()).digest()
    letters = "".join(chr(ord("a") + byte % 26) for byte in digest[:10])
    return f"{letters[:3]}-{letters[3:7]}-{letters[7:]}"
