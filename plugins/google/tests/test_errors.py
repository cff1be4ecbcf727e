"""Every error body of Google's is told apart, by who can do something about it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from together_google import oauth
from together_google.errors import decipher

from together.providers import (
    AdminApprovalRequired,
    AuthorizationExpired,
    ConsentDeclined,
    Misconfigured,
    ProviderUnavailable,
)

REPLIES = json.loads((Path(__file__).parent / "replies.json").read_text("utf-8"))
NAMES = [f"{n}-{reply['status']}-{reply['kind']}" for n, reply in enumerate(REPLIES)]
OAUTH = oauth.google_oauth({"CLIENT_ID": "id", "CLIENT_SECRET": "secret"})


@pytest.mark.parametrize("reply", REPLIES, ids=NAMES)
def test_each_body_has_one_meaning(reply):
    """The kind, the status and Google's own short code are kept of a reply, and no more."""
    error = decipher(reply["status"], {}, reply["body"])
    body = reply["body"]
    found = body["error"]["errors"] if isinstance(body, dict) else None
    code = found[0]["reason"] if isinstance(found, list) else None
    assert (type(error).__name__, error.status, error.code) == (
        reply["kind"],
        reply["status"],
        code,
    )
    assert str(error) == type(error).words


@pytest.mark.parametrize("reply", [r for r in REPLIES if r["kind"] == "RateLimited"])
def test_waiting_is_what_google_says_or_what_the_quota_needs(reply):
    """A Retry-After is kept to; the cap against abuse is left alone for an hour unasked."""
    unasked = timedelta(seconds=reply["wait"]) if "wait" in reply else None
    assert decipher(reply["status"], {}, reply["body"]).retry_after == unasked
    asked = decipher(reply["status"], {"retry-after": "7"}, reply["body"])
    assert asked.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_success_is_no_error(status):
    """What succeeded is not refused, whatever its body says."""
    assert decipher(status, {}, {"error": "not really"}) is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("access_denied", ConsentDeclined),
        ("admin_policy_enforced", AdminApprovalRequired),
        ("org_internal", AdminApprovalRequired),
        ("disallowed_useragent", Misconfigured),
        ("redirect_uri_mismatch", Misconfigured),
        ("invalid_client", Misconfigured),
        ("deleted_client", Misconfigured),
        ("invalid_grant", Misconfigured),
        ("temporarily_unavailable", ProviderUnavailable),
        ("never_seen", Misconfigured),
    ],
)
def test_what_comes_back_from_the_consent_page(error, kind):
    """Each error of the authorization step says who must act; a callback expires no consent."""
    assert type(OAUTH.refused_at_consent(error)) is kind


@pytest.mark.parametrize(
    ("error", "description", "kind"),
    [
        ("invalid_grant", "Token has been expired or revoked.", AuthorizationExpired),
        ("invalid_client", "Unauthorized", Misconfigured),
        ("unauthorized_client", "Client is unauthorized to retrieve access tokens", Misconfigured),
        ("admin_policy_enforced", "", AdminApprovalRequired),
        ("redirect_uri_mismatch", "Bad Request", Misconfigured),
        ("never_seen", "", Misconfigured),
    ],
)
def test_what_the_token_endpoint_refuses_with(error, description, kind):
    """Only a dead grant asks the person to reconnect."""
    assert type(OAUTH.refusal(error, description)) is kind
