"""An organization's rules for sessions, in the minutes that people think in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

STEPS = (5, 10, 15, 20, 30, 60)
"""Grids that meet every full hour, in minutes."""

_RANGES = {
    "buffer_before": (0, 240),
    "buffer_after": (0, 240),
    "notice": (0, 60 * 24 * 30),
    "horizon_days": (1, 366),
}
_CAPS = {"per_day": (1, 50), "per_week": (1, 350)}
_SHORTEST, _LONGEST, _CHOICES = 5, 480, 12


class BadPolicy(ValueError):  # noqa: N818
    """`field` is the name of the rule; `why` is for people."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why


@dataclass(frozen=True, slots=True)
class Policy:
    """What an organization offers.  All lengths are minutes, but for `horizon_days`."""

    durations: tuple[int, ...] = (30, 45, 60)
    step: int = 15
    buffer_before: int = 0
    buffer_after: int = 0
    notice: int = 4 * 60
    """How long before its start a session is booked at the latest."""
    horizon_days: int = 60
    """How many times 24 hours ahead a session may start."""
    per_day: int | None = None
    per_week: int | None = None
    """How many sessions a person may have on a day and in a week from Monday, in their own zone."""

    @classmethod
    def of(cls, overrides: Mapping[str, Any] | None) -> Self:
        """Read the rules that differ from the defaults, and refuse what no rule can be."""
        values: dict[str, Any] = {}
        for name, value in (overrides or {}).items():
            values[name] = _read(name, value)
        return cls(**values)

    @property
    def margin(self) -> int:
        """Seconds that lie at least between two sessions of a person: the longer buffer."""
        return max(self.buffer_before, self.buffer_after) * 60

    def earliest(self, now: int) -> int:
        """Say from when on a session may start, in epoch seconds."""
        return now + self.notice * 60

    def latest(self, now: int) -> int:
        """Say when a session may start at the latest, in epoch seconds."""
        return now + self.horizon_days * 86400


def _read(name: str, value: Any) -> Any:
    if name == "durations":
        return _durations(value)
    if name == "step":
        if not _is_count(value) or value not in STEPS:
            raise BadPolicy(name, f"A step is one of {', '.join(map(str, STEPS))} minutes.")
        return value
    if name in _CAPS and value is None:
        return None
    low, high = _RANGES.get(name) or _CAPS.get(name) or (0, -1)
    if high < low:
        raise BadPolicy(name[:40], "There is no such rule.")
    if not _is_count(value) or not low <= value <= high:
        raise BadPolicy(name, f"This is a whole number from {low} to {high}.")
    return value


def _durations(value: Any) -> tuple[int, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise BadPolicy("durations", "This is a list of at least one duration.")
    if len(value) > _CHOICES:
        raise BadPolicy("durations", f"At most {_CHOICES} durations are offered.")
    for item in value:
        if not _is_count(item) or item % 5 or not _SHORTEST <= item <= _LONGEST:
            raise BadPolicy(
                "durations",
                f"A duration is {_SHORTEST} to {_LONGEST} minutes, in steps of five.",
            )
    return tuple(sorted(set(value)))


def _is_count(value: Any) -> bool:
    """JSON's true is an int in Python, and no number of minutes."""
    return isinstance(value, int) and not isinstance(value, bool)
