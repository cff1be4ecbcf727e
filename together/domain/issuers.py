"""The issuers of sign-in tokens that an operator trusts, and what is wrong with a list of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from together.domain.web_addresses import BadAddress, host_of, web_address

KEY_OF: Mapping[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
    "PS384": ("RSA", None),
    "PS512": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""Every algorithm a token may be signed with, and the only type and curve of key it goes with."""

DEFAULT_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")

GOOGLE = "accounts.google.com"
ENTRA = "login.microsoftonline.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """Whose tokens belong to which organization."""

    issuer: str
    """Compared exactly with a token's ``iss``."""
    audience: str
    """This API's name at the issuer, compared with ``aud``; never a frontend's client id."""
    organization: str
    """The slug of the organization whose members sign in here."""
    tenant: str | None = None
    """Which of the issuer's tenants, where it serves many."""
    algorithms: tuple[str, ...] = DEFAULT_ALGORITHMS

    @property
    def tenant_claim(self) -> str:
        """The claim that names the tenant: Google says ``hd``, everybody else ``tid``."""
        return "hd" if host_of(self.issuer) == GOOGLE else "tid"

    @property
    def entra(self) -> bool:
        """Whether it is Microsoft, which vouches for addresses in a claim of its own."""
        return host_of(self.issuer) == ENTRA


def trusted_issuers(text: str) -> tuple[tuple[TrustedIssuer, ...], list[str]]:
    """Read a JSON list of issuers; give those that are right, and everything that is wrong."""
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return (), ["this is not JSON. Check quotes, commas and brackets."]
    if not isinstance(entries, list) or not entries:
        return (), ["this is not a list with an issuer in it."]
    found: list[TrustedIssuer] = []
    problems: list[str] = []
    for number, entry in enumerate(entries, start=1):
        wrong = _wrong(entry)
        problems += [f"entry {number}: {words}" for words in wrong]
        if not wrong:
            algorithms = tuple(entry.pop("algorithms", DEFAULT_ALGORITHMS))
            found.append(TrustedIssuer(**entry, algorithms=algorithms))
    return tuple(found), problems + _together(found)


def _wrong(entry: Any) -> list[str]:
    if not isinstance(entry, dict):
        return ["this is not an object with issuer, audience and organization."]
    known = {"issuer", "audience", "organization", "tenant", "algorithms"}
    problems = [f"{str(name)[:40]!r} is not known here." for name in entry if name not in known]
    for name in ("issuer", "audience", "organization"):
        if not _filled(entry.get(name)):
            problems.append(f"{name} is missing, or is not a text.")
    if "tenant" in entry and not _filled(entry["tenant"]):
        problems.append("tenant is not a text. Leave it out where the issuer serves one tenant.")
    algorithms = entry.get("algorithms", list(DEFAULT_ALGORITHMS))
    if (
        not isinstance(algorithms, list)
        or not algorithms
        or not set(map(str, algorithms)) <= set(KEY_OF)
    ):
        problems.append(f"algorithms is not a list of some of {', '.join(KEY_OF)}.")
    if _filled(entry.get("issuer")):
        problems += _issuer_wrong(entry["issuer"], tenant=entry.get("tenant"))
    return problems


def _issuer_wrong(issuer: str, *, tenant: Any) -> list[str]:
    try:
        web_address(issuer)
    except BadAddress as bad:
        return [f"issuer: {bad}"]
    host = host_of(issuer)
    if host == GOOGLE and not tenant:
        return ["Google serves many: name the organization's Workspace domain as its tenant."]
    if host == ENTRA and not tenant:
        return ["Microsoft serves many: name the organization's tenant id as its tenant."]
    if host == ENTRA and f"/{str(tenant).lower()}/" not in issuer.lower():
        return ["issuer has to hold the tenant id, as in https://login.microsoftonline.com/…/v2.0."]
    return []


def _together(found: list[TrustedIssuer]) -> list[str]:
    problems = []
    pairs = Counter((entry.issuer, entry.tenant) for entry in found)
    for (issuer, _tenant), times in pairs.items():
        if times > 1:
            problems.append(
                f"{issuer!r} is listed {times} times for one tenant: which one is meant?"
            )
    entries = Counter(entry.issuer for entry in found)
    for issuer in sorted(
        {one.issuer for one in found if one.tenant is None and entries[one.issuer] > 1}
    ):
        problems.append(f"{issuer!r} serves several organizations: give each entry its tenant.")
    return problems


def _filled(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value == value.strip()
