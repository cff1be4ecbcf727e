"""Whether the audit logs are as they were written, in words that say what to do."""

from __future__ import annotations

from together.store.audit import first_broken
from together.store.models import Organization


async def check_audit(only: str | None = None) -> list[tuple[str, str, bool]]:
    """Read every line there is, and give what was looked at, how it is, and whether it is wrong.

    `only` is the slug of the one organization that is meant.
    """
    meant = Organization.all() if only is None else Organization.filter(slug=only)
    slugs = dict(await meant.order_by("slug").values_list("id", "slug"))
    broken = {slug: await first_broken(number) for number, slug in slugs.items()}
    return [
        (
            f"audit log of {slug}",
            f"line {line} does not follow from the one before it: one of the two was changed, or "
            "lines between them were taken out, by somebody who went past Together. Compare with "
            "a backup, and find out who can write to the database.",
            True,
        )
        for slug, line in broken.items()
        if line is not None
    ] or [("audit log", "each line of each organization follows from the one before it", False)]
