"""The demo as one object: its folder, sandboxes, sample organization, and words of welcome."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from urllib.parse import parse_qsl, urlsplit

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from together.app import App, epoch
from together.cli import sample
from together.cli.connected_page import connected_page
from together.cli.folder import DEFAULT, ISSUER, ISSUER_PATH, DemoFolder
from together.cli.remembering import Remembering
from together.domain.addresses import email_key
from together.providers.contract import SandboxPerson
from together.providers.registry import Registry, load
from together.services.people import found_by, programs
from together.services.signing_in.viewer import Viewer
from together.settings import Mode, Settings
from together.store.migrate import migrate
from together.store.models import (
    Integration,
    Match,
    Member,
    Organization,
    Participant,
    ProgramAdministrator,
    Role,
)
from together.store.transaction import transaction

FRONTENDS = tuple(
    f"http://{host}:{port}/" for host in ("localhost", "127.0.0.1") for port in (3000, 5173)
)
"""Where frontends under development are usually served: they may call, and a consent may return."""
PARTICIPANT_ROLES = ("MENTOR", "MENTEE")
DAY = 86_400
CALENDAR_PAGE = "/_calendar"
"""Where a stand-in shows people their calendars, if it does."""

Say = Callable[[str], None]


class Demo:
    """Everything `together demo` serves.  `prepare` may run again on the same folder."""

    def __init__(self, folder: DemoFolder, url: str) -> None:
        folder.made_keys()
        self._folder, self._url = folder, url
        self._issuer = folder.issuer()
        bare = load({}, sandboxes=True)
        self._environ: dict[str, str] = {}
        for slug, sandbox in bare.sandboxes.items():
            Remembering(sandbox, self._state_of(slug)).recall()  # its client's secret among it
            self._environ |= bare.sandbox_settings(slug, self._sandbox_url(slug))
        self._registry = self._with(bare)
        self._mounts = [
            Mount(ISSUER_PATH, app=self._issuer.app),
            Route("/connected", connected_page),
            *(
                Mount(f"/sandbox/{slug}", app=Remembering(sandbox, self._state_of(slug)))
                for slug, sandbox in bare.sandboxes.items()
            ),
        ]

    def app(self) -> App:
        """Compose the application; what it and the stand-ins say to each other stays inside."""
        app = App.build(
            Settings(
                public_url=self._url,
                database=self._folder.database,
                keys=self._folder.keys,
                port=urlsplit(self._url).port or 80,
                issuers=self._issuer.trusted([sample.SLUG]),
                return_to=(f"{self._url}/", *FRONTENDS),
                mode=Mode.DEVELOPMENT,
                environ=self._environ,
            ),
            registry=self._registry,
            transport=self._inside(),
            mounts=self._mounts,
        )
        for sandbox in self._registry.sandboxes.values():
            sandbox.connect(httpx.AsyncClient(transport=httpx.ASGITransport(app.asgi)))
        return app

    async def prepare(self, say: Say) -> None:
        """Make the database, the sample organization and its calendars, where they are missing."""
        await migrate(self._folder.database, say=say)
        app = self.app()
        async with app.running():
            organization = await Organization.get_or_none(slug=sample.SLUG)
            if organization is None:
                say(f"Making {sample.NAME}: {len(sample.PEOPLE)} members")
                organization = await transaction(_make_organization)
            await renamed_issuer()
            members = await Member.filter(organization_id=organization.id).order_by("id")
            people = [SandboxPerson(one.email, one.name, one.zone) for one in members]
            for sandbox in self._registry.sandboxes.values():
                await asyncio.to_thread(sandbox.populate, people)
            await self._connect(app, members, say)
        for slug, sandbox in self._registry.sandboxes.items():
            Remembering(sandbox, self._state_of(slug)).keep()

    def welcome(self) -> str:
        """Say where GraphiQL is, who can sign in, and what to ask first."""
        ada = sample.PEOPLE[0]
        token = self._token(ada.email)
        path = self._folder.path
        elsewhere = "" if path == DEFAULT else f" --folder {quote(str(path))}"
        command = f".venv/bin/together token{elsewhere}"
        first = next(iter(self._registry.sandboxes), "")
        switch = (
            f"curl -X POST {self._sandbox_url(first)}/_control "
            """-H 'Content-Type: application/json' -d '{"down": true}'"""
        )
        stand_ins = "\n".join(
            f"  {self._label(slug):16} {self._sandbox_url(slug)}/_control"
            for slug in self._registry.sandboxes
            if slug in self._registry.calendars
        )
        calendars = "\n".join(
            f"  {self._label(slug):16} {self._sandbox_url(slug)}{CALENDAR_PAGE}"
            for slug, sandbox in self._registry.sandboxes.items()
            if any(
                getattr(each, "path", "") == CALENDAR_PAGE
                for each in getattr(sandbox.app(), "routes", ())
            )
        )
        query = "{ viewer { name timeZone matches { nodes { id program { name } } } } }"
        body = json.dumps({"query": query})
        people = "\n".join(
            f"  {one.email:28} {one.zone:21} {one.role.lower():13} "
            f"{f'{self._label(one.connected)} connected' if one.connected else ''}".rstrip()
            for one in sample.PEOPLE
        )
        return f"""
