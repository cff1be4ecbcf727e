"""``together doctor``."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import anyio
import httpx

from together.cli.folder import is_demos
from together.cli.logs import configure
from together.cli.ready import database_path, lies_beside, usable_keys
from together.cli.stop import Stop
from together.providers.oauth import OAuth
from together.providers.registry import PluginError, Registry, load
from together.services.issuer_keys import IssuerKeys
from together.services.refusals import SignInUnavailable
from together.settings import BadSettings, Settings
from together.store.clock import database_now
from together.store.database import BadDatabaseUrl, Database, DatabaseUnavailable
from together.store.keys import BadKeyFile
from together.store.models import DataKey
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
        "--offline", action="store_true", help="ask no issuer and no provider anything"
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
    async for finding in examined(settings, transport):
        print(finding, flush=True)
        findings.append(finding)
    return findings


async def examined(
    settings: Settings, transport: httpx.AsyncBaseTransport | None
) -> AsyncIterator[Finding]:
    """Everything that can be looked at; nothing is asked of others without a transport."""
    yield Finding("settings", f"{settings.mode}, at {settings.public_url}")
    vault = None
    try:
        vault = Vault.of(usable_keys(settings))
    except (Stop, BadKeyFile) as bad:
        yield Finding("keys", str(bad), wrong=True)
    else:
        yield _keys(settings)
    async for finding in _database(settings, vault):
        yield finding
    try:
        registry = load(settings.environ, only=settings.plugins)
    except PluginError as bad:
        yield Finding("plugins", f"{bad}. Take one of the packages out.", wrong=True)
        registry = Registry({}, {})
    for finding in _plugins(settings, registry):
        yield finding
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


async def _database(settings: Settings, vault: Vault | None) -> AsyncIterator[Finding]:
    try:
        database = await Database.open(settings.database)
    except (DatabaseUnavailable, BadDatabaseUrl) as bad:
        yield Finding("database", str(bad), wrong=True)
        return
    try:
        async with database.entered():
            yield Finding("database", f"{database.dialect}, at this version")
            if vault is not None:
                yield await _sealed(vault)
            yield await _clock()
    finally:
        await database.close()


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


def _plugins(settings: Settings, registry: Registry) -> list[Finding]:
    found = [
        Finding(f"plugin {name}", f"left out: {why}.", wrong=True)
        for name, why in sorted(registry.left_out.items())
        if settings.plugins is None or name in settings.plugins
    ]
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
    return found or [
        Finding(
            "plugins", "none is installed. Install one: pip install together-google.", wrong=True
        )
    ]


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
