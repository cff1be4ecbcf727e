"""What may be wrong with a series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from together.api.problem import Problem, ProblemCode, tells
from together.services.sessions import series_refusals as refusals

if TYPE_CHECKING:
    from together.api.series import SeriesReport


@tells(
    refusals.SeriesConflicts,
    ProblemCode.SERIES_CONFLICTS,
    "Some sessions of the series cannot be booked, or moved, so none was.",
)
class SeriesConflicts(Problem):
    report: Annotated[SeriesReport, strawberry.lazy("together.api.series")] = strawberry.field(
        description="Which ones, and when they could be instead. Ask again with `skip` or "
        "`instead`."
    )

    @classmethod
    def of(cls, refusal: refusals.SeriesConflicts) -> Self:
        from together.api.series import SeriesReport

        report = SeriesReport.of(refusal.report)
        return cls(message=refusal.message, code=cls.named, report=report)
