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
