"""The processes of an installation, as `serve --no-worker` and `worker` run them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import anyio

from together.app import App
from together.cli import serve, worker
from together.cli.ready import bound
from together.domain.issuers import TrustedIssuer
from together.domain.mail_servers import Encryption, MailServer
from together.providers.registry import load
from together.services.outbox import delivery
from together.services.signing_in.issuer import AUDIENCE
from together.services.syncing import turns
from together.settings import Mode, Settings

LEASE, LIMIT = 12, 8.0
"""Seconds.  Shorter than in earnest, so that what a dead worker held is taken up within a storm."""

SERVICES = frozenset({"google", "outlook"})


@dataclass(frozen=True, slots=True)
class Installation:
    """What every process of it is started with."""

    base_url: str
    database: str
    keys: Path
    environ: dict[str, str]
    mail_port: int

    def app(self) -> App:
        """Build it in this process."""
        issuer = TrustedIssuer(
            issuer=f"{self.base_url}/issuer",
            audience=AUDIENCE,
            organization="saltmarsh",
            tenant="saltmarsh",
            algorithms=("ES256",),
        )
        settings = Settings(
            public_url=self.base_url,
            database=self.database,
            keys=self.keys,
            issuers=(issuer,),
            return_to=(f"{self.base_url}/connected",),
            mode=Mode.DEVELOPMENT,
            mail_server=MailServer("localhost", self.mail_port, Encryption.NONE),
            mail_from="post@saltmarsh.example.org",
            environ=self.environ,
        )
        registry = load(self.environ, sandboxes=True, only=SERVICES)
        return App.build(settings, registry=registry)


def serves(installation: Installation, port_file: Path, log: Path) -> None:
    """Be a `serve --no-worker`, and say on which port."""
    _logged(log)
    listener = bound("127.0.0.1", 0)
    with serve.Ending() as ending:
        port_file.write_text(str(listener.getsockname()[1]))
        serve.serve(installation.app(), listener, ending=ending, worker=False)


def works(installation: Installation, log: Path) -> None:
    """Be a `worker`."""
    _logged(log)
    delivery.LEASE = turns.LEASE = LEASE
    delivery.LIMIT = LIMIT
    app = installation.app()
    rounds = app.worker._rounds
    assert rounds is not None
    rounds._arrange, rounds.syncing._limit = 1.0, LIMIT
    anyio.run(worker._work, app)


def _logged(log: Path) -> None:
    """Keep what goes wrong, for whoever looks why a storm failed."""
    logging.basicConfig(filename=log, level=logging.WARNING, force=True)
