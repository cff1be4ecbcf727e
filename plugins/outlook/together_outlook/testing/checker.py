"""Every request to Microsoft, and every answer of its stand-in, held to Microsoft's models."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx

from together.testing.checking import Pairs, VendorChecker, grant_faults, parameter_faults, token_of
from together_outlook.delegation import GRAPH
from together_outlook.delegation import PERMISSIONS as APPLICATION_PERMISSIONS
from together_outlook.oauth import IDENTITY_SCOPES, LOGIN_URL, SCOPES, TENANT
from together_outlook.testing.models import USER, Method, Models

ASKED = IDENTITY_SCOPES.union(*SCOPES.values())
ASKED_OF_TENANTS = frozenset[str]().union(*APPLICATION_PERMISSIONS.values())
AUTHORIZE = {
    # Added by the pages themselves, which a person walks through.
    "account": r".+@.+",
    "client_id": r".+",
    "code_challenge": r"[A-Za-z0-9_-]{43}",
    "code_challenge_method": r"S256",
    "login_hint": r".+@.+",
    "prompt": r"login|none|consent|select_account",
    "redirect_uri": r"https?://.+",
    "response_type": r"code",
    "scope": r"(.* )?offline_access( .*)?",
    "state": r".+",
}
OPTIONAL = {"account", "login_hint", "prompt"}
SIGN_IN = {**AUTHORIZE, "nonce": r".{16,}", "scope": r"openid profile"}
"""How an administrator shows which tenant is theirs, for which no permission is asked."""
ADMIN_CONSENT = {
    **{name: AUTHORIZE[name] for name in ("account", "client_id", "prompt", "redirect_uri")},
    "scope": r"https://graph\.microsoft\.com/\.default",
    "state": r".+",
}
IN_A_TENANT = re.compile(
    r"/(?P<tenant>organizations|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"(?P<place>/v2\.0/adminconsent|/oauth2/v2\.0/(?:authorize|token)|/discovery/v2\.0/keys)\Z"
)
FORMS = {
    "authorization_code": {"code", "code_verifier", "redirect_uri"},
    "client_credentials": {"scope"},
    "refresh_token": {"refresh_token"},
}
READ = frozenset({"Calendars.ReadBasic", "Calendars.Read", "Calendars.ReadWrite"})
PERMISSIONS = (
    (r"GET /(me(/outlook/.*)?|organization)", frozenset({"User.Read"})),
    (r"GET /me/(calendar|events).*", READ),
    (r"POST /me/calendar.*/getSchedule", READ),
    (r"\w+ /me/(calendar|events).*", frozenset({"Calendars.ReadWrite"})),
    (r"\w+ /subscriptions.*", READ - {"Calendars.ReadBasic"}),
)
"""What is enough for a method, of Microsoft's tables of permissions: the first line that fits."""
TO_THE_APP = (
    (r"GET USER", frozenset({"User.Read.All"})),
    (r"GET USER/(calendar|events).*", READ),
    (r"POST USER/calendar.*/getSchedule", READ),
    (r"\w+ USER/(calendar|events).*", frozenset({"Calendars.ReadWrite"})),
)
"""The same of application permissions, for the mailbox that the path names."""
TIMED = ("Event", "EventCollectionResponse", "DeltaGetResponse", "GetSchedulePostResponse")
"""Models that tell times, which come in UTC where that is asked for."""
IN_UTC = 'outlook.timezone="UTC"'
PREFERENCES = (
    re.escape(IN_UTC),
    r'IdType="ImmutableId"',
    r'outlook\.body-content-type="(text|html)"',
    r"odata\.maxpagesize=\d+",
)


@dataclass(frozen=True, slots=True)
class Call:
    """A method of Graph as it was called, with the properties that were selected."""

    method: Method
    selected: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.method.id


