"""How Graph shows its collections: cut into pages, and to what was selected and filtered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import URL

from together_outlook.sandbox import graph_refusals as refusals
from together_outlook.sandbox import moments, teams
from together_outlook.sandbox.drafts import EVENT
from together_outlook.sandbox.moments import Shown
from together_outlook.sandbox.switches import Switches
from together_outlook.sandbox.world import Book, Person, StoredEvent, World, opaque_id

PAGE, MOST = 10, 1000
LONGEST_VIEW = 1825 * 86_400
CALENDAR = frozenset(
    {
        *("id", "name", "color", "hexColor", "isDefaultCalendar", "changeKey", "canShare"),
        *("canViewPrivateItems", "canEdit", "allowedOnlineMeetingProviders", "owner"),
        *("defaultOnlineMeetingProvider", "isTallyingResponses", "isRemovable"),
    }
)
USER = frozenset(
    {
        *("id", "businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone"),
        *("officeLocation", "preferredLanguage", "surname", "userPrincipalName"),
    }
)
ORGANIZATION = frozenset({"id", "displayName", "verifiedDomains"})
"""What User.Read shows of an organization; the rest of it is null, and is left out here."""
NAMES = {"event": EVENT, "calendar": CALENDAR, "user": USER, "organization": ORGANIZATION}
SETS = {"event": "events", "calendar": "calendars", "user": "users", "organization": "organization"}
ALWAYS = ("@odata.etag", "id", "singleValueExtendedProperties")
"""What an answer has unasked: extended properties only where they are expanded."""
HIDDEN = ("body", "bodyPreview")
"""What Calendars.ReadBasic does not show."""

_QUOTED = r"'((?:[^']|'')*)'"
_EXPAND = re.compile(rf"singleValueExtendedProperties\(\$filter=id\s+eq\s+{_QUOTED}\)\Z")
_FILTER = re.compile(
    r"singleValueExtendedProperties/any\(\s*(\w+)\s*:\s*\1/id\s+eq\s+"
    rf"{_QUOTED}\s+and\s+\1/value\s+eq\s+{_QUOTED}\s*\)\Z",
    re.IGNORECASE,
)
_ORDER = re.compile(r"start/dateTime(?:\s+(asc|desc))?\Z")


def page(
    found: list[dict[str, Any]], query: Mapping[str, str], *, url: URL, kind: str
) -> dict[str, Any]:
    """Cut a page out of a list; the link to the next one repeats the whole query."""
    names = _selected(query, kind)
    size, start = _number(query, "$top", PAGE), _number(query, "$skip", 0)
    end = start + min(size, MOST)
    more = {"@odata.nextLink": str(url.include_query_params(**{"$skip": end}))}
    return {
        "@odata.context": context(url, SETS[kind]),
        "value": [_cut(body, names) for body in found[start:end]],
        **(more if end < len(found) and size else {}),
    }


def single(
    body: dict[str, Any], query: Mapping[str, str], *, url: URL, kind: str
) -> dict[str, Any]:
    named = context(url, f"{SETS[kind]}/$entity")
    return {"@odata.context": named, **_cut(body, _selected(query, kind))}


def context(url: URL, what: str) -> str:
    """Name the metadata of an answer, below the address that the API was called at."""
    base, found, _ = str(url.replace(query="")).partition("/v1.0/")
    return f"{base}{found.rstrip('/')}/$metadata#{what}"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a request wants of events: which, in what zone and order, and with what beside."""

    where: Shown
    last_first: bool = False
    expand: str | None = None
    match: tuple[str, str] | None = None
    """Id and value of an extended property, which is the one filter that this sandbox knows."""

    @classmethod
    def of(cls, query: Mapping[str, str], *, prefer: str) -> Wishes:
        order = _ORDER.match(query.get("$orderby", "start/dateTime"))
        expand = _EXPAND.match(query["$expand"]) if "$expand" in query else None
        found = _FILTER.match(query["$filter"].strip()) if "$filter" in query else None
        for name, read in (("$orderby", order), ("$expand", expand), ("$filter", found)):
            if name in query and read is None:
                raise refusals.bad_query(f"The {name} of this request is not supported.")
        return cls(
            where=moments.preferred(prefer),
            last_first=order is not None and order[1] == "desc",
            expand=_unquoted(expand[1]) if expand else None,
            match=(_unquoted(found[2]), _unquoted(found[3])) if found else None,
        )

    def fit(self, stored: StoredEvent, *, mine: bool) -> bool:
        """Say whether an event passes the filter.  A guest's event has none of the properties."""
        if self.match is None:
            return True
        name, value = self.match
        return any(one["value"] == value for one in _extended(stored, name) if mine)

    def beside(self, stored: StoredEvent, *, mine: bool) -> dict[str, Any]:
        """Give the extended property that is to be expanded, if the event has it here."""
        found = _extended(stored, self.expand) if self.expand is not None and mine else []
        return {"singleValueExtendedProperties": found} if found else {}


