"""The sandbox's pages, as a person sees them: plain forms, no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import urlencode

from starlette.responses import Response

from together.testing import pages
from together_google.sandbox.world import Person

SCOPE_WORDS: Mapping[str, str] = {
    "https://www.googleapis.com/auth/calendar.freebusy": "See when you are busy, and nothing else",
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly": (
        "See the list of your calendars"
    ),
    "https://www.googleapis.com/auth/calendar.events.owned": (
        "See, make, change and delete events in the calendars you own"
    ),
}

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f0f4f9;
  color: #1f1f1f; }
main { background: #fff; border-radius: 24px; padding: 32px; margin: 16px; max-width: 440px;
  width: calc(100% - 96px); box-shadow: 0 1px 4px #0003; }
h1 { font-size: 1.5rem; font-weight: 500; margin: 0 0 8px; }
.note { background: #fff4d6; color: #4a3600; border-radius: 8px; padding: 6px 12px;
  font-size: .85rem; margin: 0 0 20px; }
.who { display: block; padding: 10px 12px; border-radius: 12px; color: inherit;
  text-decoration: none; border: 1px solid #c4c7c5; margin: 8px 0; }
.who:hover, .who:focus { background: #e8f0fe; }
.who small, .scope small { display: block; color: #5f6368; }
.scope { display: flex; gap: 12px; padding: 10px 0; border-top: 1px solid #e3e3e3; }
.scope { margin: 0; }
.scope input { width: 18px; height: 18px; flex: none; margin-top: 3px; }
.buttons { display: flex; gap: 12px; justify-content: flex-end; margin-top: 24px; }
button { font: inherit; padding: 8px 24px; border-radius: 20px; border: 1px solid #0b57d0;
  background: #fff; color: #0b57d0; cursor: pointer; }
button.main { background: #0b57d0; color: #fff; }
label { display: block; margin: 12px 0; }
label input { display: block; box-sizing: border-box; width: 100%; padding: 8px; font: inherit; }
.client { border-top: 1px solid #e3e3e3; margin-top: 20px; }
code { overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) {
  body { background: #1e1f20; color: #e3e3e3; } main { background: #0e0e0e; }
  .who:hover, .who:focus { background: #28292a; } .who small, .scope small { color: #a0a4a8; }
  button { background: #0e0e0e; color: #a8c7fa; border-color: #a8c7fa; }
  button.main { background: #a8c7fa; color: #062e6f; }
}
"""


def chooser(query: Mapping[str, str], people: Iterable[Person]) -> Response:
    """Ask which account; each is a link to the consent page."""
    lines = [
        f'<a class="who" href="?{escape(urlencode({**query, "authuser": person.email}))}">'
        f"{escape(person.name)}<small>{escape(person.email)}</small></a>"
        for person in people
    ]
    nobody = "<p>This sandbox has no accounts yet.</p>"
    return page("Choose an account", "\n".join(lines) or nobody)


def consent(query: Mapping[str, str], person: Person, scopes: Iterable[str]) -> Response:
    """Ask for consent, a box for each scope; Allow and Cancel are the two buttons."""
    boxes = "\n".join(
        f'<label class="scope"><input type="checkbox" name="scope" value="{escape(scope)}" checked>'
        f"<span>{escape(SCOPE_WORDS.get(scope, scope))}<small>{escape(scope)}</small></span>"
        "</label>"
        for scope in scopes
    )
    others = {
        name: value for name, value in query.items() if name not in ("authuser", "login_hint")
    }
    again = escape(urlencode({**others, "prompt": "select_account consent"}))
    return page(
        "Together wants access to your account",
        f"""<a class="who" href="?{again}">{escape(person.name)}
<small>{escape(person.email)} – choose another account</small></a>
<p>It will know your account and its e-mail address. Tick what else it may do:</p>
<form method="post" action="?{escape(urlencode(query))}">
<input type="hidden" name="account" value="{escape(person.email)}">
{boxes}
<div class="buttons"><button name="decision" value="cancel">Cancel</button>
<button class="main" name="decision" value="allow">Allow</button></div>
</form>""",
    )


def blocked(query: Mapping[str, str], person: Person) -> Response:
    """Say that the account's administrator does not allow the app."""
    return page(
        "Access blocked: your administrator needs to review Together",
        f"""<p>{escape(person.email)} belongs to an organization whose administrator has not
approved this app.</p><p>Error 400: <code>admin_policy_enforced</code></p>
<form method="post" action="?{escape(urlencode(query))}">
<input type="hidden" name="account" value="{escape(person.email)}">
<div class="buttons"><button class="main" name="decision" value="blocked">
Return to the application without consent</button></div></form>""",
        status=400,
    )


def refused(error: str, words: str) -> Response:
    """Say what is wrong with the request; like Google, without going back to the app."""
    line = f"<p>{escape(words)}</p><p>Error 400: <code>{escape(error)}</code></p>"
    return page("Access blocked: this app’s request is invalid", line, status=400)


def page(title: str, inside: str, *, status: int = 200) -> Response:
    return pages.page(title, inside, service="Google", style=STYLE, status=status)
