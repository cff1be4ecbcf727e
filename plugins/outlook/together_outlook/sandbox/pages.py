"""The sandbox's pages, as a person sees them: plain forms, no script, nothing from elsewhere."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import urlencode

from starlette.responses import Response

from together.testing import pages
from together_outlook.sandbox.refusals import OAuthError, stamp
from together_outlook.sandbox.world import Person

SCOPE_WORDS: Mapping[str, str] = {
    "openid": "Sign you in",
    "profile": "View your basic profile",
    "email": "View your e-mail address",
    "offline_access": "Maintain access to data you have given it access to",
    "User.Read": "Sign you in and read your profile",
    "Calendars.ReadBasic": "Read when you are busy, and the basic details of your events",
    "Calendars.Read": "Read your calendars",
    "Calendars.ReadWrite": "Have full access to your calendars",
}
ROLE_WORDS: Mapping[str, str] = {
    "Calendars.ReadBasic.All": "Read when anybody is busy, and the basic details of their events",
    "Calendars.Read": "Read calendars in all mailboxes",
    "Calendars.ReadWrite": "Read and write calendars in all mailboxes",
}

MAIN = ' class="main"'
STYLE = """
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #eceff3;
  color: #1b1b1b; }
main { background: #fff; padding: 36px 44px; margin: 16px; max-width: 400px;
  width: calc(100% - 120px); box-shadow: 0 2px 6px #0003; }
h1 { font-size: 1.5rem; font-weight: 600; line-height: 1.25; margin: 0 0 12px; }
.note { background: #fff4ce; color: #433500; padding: 6px 12px; font-size: .85rem;
  margin: 0 0 20px; }
.who { display: block; padding: 10px 12px; color: inherit; text-decoration: none;
  border: 1px solid #c8c6c4; margin: 8px 0; }
.who:hover, .who:focus { background: #f3f2f1; }
small { display: block; color: #5e5c5a; }
.scopes { padding: 0; list-style: none; }
.scopes li { padding: 8px 0; border-top: 1px solid #e1dfdd; }
.trace { font-size: .8rem; color: #5e5c5a; overflow-wrap: anywhere; }
.buttons { display: flex; flex-wrap: wrap; gap: 8px; justify-content: flex-end; margin-top: 24px; }
.app { border-top: 1px solid #e1dfdd; padding: 12px 0; }
input[type=text] { font: inherit; width: 100%; box-sizing: border-box; }
button { font: inherit; padding: 6px 20px; min-width: 108px; border: 1px solid #0067b8;
  background: #fff; color: #0067b8; cursor: pointer; }
button.main { background: #0067b8; color: #fff; }
@media (prefers-color-scheme: dark) {
  body { background: #1b1a19; color: #f3f2f1; } main { background: #0f0f0f; }
  .who:hover, .who:focus { background: #292827; } small, .trace { color: #a8a6a4; }
  button { background: #0f0f0f; color: #7cc0f8; border-color: #7cc0f8; }
  button.main { background: #7cc0f8; color: #00305a; }
}
"""


def chooser(query: Mapping[str, str], people: Iterable[Person]) -> Response:
    """Ask which account; each is a link to what comes next."""
    lines = [
        f'<a class="who" href="?{escape(urlencode({**query, "account": person.email}))}">'
        f"{escape(person.name)}<small>{escape(person.email)} – {_kind(person)}</small></a>"
        for person in people
    ]
    nobody = "<p>This sandbox has no accounts yet.</p>"
    return page("Pick an account", "\n".join(lines) or nobody)


def consent(query: Mapping[str, str], person: Person, scopes: Iterable[str]) -> Response:
    """Ask for consent to everything or nothing; Accept and Cancel are the two buttons."""
    lines = "\n".join(
        f"<li>{escape(SCOPE_WORDS.get(scope, scope))}<small>{escape(scope)}</small></li>"
        for scope in scopes
    )
    return page(
        "Permissions requested",
        f"""{_other_account(query, person, "use another account")}
<p>Together, an app that this sandbox knows, would like to:</p>
<ul class="scopes">
{lines}
</ul>
{_form(query, person, cancel="Cancel", allow="Accept")}""",
    )


def admin_consent(query: Mapping[str, str], person: Person, roles: Iterable[str]) -> Response:
    """Ask for consent on behalf of an organization, to everything or nothing."""
    lines = "\n".join(
        f"<li>{escape(ROLE_WORDS.get(role, role))}<small>{escape(role)}</small></li>"
        for role in roles
    )
    return page(
        "Permissions requested: review for your organization",
        f"""{_other_account(query, person, "use another account")}
<p>Together, an app that this sandbox knows, would like to do this for everybody at
<b>{escape(person.domain)}</b>, without any of them being asked:</p>
<ul class="scopes">
{lines}
</ul>
{_form(query, person, cancel="Cancel", allow="Accept")}""",
    )


def approval(query: Mapping[str, str], person: Person) -> Response:
    """Say that an administrator must approve the app first."""
    return page(
        "Need admin approval",
        f"""<p><b>Together</b> asks for permissions that only an administrator of your
organization can give. Ask one of them to approve the app, then come back.</p>
{_other_account(query, person, "have an admin account? Sign in with that account")}
{_form(query, person, blocked="Return to the application without granting consent")}""",
    )


def wrong_account(
    query: Mapping[str, str], person: Person, error: OAuthError, *, now: int
) -> Response:
    """Say that this account cannot sign in at this address, and offer another."""
    inside = _other_account(query, person, "sign out and use a different account")
    return page("Selected user account does not fit", inside + _trace(error, now=now), status=400)


def refused(error: OAuthError, *, now: int) -> Response:
    """Say what is wrong with the request; like Microsoft, without going back to the app."""
    title = "Sorry, but we’re having trouble signing you in."
    return page(title, _trace(error, now=now), status=400)


def _form(query: Mapping[str, str], person: Person, **buttons: str) -> str:
    """Write the form of a page; the last of its buttons is the main one."""
    *_, main = buttons
    drawn = "\n".join(
        f'<button{MAIN if name == main else ""} name="decision" value="{name}">{words}</button>'
        for name, words in buttons.items()
    )
    return f"""<form method="post" action="?{escape(urlencode(query))}">
<input type="hidden" name="account" value="{escape(person.email)}">
<div class="buttons">{drawn}</div></form>"""


def _other_account(query: Mapping[str, str], person: Person, words: str) -> str:
    others = {name: value for name, value in query.items() if name not in ("account", "login_hint")}
    again = escape(urlencode({**others, "prompt": "select_account"}))
    return (
        f'<a class="who" href="?{again}">{escape(person.name)}'
        f"<small>{escape(person.email)} – {escape(words)}</small></a>"
    )


def _trace(error: OAuthError, *, now: int) -> str:
    return f"""<p>AADSTS{error.number}: {escape(error.words)}</p>
<p class="trace">Request Id: {uuid.uuid4()}<br>Correlation Id: {uuid.uuid4()}<br>
Timestamp: {stamp(now)}</p>"""


def _kind(person: Person) -> str:
    return "personal account" if person.personal else "work or school account"


def page(title: str, inside: str, *, status: int = 200) -> Response:
    return pages.page(title, inside, service="Microsoft", style=STYLE, status=status)
