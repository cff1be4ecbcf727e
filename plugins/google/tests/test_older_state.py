"""A sandbox takes up the state that its first version wrote."""

from __future__ import annotations

import json

from together_google import GoogleSandbox

ADA = "ada@saltmarsh.example.org"
SCOPES = ["https://www.googleapis.com/auth/calendar.freebusy"]
SWITCHES = {
    "down": False, "throttled": "", "retry_after": "", "slow_seconds": 0.0, "nonsense": False,
    "odd_answers": False, "lost_replies": 0, "meet_pending_polls": 0, "meet_refused": True,
    "meet_fails": False, "foreign_links": False, "unreadable": {}, "admin_blocked": [],
    "per_minute": 600,
}  # fmt: skip
FIRST = {
    "world": {
        "client_id": "one.apps.sandbox.test",
        "client_secret": "sandbox-secret",
        "people": {
            ADA: {
                "email": ADA, "name": "Ada Lindqvist", "zone": "Europe/Stockholm", "sub": "17",
                "has_calendar": True,
            }
        },
        "books": {
            ADA: {
                "id": ADA, "owner": ADA, "name": "Ada Lindqvist", "zone": "Europe/Stockholm",
                "meet": True, "readers": {},
                "events": {"one": {"body": {"id": "one"}, "polls_left": 0, "requests": []}},
                "invited": {},
            }
        },
        "codes": {
            "code": {
                "email": ADA, "redirect_uri": "https://a.example.org", "challenge": "c",
                "scopes": SCOPES, "offline": True, "expires_at": 1,
            }
        },
        "access": {
            "at": {"email": ADA, "scopes": SCOPES, "expires_at": 1, "refresh_token": "rt"}
        },
        "refresh": {
            "rt": {"email": ADA, "scopes": SCOPES, "expires_at": None, "refresh_token": None}
        },
        "consented": [ADA],
        "mails": [],
    },
    "switches": SWITCHES,
}  # fmt: skip


SECOND = {
    **FIRST["world"],
    "service_accounts": {}, "delegations": {},
    "forgotten": 2,
    "channels": {
        "one": {
            "id": "one", "email": ADA, "client_id": None, "book": ADA, "resource_id": "r",
            "address": "https://a.example.org/n", "token": "t", "expires_at": 2, "told": 1,
            "number": 7,
        }
    },
}  # fmt: skip
"""What a world held when it first told of changes."""


def within(whole, part):
    """Leave of a value what another one names, all the way down."""
    if isinstance(part, dict):
        return {name: within(whole[name], value) for name, value in part.items()}
    return whole


def test_a_state_of_the_first_version_is_taken_up():
    """Whoever had consented then is connected still; what came later is empty."""
    sandbox = GoogleSandbox()
    sandbox.load(json.loads(json.dumps(FIRST)))
    now = json.loads(json.dumps(sandbox.dump()))
    assert within(now, FIRST) == FIRST
    later = {name: value for name, value in now["world"].items() if name not in FIRST["world"]}
    assert not any(later.values())


def test_what_is_watched_is_watched_still():
    """Channels are taken up, and what calendars had told by then."""
    state = json.loads(json.dumps({"world": SECOND, "switches": SWITCHES}))
    state["world"]["books"][ADA] |= {"version": 3, "changed": {"one": 3}}
    sandbox = GoogleSandbox()
    sandbox.load(state)
    assert within(json.loads(json.dumps(sandbox.dump())), state) == state


def test_an_older_calendar_is_followed_from_nothing():
    """Events that were there before changes were counted have not changed."""
    sandbox = GoogleSandbox()
    sandbox.load(json.loads(json.dumps(FIRST)))
    book = sandbox.world.books[ADA]
    assert (book.version, book.changed) == (0, {})