@dataclass(slots=True)
class Checker(VendorChecker[Call]):
    """Holds what is sent to Microsoft, and what it answers, to Microsoft's own models."""

    scopes_of: Callable[[str], frozenset[str] | None] = lambda token: ASKED
    models: Models = field(default_factory=Models.load)
    id_types: set[bool] = field(default_factory=set, init=False)
    """Whether ids that last were asked for; one and the same event has two ids otherwise."""

    def sent(self, request: httpx.Request, content: bytes) -> Call | None:
        address = str(request.url).partition("?")[0]
        query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        if address == self._login("authorize") and "nonce" not in dict(query):
            self.note("authorize", authorize_faults(query))
        elif address == self._login("token"):
            form = parse_qsl(content.decode(), keep_blank_values=True)
            self.note("token", _form_faults(request, form, query))
        elif address.startswith(self.settings["API_URL"] + "/"):
            raw = request.url.raw_path.decode().partition("?")[0]
            base = httpx.URL(self.settings["API_URL"]).path
            return self._graph(request, raw.removeprefix(base), query, content)
        elif found := IN_A_TENANT.fullmatch(address.removeprefix(self._base())):
            self._in_a_tenant(request, found["tenant"], found["place"], query, content)
        else:
            self.faults.append(f"nothing of Microsoft is at {request.method} {address}")
        return None

    def reply_faults(self, call: Call, status: int, body: Any) -> Iterable[str]:
        if status >= 400:
            return self.models.error_faults(call.method, status, body)
        return self.models.answer_faults(call.method, status, body, call.selected)

    def _base(self) -> str:
        return self.settings.get("LOGIN_URL", LOGIN_URL)

    def _in_a_tenant(
        self,
        request: httpx.Request,
        tenant: str,
        place: str,
        query: Pairs,
        content: bytes,
    ) -> None:
        """Check what an administrator's consent and an organization's tokens need."""
        name = place.rpartition("/")[2]
        if name != "adminconsent" and tenant == "organizations":
            self.faults.append(f"{name} is asked of no one tenant")
        if name == "adminconsent":
            self.note(name, parameter_faults(name, query, ADMIN_CONSENT, optional=OPTIONAL))
        elif name == "authorize":
            faults = parameter_faults("sign-in", query, SIGN_IN, optional=OPTIONAL)
            self.note("sign-in", faults)
        elif name == "token":
            form = parse_qsl(content.decode(), keep_blank_values=True)
            self.note(name, _form_faults(request, form, query, one_tenant=True))
        else:
            wrong = request.method != "GET" or query
            self.note(name, ["keys are read without parameters"] if wrong else [])

    def _login(self, endpoint: str) -> str:
        return f"{self._base()}/{self.settings.get('TENANT', TENANT)}/oauth2/v2.0/{endpoint}"

    def _graph(
        self, request: httpx.Request, path: str, query: Pairs, content: bytes
    ) -> Call | None:
        method = self.models.find(request.method, path)
        if method is None:
            self.faults.append(f"no method of Graph is {request.method} {path}")
            return None
        self.note(method.id, self.models.query_faults(method, query))
        self.faults += self._scope_faults(request, method)
        self.faults += self._preference_faults(request, method)
        try:
            body = json.loads(content) if content else None
        except (ValueError, RecursionError):
            self.faults.append(f"{method.id} is sent what is no JSON")
        else:
            self.faults += self.models.body_faults(method, body)
        if content and request.headers.get("content-type") != "application/json":
            self.faults.append(f"{method.id} is not told that it is sent JSON")
        selected = [value for name, value in query if name in ("$select", "$expand")]
        # What is expanded comes beside what is selected; by itself it selects nothing.
        narrowed = any(name == "$select" for name, _ in query)
        names = [re.split(r"[(]", each)[0] for value in selected for each in value.split(",")]
        return Call(method, tuple(names) if narrowed else ())

    def _scope_faults(self, request: httpx.Request, method: Method) -> Iterator[str]:
        if token_of(request) is not None and method.path.startswith(USER):
            called = method.id.replace(USER, "USER")
            roles = next((r for calls, r in TO_THE_APP if re.fullmatch(calls, called)), None)
            # Whether a tenant gave it is found by trying, so that a try is no fault.
            if not (roles or frozenset[str]()) & ASKED_OF_TENANTS:
                yield f"{method.id} needs an application permission that is never asked for"
            return
        fitting = (scopes for calls, scopes in PERMISSIONS if re.fullmatch(calls, method.id))
        enough = next(fitting, frozenset[str]())
        yield from self.scope_faults(request, method.id, enough, asked=ASKED)

    def _preference_faults(self, request: httpx.Request, method: Method) -> Iterator[str]:
        headers = ",".join(request.headers.get_list("prefer"))
        preferences = [each.strip() for each in headers.split(",") if each.strip()]
        for each in preferences:
            if not any(re.fullmatch(known, each) for known in PREFERENCES):
                yield f"{method.id} is asked with a preference it does not know: {each}"
        if method.answer in TIMED and IN_UTC not in preferences:
            yield f"{method.id} is not asked for times in UTC"
        if re.match(r"(/me|/users/[^/]+)/(calendar|events)", method.path):
            self.id_types.add('IdType="ImmutableId"' in preferences)
            if len(self.id_types) > 1:
                yield f"{method.id} is asked for other ids than the calls before"


def authorize_faults(query: Pairs) -> Iterator[str]:
    """Say what is wrong with the authorization address's parameters."""
    yield from parameter_faults("authorize", query, AUTHORIZE, optional=OPTIONAL)
    if extra := sorted({*dict(query).get("scope", "").split()} - ASKED):
        yield f"authorize asks for more than is used: {extra}"


def _form_faults(
    request: httpx.Request,
    form: Pairs,
    query: Pairs,
    *,
    one_tenant: bool = False,
) -> Iterator[str]:
    kind, faults = dict(form).get("grant_type", ""), [*grant_faults(request, form, query, FORMS)]
    if faults:
        yield from faults
    elif kind == "client_credentials" and not one_tenant:
        yield "token with client_credentials is asked of one tenant"
    elif kind == "client_credentials" and dict(form)["scope"] != f"{GRAPH}/.default":
        yield f"token with client_credentials takes no scope {dict(form)['scope']!r}"
    elif kind == "refresh_token" and one_tenant:
        yield "token keeps nothing of an administrator's sign-in"