def window(query: Mapping[str, str]) -> tuple[int, int]:
    """Read the window of a calendar view."""
    starts = moments.parameter(query.get("startDateTime"), "StartDateTime")
    ends = moments.parameter(query.get("endDateTime"), "EndDateTime")
    if ends < starts:
        words = "The EndDateTime of a time window is not before its StartDateTime."
        raise refusals.bad_parameter(words)
    if ends - starts > LONGEST_VIEW:
        raise refusals.long_view()
    return starts, ends


def calendar(world: World, switches: Switches, book: Book, email: str) -> dict[str, Any]:
    """Show a calendar as one of those who see it."""
    role, providers = book.role(email), teams.allowed(switches, book)
    return {
        "id": book.id,
        "name": book.name,
        "color": "auto",
        "hexColor": "",
        "isDefaultCalendar": book.default and role == "owner",
        "changeKey": opaque_id(book.id, book.name)[6:30],
        "canShare": role == "owner",
        "canViewPrivateItems": role == "owner",
        "canEdit": role in ("owner", "write"),
        "allowedOnlineMeetingProviders": providers,
        "defaultOnlineMeetingProvider": providers[0] if providers else "unknown",
        "isTallyingResponses": book.default,
        "isRemovable": not book.default,
        "owner": {"name": world.people[book.owner].name, "address": book.owner},
    }


def user(person: Person) -> dict[str, Any]:
    """Show an account.  A personal one has a short id, and often no address beside its name."""
    first, _, last = person.name.partition(" ")
    return {
        "businessPhones": [],
        "displayName": person.name,
        "givenName": first or None,
        "jobTitle": None,
        "mail": None if person.personal else person.email,
        "mobilePhone": None,
        "officeLocation": None,
        "preferredLanguage": None,
        "surname": last or None,
        "userPrincipalName": person.email,
        "id": person.oid.replace("-", "")[16:] if person.personal else person.oid,
    }


def organization(person: Person) -> dict[str, Any]:
    """Show the organization of a work account, by what User.Read is enough for."""
    domain = {"name": person.domain, "type": "Managed", "isDefault": True, "isInitial": False}
    return {
        "id": person.tid,
        "displayName": person.domain,
        "verifiedDomains": [{"capabilities": "Email", **domain}],
    }


def _selected(query: Mapping[str, str], kind: str) -> list[str]:
    names = [name.strip() for name in query.get("$select", "").split(",") if name.strip()]
    for name in names:
        if name not in NAMES[kind]:
            raise refusals.unselectable(name, kind)
    return names


def _cut(body: dict[str, Any], names: list[str]) -> dict[str, Any]:
    if not names:
        return body
    return {name: value for name, value in body.items() if name in (*ALWAYS, *names)}


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise refusals.bad_query(
            f"Invalid value '{text}' for {name} query option found. The {name} query option"
            " requires a non-negative integer value."
        )
    return int(text)


def _extended(stored: StoredEvent, name: str) -> list[dict[str, str]]:
    extended = stored.body["singleValueExtendedProperties"]
    return [one for one in extended if one["id"].casefold() == name.casefold()]


def _unquoted(text: str) -> str:
    return text.replace("''", "'")
