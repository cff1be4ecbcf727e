"""``together doctor``."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import entry_points
from pathlib import Path

import anyio
import httpx

from together.cli.audit_check import check_audit
from together.cli.folder import is_demos
from together.cli.logs import configure
from together.cli.mail_check import check_mail
from together.cli.plugins import INSTALL
from together.cli.ready import database_path, lies_beside, usable_keys, wrong_issuers
from together.cli.stop import Stop
from together.providers.hookspecs import PROJECT
from together.providers.oauth import OAuth
from together.providers.registry import PluginError, Registry, load
from together.services.refusals import SignInUnavailable
from together.services.signing_in.issuer_keys import IssuerKeys
from together.settings import OURS, BadSettings, Settings
from together.store.clock import database_now
from together.store.database import BadDatabaseUrl, Database, DatabaseUnavailable
from together.store.keys import BadKeyFile
from together.store.models import DataKey, Organization
from together.store.vault import Vault

_APART = 5
"""Seconds by which two clocks may differ: a lease or a signed token does not survive more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.  `wrong` is None where it could not be."""

    subject: str
    words: str
    wrong: bool | None = False

    def __str__(self) -> str:
        mark = {False: "good ", True: "WRONG", None: "?    "}[self.wrong]
        return f"{mark}  {self.subject}: {self.words}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whether to ask others."""
    parser.add_argument(
        "--offline", action="store_true", help="ask no issuer, provider or mail server anything"
    )


def run(arguments: argparse.Namespace, _settings: None) -> int:
    """Look at everything, say what to do, and fail when something is wrong."""
    try:
        settings = Settings.read(os.environ, Path(".env"), needs=("PUBLIC_URL", "ISSUERS"))
    except BadSettings as bad:
        for problem in bad.problems:
            print(Finding("settings", problem, wrong=True))
        print("Correct these first: everything else depends on them.")
        return 1
    configure("ERROR")
    transport = None if arguments.offline else httpx.AsyncHTTPTransport()
    findings = anyio.run(_examine, settings, transport)
    count = sum(finding.wrong is True for finding in findings)
    print("Nothing is wrong." if not count else f"{count} to put right.")
    return 1 if count else 0


async def _examine(settings: Settings, transport: httpx.AsyncBaseTransport | None) -> list[Finding]:
    findings = []
    # Closed here and now, also where nobody reads what is printed any more.
    async with aclosing(examined(settings, transport)) as found:
        async for finding in found:
            print(finding, flush=True)
            findings.append(finding)
    return findings


async def examined(
    settings: Settings, transport: httpx.AsyncBaseTransport | None
) -> AsyncGenerator[Finding, None]:
    """Everything that can be looked at; nothing is asked of others without a transport."""
    yield Finding("settings", f"{settings.mode}, at {settings.public_url}")
    if not settings.return_to:
        yield Finding(
            "settings",
            "TOGETHER_RETURN_TO is not set, so nobody can connect a calendar. Set it to "
            f"{OURS['RETURN_TO']}.",
            wrong=True,
        )
    for words in wrong_issuers(settings):
        yield Finding("issuer", words, wrong=True)
    vault = None
    try:
        vault = Vault.of(usable_keys(settings))
    except (Stop, BadKeyFile) as bad:
        yield Finding("keys", str(bad), wrong=True)
    else:
        yield _keys(settings)
    for finding in await _database(settings, vault):
        yield finding
    try:
        registry = load(settings.environ, only=settings.plugins)
    except PluginError as bad:
        yield Finding("plugins", f"{bad}. {_packages()}", wrong=True)
        registry = Registry({}, {})
    else:
        for finding in _plugins(settings, registry):
            yield finding
    words, wrong = await check_mail(settings, ask=transport is not None)
    yield Finding("mail", words, wrong=wrong)
    if transport is None:
        return
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=5) as http:
        for issuer in sorted({entry.issuer for entry in settings.issuers}):
            yield await _issuer(issuer, http)
        for slug, provider in sorted(registry.calendars.items()):
            yield await _provider_clock(slug, provider.oauth, http)


def _keys(settings: Settings) -> Finding:
    path = database_path(settings)
    if is_demos(settings.keys):
        return Finding(
            "keys", "these are the demo's. Make your own: together keys new.", wrong=True
        )
    if lies_beside(settings.keys, path):
        return Finding(
            "keys",
            f"{settings.keys} lies beside the database, so one copy of that folder holds every "
            "token. Move it, and set TOGETHER_KEYS.",
            wrong=True,
        )
    return Finding("keys", f"{settings.keys}, readable by this user alone")


async def _database(settings: Settings, vault: Vault | None) -> list[Finding]:
    try:
        database = await Database.open(settings.database)
    except (DatabaseUnavailable, BadDatabaseUrl) as bad:
        return [Finding("database", str(bad), wrong=True)]
    found = [Finding("database", f"{database.dialect}, at this version")]
    try:
        async with database.entered():
            if vault is not None:
                found.append(await _sealed(vault))
            found.append(await _clock())
            found += [Finding(*each) for each in await check_audit()]
            found += await _organizations({entry.organization for entry in settings.issuers})
    finally:
        await database.close()
    return found


