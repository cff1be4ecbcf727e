"""Every error body of Microsoft's is told apart, by who can do something about it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from together_outlook.errors import decipher
from together_outlook.oauth import API_URL, outlook_oauth

from together.providers import (
    AdminApprovalRequired,
    AuthorizationExpired,
    ConsentDeclined,
    Misconfigured,
    NeedsTime,
    ProviderUnavailable,
)

REPLIES = json.loads((Path(__file__).parent / "replies.json").read_text("utf-8"))
NAMES = [f"{n}-{reply['status']}-{reply['kind']}" for n, reply in enumerate(REPLIES)]
OAUTH = outlook_oauth({"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}, api_url=API_URL)
TRACE = "Trace ID: 7c0b Correlation ID: 9a1e Timestamp: 2026-11-24 06:00:00Z"


@pytest.mark.parametrize("reply", REPLIES, ids=NAMES)
def test_each_body_has_one_meaning(reply):
    """The kind, the status, Graph's code and its request id are kept of a reply, and no more."""
    error = decipher(reply["status"], {"request-id": "b0282b45"}, reply["body"])
    body = reply["body"]
    code = body["error"]["code"] if isinstance(body, dict) else None
    assert (type(error).__name__, error.status, error.code, error.request_id) == (
        reply["kind"],
        reply["status"],
        code if isinstance(code, str) else None,
        "b0282b45",
    )
    assert str(error) == type(error).words


def test_every_reply_names_its_source():
    """Nobody has to guess where a recorded reply comes from."""
    assert [reply for reply in REPLIES if not reply["source"]] == []


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "7"}, timedelta(seconds=7)),
        ({"retry-after": "0"}, timedelta(seconds=1)),
        ({"retry-after": "999999"}, timedelta(hours=6)),
        (
            {
                "retry-after": "Tue, 24 Nov 2026 06:01:30 GMT",
                "date": "Tue, 24 Nov 2026 06:00:00 GMT",
            },
            timedelta(seconds=90),
        ),
        ({}, None),
    ],
    ids=["seconds", "at once", "too long", "date", "unsaid"],
)
@pytest.mark.parametrize(
    ("status", "code"), [(429, "ApplicationThrottled"), (503, "serviceNotAvailable"), (504, "x")]
)
def test_waiting_is_what_graph_says(status, code, headers, wait):
    """A Retry-After is kept to, in seconds or as a date, and within bounds."""
    error = decipher(status, headers, {"error": {"code": code, "message": ""}})
    assert isinstance(error, NeedsTime)
    assert error.retry_after == wait


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_success_is_no_error(status):
    """What succeeded is not refused, whatever its body says."""
    assert decipher(status, {}, {"error": {"code": "ErrorItemNotFound"}}) is None


@pytest.mark.parametrize(
    ("error", "description", "kind"),
    [
        ("access_denied", f"AADSTS65004: User declined to consent. {TRACE}", ConsentDeclined),
        ("access_denied", "the user canceled the authentication", ConsentDeclined),
        ("access_denied", "", ConsentDeclined),
        ("access_denied", f"AADSTS90094: An administrator … {TRACE}", AdminApprovalRequired),
        ("access_denied", f"AADSTS90095: Admin approval pending. {TRACE}", AdminApprovalRequired),
        ("access_denied", f"AADSTS65001: Nobody has consented. {TRACE}", AdminApprovalRequired),
        ("consent_required", f"AADSTS65001: x. {TRACE}", AdminApprovalRequired),
        ("interaction_required", "", ConsentDeclined),
        ("access_denied", "AADSTS900940", ConsentDeclined),
        ("invalid_grant", f"AADSTS90094: x. {TRACE}", Misconfigured),
        ("invalid_request", f"AADSTS90094: x. {TRACE}", Misconfigured),
        ("invalid_client", f"AADSTS650053: x. {TRACE}", Misconfigured),
        ("unauthorized_client", f"AADSTS700016: x. {TRACE}", Misconfigured),
        ("server_error", "", ProviderUnavailable),
        ("temporarily_unavailable", f"AADSTS90033: x. {TRACE}", ProviderUnavailable),
        ("never_seen", "", Misconfigured),
    ],
)
def test_what_comes_back_from_the_consent_page(error, description, kind):
    """A number in the text chooses between “no” and “ask your administrator”, and no more."""
    refusal = OAUTH.refused_at_consent(error, description)
    told = None if error == "never_seen" else error  # only what a table knows is kept
    assert (type(refusal), refusal.code, str(refusal)) == (kind, told, kind.words)


@pytest.mark.parametrize(
    ("error", "description", "kind"),
    [
        ("invalid_grant", "AADSTS700082: The refresh token has expired.", AuthorizationExpired),
        ("invalid_grant", "AADSTS70008: The code or token has expired.", AuthorizationExpired),
        ("invalid_grant", "AADSTS50173: The grant was revoked.", AuthorizationExpired),
        ("invalid_grant", "AADSTS70043: Sign-in frequency.", AuthorizationExpired),
        ("invalid_grant", "AADSTS65001: Nobody has consented.", AuthorizationExpired),
        ("interaction_required", "AADSTS50076: MFA is needed.", AuthorizationExpired),
        ("consent_required", "", AuthorizationExpired),
        ("invalid_grant", "AADSTS90094: x.", AdminApprovalRequired),
        ("invalid_client", "AADSTS7000215: Invalid client secret.", Misconfigured),
        ("invalid_client", "AADSTS7000222: The secret has expired.", Misconfigured),
        ("unauthorized_client", "AADSTS700038: No valid identifier.", Misconfigured),
        ("invalid_resource", "AADSTS500011: No such resource.", Misconfigured),
        ("unsupported_grant_type", "AADSTS70003: x.", Misconfigured),
        ("temporarily_unavailable", "AADSTS90033: x.", ProviderUnavailable),
        ("never_seen", "", Misconfigured),
    ],
)
def test_what_the_token_endpoint_refuses_with(error, description, kind):
    """A grant that is dead by whatever number asks the person to reconnect, and nothing else."""
    assert type(OAUTH.refusal(error, description)) is kind
