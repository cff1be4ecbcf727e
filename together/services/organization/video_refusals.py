"""Why an organization's sessions cannot get their links in the way that was asked for."""

from __future__ import annotations

from enum import StrEnum

from together.services.refusals import Refusal
from together.store.models import OrganizationVideo, VideoChoice


class VideoObstacle(StrEnum):
    """What stands in the way of a choice."""

    NOT_INSTALLED = "NOT_INSTALLED"
    NOT_FOR_ORGANIZATIONS = "NOT_FOR_ORGANIZATIONS"
    OTHER_CALENDAR = "OTHER_CALENDAR"
    FREE_BUSY_ONLY = "FREE_BUSY_ONLY"
    CREDENTIAL_MISSING = "CREDENTIAL_MISSING"
    CREDENTIAL_REFUSED = "CREDENTIAL_REFUSED"
    SERVICE_DOWN = "SERVICE_DOWN"
    NOT_AVAILABLE_HERE = "NOT_AVAILABLE_HERE"


WORDS = {
    VideoObstacle.NOT_INSTALLED: "No video service of that name is here.",
    VideoObstacle.NOT_FOR_ORGANIZATIONS: "This service makes links only for who connects it.",
    VideoObstacle.OTHER_CALENDAR: "This service makes its links with the events of a calendar "
    "which is not the one that your organization is connected with.",
    VideoObstacle.FREE_BUSY_ONLY: "Your organization lets Together read free and busy times only, "
    "so that no link can come with an event. Choose a service of its own, or no link.",
    VideoObstacle.CREDENTIAL_MISSING: "This service needs something that lets Together make "
    "meetings for your organization. Hand it over with the choice.",
    VideoObstacle.CREDENTIAL_REFUSED: "The service does not accept what was handed over: it was "
    "deleted or switched off, or may not make meetings.",
    VideoObstacle.SERVICE_DOWN: "The video service cannot be reached right now, so nothing was "
    "changed. Try again in a while.",
    VideoObstacle.NOT_AVAILABLE_HERE: "This video service is not available here at the moment, so "
    "nothing was changed. The operator has been told.",
}


OBSTACLE_NOW = (
    "The service is not here any more, so sessions get their links from calendars. Ask whoever "
    "runs Together, or choose another."
)
REASONS = {
    "KeyRefused": "The service does not accept what was handed over any more. Hand over another.",
    "ScopesMissing": "Some permissions were taken back at the service. Give them again, and choose "
    "it once more.",
    "NeedsPerson": "The service does not let Together make meetings any more. Look there, and "
    "choose it once more.",
}
"""Why it makes no links, by the name of the error, in plain words for an administrator."""


def no_links(row: OrganizationVideo) -> str | None:
    """Say why the organization's own service makes no links now; None where nothing is wrong."""
    if row.choice is not VideoChoice.PROVIDER or row.reason is None:
        return None
    return REASONS.get(row.reason, REASONS["NeedsPerson"])


class OrganizationVideoUnavailable(Refusal):
    """The choice cannot be made; `obstacle` says why."""

    def __init__(self, obstacle: VideoObstacle) -> None:
        super().__init__(WORDS[obstacle])
        self.obstacle = obstacle