Together is served on {self._url}    (Ctrl-C ends it)

  GraphiQL         {self._url}/graphql

The stand-ins of the calendar services, each with its switches:

{stand_ins}

The calendars there, as people see them: move, delete or answer a session, and Together follows:

{calendars}

GraphiQL, signed in as {ada.name}:

  {self._url}/graphql#token={token}

Where an account is chosen, three more show other ends: a private account, one whose administrator
must approve first, and one without a calendar.

Let {self._label(first)} be down, and up again with false:

  {switch}

Who can sign in, at {sample.NAME} (who is connected at the first start):

{people}

A token of {ada.name}, good for eight hours:

{token}

One for anybody else:   {command} {sample.PEOPLE[1].email}

The first query:

  curl -s {self._url}/graphql -H 'Content-Type: application/json' \\
    -H 'Authorization: Bearer '"$({command} {ada.email} 2>/dev/null)" \\
    -d '{body}'
"""

    def _token(self, email: str) -> str:
        return self._issuer.token(email, organization=sample.SLUG, now=int(time.time()))

    def _label(self, slug: str) -> str:
        provider = self._registry.calendars.get(slug)
        return slug if provider is None else provider.label

    def _sandbox_url(self, slug: str) -> str:
        return f"{self._url}/sandbox/{slug}"

    def _state_of(self, slug: str) -> Path:
        return self._folder.path / f"sandbox-{slug}.json"

    def _inside(self) -> httpx.AsyncBaseTransport:
        return httpx.ASGITransport(Starlette(routes=self._mounts))

    def _with(self, bare: Registry) -> Registry:
        """Set the plugins up with the sandboxes that stand there already."""
        set_up = load(self._environ)
        return Registry(
            set_up.calendars,
            set_up.videos,
            bare.sandboxes,
            set_up.distributions,
            set_up.left_out,
            set_up.plugins,
        )

    async def _connect(self, app: App, members: list[Member], say: Say) -> None:
        """Take those who are connected from the start through the whole consent, once."""
        first_names = {one.name: one for one in sample.PEOPLE}
        if await Integration.exists():
            return
        for slug, sandbox in self._registry.sandboxes.items():
            for member in members:
                person = first_names.get(member.name)
                if person is None or person.connected != slug:
                    continue
                connecting = app.services.connecting
                viewer = Viewer.of(member)
                url = await connecting.start(viewer, slug, return_to=f"{self._url}/connected")
                async with httpx.AsyncClient(transport=self._inside()) as browser:
                    callback = await sandbox.allow(browser, url, member.email)
                back = await connecting.callback(slug, dict(parse_qsl(urlsplit(callback).query)))
                handle = dict(parse_qsl(urlsplit(back).query))["handle"]
                await connecting.complete(viewer, handle)
                say(f"  {member.name} connected {self._registry.calendars[slug].label}")


async def renamed_issuer() -> None:
    """Let those in who signed in while the issuer's name still held the port."""
    before = Member.filter(issuer__startswith="http://127.0.0.1:", issuer__endswith=ISSUER_PATH)
    await before.update(issuer=ISSUER)


async def _make_organization() -> Organization:
    now = epoch()
    organization = await Organization.create(slug=sample.SLUG, name=sample.NAME)
    members = {
        one.name.split()[0]: await Member.create(
            organization=organization,
            email=one.email,
            email_key=email_key(one.email),
            name=one.name,
            zone=one.zone,
            role=Role(one.role),
            weekly_hours=one.weekly_hours,
        )
        for one in sample.PEOPLE
    }
    await found_by.note(list(members.values()))
    program = await programs.made(organization.id, sample.PROGRAM, at=now)
    for member in members.values():
        if member.role is Role.PROGRAM_ADMIN:
            await ProgramAdministrator.create(
                organization=organization, program=program, member=member, added_at=now
            )
    for age, pair in enumerate(sample.MATCHES):
        made_at = now - age * DAY
        match = await Match.create(organization=organization, program=program, created_at=made_at)
        for name, role in zip(pair, PARTICIPANT_ROLES, strict=True):
            await Participant.create(
                organization=organization,
                match=match,
                member=members[name],
                role=role,
                joined_at=made_at,
            )
    return organization
