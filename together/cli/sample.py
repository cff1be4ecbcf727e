"""The sample organization of the demo: a dozen members in several time zones, and their matches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SamplePerson:
    """A member to be made.  `connected` names the service they use from the first start."""

    name: str
    zone: str
    role: str = "PARTICIPANT"
    connected: str | None = None
    weekly_hours: dict[str, list[list[str]]] | None = None

    @property
    def email(self) -> str:
        return f"{self.name.split()[0].lower()}@saltmarsh.example.org"


SLUG = "saltmarsh"
NAME = "Saltmarsh Institute"
PROGRAM = "Spring mentoring"
GOOGLE, OUTLOOK = "google", "outlook"

_EARLY = {str(day): [["07:30", "12:00"], ["13:00", "15:30"]] for day in range(1, 6)}
_LATE = {str(day): [["12:00", "20:00"]] for day in range(1, 6)}

PEOPLE = (
    SamplePerson("Ada Lindqvist", "Europe/Stockholm", connected=GOOGLE),
    SamplePerson("Ben Okafor", "Africa/Lagos", connected=OUTLOOK),
    SamplePerson("Chiara Moretti", "Europe/Rome", role="ORG_ADMIN"),
    SamplePerson("Dev Raman", "Asia/Kolkata", connected=GOOGLE, weekly_hours=_LATE),
    SamplePerson("Elin Berg", "Europe/Oslo"),
    SamplePerson("Farid Haddad", "America/New_York", connected=OUTLOOK, weekly_hours=_EARLY),
    SamplePerson("Grace Liu", "Australia/Lord_Howe"),
    SamplePerson("Hana Sato", "Asia/Tokyo", connected=GOOGLE),
    SamplePerson("Ivo Novak", "Europe/Prague", role="IT_ADMIN"),
    SamplePerson("Jo Park", "America/Los_Angeles", weekly_hours=_EARLY),
    SamplePerson("Kemi Ade", "Africa/Lagos", role="PROGRAM_ADMIN"),
    SamplePerson("Leo Brandt", "Europe/Berlin", connected=OUTLOOK),
)

MATCHES = (
    ("Ada", "Ben"),
    ("Dev", "Farid"),
    ("Elin", "Ada"),
    ("Hana", "Grace"),
    ("Leo", "Kemi"),
    ("Farid", "Jo"),
    ("Ivo", "Chiara"),
)
"""Mentor and mentee, by first name: both connected (with one service or two), one, and nobody."""
