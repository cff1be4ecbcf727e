"""The pages of an administrator at Google: whom a Workspace trusts, and service accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from starlette.responses import Response

from together_google.sandbox.pages import page
from together_google.sandbox.world import Delegated, ServiceAccount


def workspaces(domains: Iterable[str]) -> Response:
    """Ask of which Workspace one is the administrator; each is a link to its page."""
    lines = [
        f'<a class="who" href="?domain={escape(domain)}">{escape(domain)}'
        "<small>as its super administrator</small></a>"
        for domain in domains
    ]
    nobody = "<p>No account of this sandbox is in a Workspace yet.</p>"
    return page("Choose a Workspace", "\n".join(lines) or nobody)


def delegation(domain: str, clients: Mapping[str, Delegated], trouble: str = "") -> Response:
    """Show whom a Workspace trusts with its users, with a form to change each and one to add."""
    known = "\n".join(
        f"""<form class="client" method="post" action="?domain={escape(domain)}">
<input type="hidden" name="client_id" value="{escape(client_id)}">
<p>Client ID <code>{escape(client_id)}</code></p>
<label>OAuth scopes (comma-delimited)
<input type="text" name="scopes" value="{escape(",".join(allowed.scopes))}"></label>
<div class="buttons"><button name="action" value="remove">Delete</button>
<button class="main" name="action" value="authorize">Change</button></div></form>"""
        for client_id, allowed in clients.items()
    )
    return page(
        "Domain-wide delegation",
        f"""<p>{escape(domain)}: these clients may act for every user, within their scopes.</p>
{_trouble(trouble)}{known or "<p>There are none.</p>"}
<form class="client" method="post" action="?domain={escape(domain)}">
<label>Client ID <input type="text" name="client_id" value=""></label>
<label>OAuth scopes (comma-delimited) <input type="text" name="scopes" value=""></label>
<div class="buttons"><button class="main" name="action" value="authorize">Authorize</button></div>
</form>""",
        status=400 if trouble else 200,
    )


def service_accounts(path: str, accounts: Iterable[ServiceAccount], trouble: str = "") -> Response:
    """Show the service accounts with their keys, and forms to make more."""
    known = "\n".join(_account(path, account) for account in accounts)
    return page(
        "Service accounts",
        f"""{_trouble(trouble)}{known}
<form class="client" method="post" action="{escape(path)}">
<label>Name of another service account <input type="text" name="name" value=""></label>
<div class="buttons"><button class="main" name="action" value="create">Create</button></div>
</form>""",
        status=400 if trouble else 200,
    )


def _account(path: str, account: ServiceAccount) -> str:
    keys = "\n".join(_key(path, key_id, key.state) for key_id, key in account.keys.items())
    other, words = ("enable", "Enable") if account.disabled else ("disable", "Disable")
    return f"""<section class="client"><p><strong>{escape(account.email)}</strong>
{"(disabled)" if account.disabled else ""}<br>Unique ID <code>{account.client_id}</code></p>
{keys}
<form method="post" action="{escape(path)}">
<input type="hidden" name="client_id" value="{account.client_id}">
<div class="buttons"><button name="action" value="{other}">{words} the account</button>
<button class="main" name="action" value="add_key">Add a key</button></div></form></section>"""


def _key(path: str, key_id: str, state: str) -> str:
    if state == "deleted":
        return f"<p>Key <code>{escape(key_id)}</code> is deleted.</p>"
    other, words = ("disabled", "Disable") if state == "enabled" else ("enabled", "Enable")
    return f"""<form method="post" action="{escape(path)}">
<input type="hidden" name="key" value="{escape(key_id)}">
<p>Key <code>{escape(key_id)}</code> is {escape(state)}:
<a href="{escape(path)}/{escape(key_id)}.json" download>download as JSON</a></p>
<div class="buttons"><button name="action" value="deleted">Delete</button>
<button name="action" value="{other}">{words}</button></div></form>"""


def _trouble(words: str) -> str:
    return f'<p role="alert"><strong>{escape(words)}</strong></p>\n' if words else ""
