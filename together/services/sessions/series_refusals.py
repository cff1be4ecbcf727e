"""What the booking of a series, or its moving, is refused with."""

from __future__ import annotations

from together.services.refusals import Refusal
from together.services.sessions.series_values import SeriesReport


class SeriesConflicts(Refusal):
    words = (
        "Some sessions of this series cannot be booked, so none was. "
        "Leave them out, or choose other times for them."
    )

    def __init__(self, report: SeriesReport, words: str | None = None) -> None:
        super().__init__(words)
        self.report = report
