"""Counts what happens in this process.  Labels are words of this program, and nobody's ids.

Each application has its own, handed to whoever has something to count.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from together.services.operations.standings import Standings
from together.services.outbox.letters import MAILS
from together.store.models import JobKind

SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
"""Bounds of the durations of calls; a provider has twenty seconds."""


class Measures:
    """The counters of one application, and the text in which Prometheus reads them."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()

        def counter(name: str, words: str, *labels: str) -> Counter:
            return Counter(f"together_{name}", words, labels, registry=registry)

        def gauge(name: str, words: str, *labels: str) -> Gauge:
            return Gauge(f"together_{name}", words, labels, registry=registry)

        self._requests = counter(
            "graphql_requests", "GraphQL requests by operation and outcome.", "operation", "outcome"
        )
        self._calls = counter(
            "provider_calls", "Requests to services by outcome.", "provider", "outcome"
        )
        self._seconds = Histogram(
            "together_provider_seconds",
            "Seconds until a service began to answer.",
            ("provider",),
            buckets=SECONDS,
            registry=registry,
        )
        self._tokens = counter(
            "token_requests",
            "Requests for tokens; grant refresh_token is a renewal.",
            "provider",
            "grant",
            "outcome",
        )
        self._jobs = counter("jobs", "Tries of outbox jobs by outcome.", "kind", "outcome")
        self._mails = counter("mails", "Tries to send a mail by outcome.", "outcome")
        self._reachable = gauge("database_up", "Whether the database answered just now.")
        self._waiting = gauge("outbox_jobs", "Jobs that are not done.", "kind", "state")
        self._oldest = gauge(
            "outbox_oldest_seconds", "Age of the oldest of those jobs.", "kind", "state"
        )
        self._calendars = gauge("sync_calendars", "Calendars synced, by how it went.", "provider",
                                "outcome")  # fmt: skip
        self._lag = gauge("sync_lag_seconds", "Seconds since the first calendar was due to sync.")

    def request(self, operation: str, outcome: str) -> None:
        """Count a GraphQL request: ``query``, ``mutation`` or ``none``, and ``ok`` or a code."""
        self._requests.labels(operation, outcome).inc()

    def call(self, provider: str, outcome: str, seconds: float) -> None:
        """Count a request to a service."""
        self._calls.labels(provider, outcome).inc()
        self._seconds.labels(provider).observe(seconds)

    def token(self, provider: str, grant: str, outcome: str) -> None:
        """Count a request for a token."""
        self._tokens.labels(provider, grant, outcome).inc()

    def job(self, kind: JobKind, outcome: str) -> None:
        """Count a try of a job of the outbox: ``DONE``, or the name of an error."""
        self._jobs.labels(kind.value, outcome).inc()
        if kind in MAILS:
            self._mails.labels(outcome).inc()

    def text(self, standings: Standings | None) -> bytes:
        """Write all of it down, with how the database stands; None where it is away."""
        gauges = (self._waiting, self._oldest, self._calendars)
        for each in gauges:
            each.clear()
        self._reachable.set(standings is not None)
        self._lag.set(float("nan") if standings is None else standings.sync_lag)
        for pile in () if standings is None else standings.piles:
            self._waiting.labels(pile.kind, pile.state).set(pile.count)
            self._oldest.labels(pile.kind, pile.state).set(pile.age)
        for calendars in () if standings is None else standings.calendars:
            self._calendars.labels(calendars.provider, calendars.outcome).set(calendars.count)
        return generate_latest(self._registry)
