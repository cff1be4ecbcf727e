"""The memory calendar's delegation: one key of an administrator for everybody's calendar."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

import httpx

from together.providers import (
    Account,
    Calendars,
    Capability,
    Copy,
    Credential,
    Grant,
    KeyDelegation,
    KeyRefused,
    MailboxRestricted,
    Misconfigured,
    NoCalendarService,
    NoMailbox,
    NotDelegated,
    Open,
    ProviderError,
    ScopesMissing,
    Secret,
    Step,
    StepKind,
    UnusableKey,
    Verified,
    ask_token,
)
from together.testing.memory_keys import DELEGATED

SCOPES: Mapping[Capability, str] = {Capability.FREE_BUSY: "freebusy", Capability.EVENTS: "events"}
REFUSALS: Mapping[str, type[ProviderError]] = {
    "bad_key": KeyRefused,
    "not_delegated": NotDelegated,
    "restricted": MailboxRestricted,
    "no_such_mailbox": NoMailbox,
}


class MemoryDelegation(KeyDelegation):
    """A key is uploaded, and its id pasted at the service."""

    per_mailbox: ClassVar[bool] = True

    def __init__(self, base_url: str) -> None:
        self.offers = Capability.FREE_BUSY | Capability.EVENTS
        self._base_url = base_url

    def steps(self, *, capabilities: Capability, id: str | None = None) -> Sequence[Step]:  # noqa: A002
        scopes = Copy("Scopes", " ".join(sorted(scopes_of(capabilities))))
        return (
            Step(StepKind.UPLOAD_KEY, "Upload a key", "Upload the key that the service made."),
            Step(
                StepKind.PASTE_VALUES,
                "Allow it to act for your members",
                "Paste both values at the service.",
                f"{self._base_url}/admin",
                (Copy("Key", id), scopes),
            ),
        )

    def read_key(self, file: Secret) -> Credential:
        try:
            body = json.loads(file.reveal())
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict) or body.get("type") != "memory_key":
            raise UnusableKey("The file is no key of the memory service.")
        for name in ("id", "name", "secret"):
            if not isinstance(body.get(name), str):
                raise UnusableKey(f"The file has no “{name}”.", field=name)
        kept = json.dumps({"id": body["id"], "secret": body["secret"]})
        return Credential(Secret(kept), id=body["id"], name=body["name"], key_id=body["id"])

    async def grant(
        self,
        http: httpx.AsyncClient,
        credential: Secret,
        *,
        mailbox: str,
        capabilities: Capability,
        now: datetime,
    ) -> Grant:
        key, asked = json.loads(credential.reveal()), scopes_of(capabilities)
        form = {
            "grant_type": DELEGATED,
            "key": key["id"],
            "secret": key["secret"],
            "mailbox": mailbox,
            "scope": " ".join(sorted(asked)),
        }
        url = f"{self._base_url}/token"
        return await ask_token(http, url, form, asked=asked, refusal=refusal_for(asked), now=now)

    async def verify(
        self,
        http: httpx.AsyncClient,
        credential: Secret,
        *,
        mailbox: str,
        capabilities: Capability,
        now: datetime,
        open: Open,  # noqa: A002
    ) -> Verified:
        grant = await self.grant(
            http, credential, mailbox=mailbox, capabilities=capabilities, now=now
        )
        async with open(grant) as calendars:
            return Verified(bought(grant.scopes), await tried(calendars))


async def tried(calendars: Calendars) -> Account:
    """Say whose calendars these are, where there are any."""
    account = await calendars.whoami()
    if not await calendars.list():
        raise NoCalendarService
    return account


def refusal_for(asked: frozenset[str]) -> Callable[[str, str], ProviderError]:
    """Read why there is no token with these scopes."""

    def refusal(error: str, description: str) -> ProviderError:
        if error == "scope_missing":
            missing = asked.intersection(description.split())
            return ScopesMissing(missing=missing, capabilities=bought(asked - missing), code=error)
        return REFUSALS.get(error, Misconfigured)(code=error)

    return refusal


def scopes_of(capabilities: Capability) -> frozenset[str]:
    return frozenset(scope for one, scope in SCOPES.items() if one in capabilities)


def bought(scopes: frozenset[str]) -> Capability:
    allowed = Capability(0)
    for one, scope in SCOPES.items():
        if scope in scopes:
            allowed |= one
    return allowed
