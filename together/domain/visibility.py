"""Who sees what of whom: the product's table, as the one function that everything asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sight:
    """What a viewer is shown beside one other person of an active match; what is not is not loaded.

    In a group there is one for each pair.
    """

    own_availability: bool
    others_free: bool
    """The other's exact free times."""
    others_busy: bool
    automatic_video: bool
    """Whether a video link is added without being asked for."""
    told_of_other: bool
    """Whether the viewer learns if the other is integrated."""


def sight(*, viewer_integrated: bool, other_integrated: bool) -> Sight:
    """Show what the viewer sees.  It is reciprocal: who shows nothing of theirs is shown nothing.

    For a viewer who is not integrated the answer does not depend on the other at all.
    """
    if not viewer_integrated:
        return Sight(
            own_availability=False,
            others_free=False,
            others_busy=False,
            automatic_video=False,
            told_of_other=False,
        )
    return Sight(
        own_availability=True,
        others_free=other_integrated,
        others_busy=other_integrated,
        automatic_video=True,
        told_of_other=True,
    )