async def _sealed(vault: Vault) -> Finding:
    closed = sum(not vault.opens(key) for key in await DataKey.all())
    if closed:
        return Finding(
            "keys",
            f"{closed} data keys do not open. Put back the key file that belongs to this database, "
            "with every key it had.",
            wrong=True,
        )
    return Finding("keys", "everything sealed can be opened")


async def _organizations(named: set[str]) -> list[Finding]:
    there = {one.slug for one in await Organization.filter(slug__in=sorted(named))}
    return [
        Finding(f"organization {slug}", "is in the database")
        if slug in there
        else Finding(
            f"organization {slug[:63]}",
            "TOGETHER_ISSUERS names it and it is not in the database, so nobody signs in to it. "
            f"Make it: together import FILE --organization {slug[:63]} --create NAME. Or correct "
            "TOGETHER_ISSUERS.",
            wrong=True,
        )
        for slug in sorted(named)
    ]


async def _clock() -> Finding:
    before = time.time()
    theirs = await database_now()
    return _compared("clock", "the database", theirs, (before + time.time()) / 2)


def _compared(subject: str, whose: str, theirs: float, ours: float) -> Finding:
    apart = round(theirs - ours)
    if abs(apart) <= _APART:
        return Finding(subject, f"agrees with {whose}")
    return Finding(
        subject,
        f"{abs(apart)} s {'behind' if apart > 0 else 'ahead of'} {whose}. Set both machines by "
        "NTP: sign-in and renewals fail where clocks differ.",
        wrong=True,
    )


def _packages() -> str:
    """Which packages bring which plugin, for a choice that is the operator's."""
    points = entry_points(group=PROJECT)
    names = [point.name for point in points]
    brought = sorted(
        f"{point.dist.name if point.dist else point.module} brings {point.name}"
        for point in points
        if names.count(point.name) > 1
    )
    return f"Take one of the packages out, with pip uninstall: {', '.join(brought)}."


def _is_wanted(name: str, settings: Settings) -> bool:
    """Whether an operator named a plugin, or set any of its settings: else it is only installed."""
    own = f"TOGETHER_{name.upper()}_".replace("-", "_")
    named = settings.plugins is not None and name in settings.plugins
    return named or any(setting.startswith(own) for setting in settings.environ)


def _plugins(settings: Settings, registry: Registry) -> list[Finding]:
    found = [
        Finding(f"plugin {name}", f"left out: {why}.", wrong=_is_wanted(name, settings))
        for name, why in sorted(registry.left_out.items())
        if settings.plugins is None or name in settings.plugins
    ]
    if found and not registry.calendars:
        found.append(
            Finding("plugins", "no calendar service is set up, so nobody can connect.", wrong=True)
        )
    found += [
        Finding(f"provider {slug}", "set up")
        for slug in sorted({*registry.calendars, *registry.videos})
    ]
    # The same plugins without the addresses that somebody set say what is the vendor's.
    bare = {name: value for name, value in settings.environ.items() if not name.endswith("_URL")}
    vendors = load(bare, only=settings.plugins).calendars
    for slug, provider in sorted(registry.calendars.items()):
        usual = vendors.get(slug)
        if usual is not None and _addresses(usual.oauth) | usual.origins == (
            _addresses(provider.oauth) | provider.origins
        ):
            continue
        elsewhere = ", ".join(sorted(provider.origins))
        found.append(
            Finding(
                f"provider {slug}",
                f"its address is not its vendor's ({elsewhere}). Unless you test, take the "
                f"TOGETHER_{slug.upper()}_…_URL settings out.",
                wrong=settings.production,
            )
        )
    return found or [Finding("plugins", f"none is installed. {INSTALL}", wrong=True)]


def _addresses(oauth: OAuth) -> frozenset[str]:
    named = (oauth.authorize_url, oauth.token_url, oauth.revoke_url)
    return frozenset(address for address in named if address)


async def _issuer(issuer: str, http: httpx.AsyncClient) -> Finding:
    keys = IssuerKeys(issuer, http=http, clock=lambda: int(time.time()))
    try:
        await keys.key("", "RS256")
    except SignInUnavailable:
        return Finding(
            f"issuer {issuer}",
            "its discovery document or its keys cannot be read, so nobody signs in. Open "
            f"{issuer.rstrip('/')}/.well-known/openid-configuration from this machine.",
            wrong=True,
        )
    return Finding(f"issuer {issuer}", "answers with its keys")


async def _provider_clock(slug: str, oauth: OAuth, http: httpx.AsyncClient) -> Finding:
    subject = f"provider {slug}"
    try:
        answer = await http.head(oauth.token_url)
        said = parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
    except (httpx.HTTPError, KeyError, ValueError):
        return Finding(
            subject, "cannot be reached from here, so its clock is not known", wrong=None
        )
    return _compared("clock", slug, said.timestamp(), datetime.now(UTC).timestamp())
