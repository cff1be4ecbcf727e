"""How a type is walked: the door to its objects, and who is expected behind it."""

from __future__ import annotations

from dataclasses import dataclass

SIGNED_IN = "ada ben hana kemi jo leo chiara mira nils"
"""Members of both organizations: what is about the viewer alone, or what is installed."""
HERE = "ada ben hana kemi jo leo chiara"
"""Members of Saltmarsh Institute."""
IN_MATCH = "ada ben"
KNOWS_MATCH = "ada ben kemi chiara"
"""Those in it, who looks after its program, and the administrator."""
OFFICE = "leo chiara"
"""Who looks after integrations."""

WINDOW = 'start: "2026-12-01T00:00:00Z", end: "2026-12-02T00:00:00Z"'
ARGUMENTS = {
    ("Query", "node"): '(id: "prv_memory")',
    ("Query", "nodes"): '(ids: ["prv_memory"])',
    ("Match", "availability"): f'({WINDOW}, timeZone: "UTC", duration: 45)',
    ("Match", "checkSeries"): (
        '(start: "2026-12-01T10:00:00Z", timeZone: "UTC", duration: 45, repeats: WEEKLY, count: 2)'
    ),
    ("Match", "checkSlots"): '(starts: ["2026-12-01T10:00:00Z"], timeZone: "UTC", duration: 45)',
}
"""What a field cannot be asked without."""
HOLE = "...hole"
"""Where the fields are put into a door."""


@dataclass(frozen=True, slots=True)
class Type:
    """How objects of a type are reached, who reaches one, and who sees which of their fields."""

    door: str
    passes: str
    fields: dict[str, str]
