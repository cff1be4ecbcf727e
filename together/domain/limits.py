"""How large a request may be: every limit, its usual value, and how an operator sets another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any


def _limit(usual: int, *, most: int) -> Any:
    """Declare a limit; what is set is a whole number from 1 to `most`."""
    return field(default=usual, metadata={"most": most})


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit, with the value it has unless a setting says otherwise."""

    body: int = _limit(256 * 1024, most=4 * 1024 * 1024)
    """Bytes of a request."""
    tokens: int = _limit(5000, most=20_000)
    """Words and brackets of a document."""
    depth: int = _limit(15, most=50)
    """Levels of fields."""
    list_depth: int = _limit(5, most=10)
    """Lists of objects in each other: each multiplies what is within."""
    introspection_depth: int = _limit(20, most=50)
    """Levels of fields under ``__schema`` and ``__type``."""
    aliases: int = _limit(30, most=500)
    directives: int = _limit(50, most=500)
    width: int = _limit(100, most=500)
    """Fields in one pair of braces, those of fragments counted in."""
    nesting: int = _limit(100, most=100)
    """Braces in each other, those of fragments counted in."""
    selections: int = _limit(1000, most=5000)
    """Fields and spreads of the whole document, as it is written."""
    operations: int = _limit(20, most=100)
    fragments: int = _limit(100, most=500)
    digits: int = _limit(100, most=1000)
    """Characters of one number."""
    cost: int = _limit(5000, most=100_000)
    """Objects an answer may hold; a page counts as many as were asked for."""
    availability_cost: int = _limit(50, most=1000)
    """What a match's `availability` counts for, whatever is in it: it takes more work than that."""
    check_slots_cost: int = _limit(20, most=1000)
    """The same of its `checkSlots`."""
    check_series_cost: int = _limit(20, most=1000)
    """The same of its `checkSeries`."""
    status_cost: int = _limit(50, most=1000)
    """The same of `members` and of `totals` of `integrationStatus`: they look through everybody."""
    page: int = _limit(100, most=100)
    """Items of a page, and ids asked for at once."""
    errors: int = _limit(5, most=100)
    """Validation errors told at once."""
    seconds: float = _limit(20, most=300)
    """To carry out a query."""
    mutation_seconds: float = _limit(60, most=300)
    member_requests: int = _limit(600, most=100_000)
    """Requests of one member in a minute; at most half of those of the organization."""
    organization_requests: int = _limit(6000, most=1_000_000)
    """Requests of all members of an organization in a minute."""
    busy_requests: int = _limit(60, most=100_000)
    """What is left to each member in the minute when their organization has spent its own."""


HIGHEST: Mapping[str, int] = {each.name: each.metadata["most"] for each in fields(Limits)}
"""The highest value that each can be set to: beyond it one request can hold up all the others."""


def limits_of(text: str) -> tuple[Limits, list[str]]:
    """Read a JSON object of limits by name; give those that are right, and all that is wrong."""
    try:
        named = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return Limits(), ["this is not JSON. Check quotes, commas and brackets."]
    if not isinstance(named, _Pairs):
        return Limits(), ["this is not an object of limits by their names."]
    found: dict[str, int] = {}
    problems = []
    for name, value in named:
        wrong = f"{name} stands there twice." if name in found else _wrong(name, value)
        if wrong:
            problems.append(wrong)
        else:
            found[name] = value
    limits = Limits(**found)
    if limits.member_requests * 2 > limits.organization_requests:
        problems.append(
            f"member_requests is {limits.member_requests} and organization_requests "
            f"{limits.organization_requests}. Set it to at most half of that, so that no member "
            "can use up what is everybody's."
        )
    return limits, problems


class _Pairs(list[tuple[str, Any]]):
    """An object as it is written, a name that comes twice included."""


def _wrong(name: str, value: Any) -> str | None:
    if name not in HIGHEST:
        near = get_close_matches(name, HIGHEST, n=1, cutoff=0.6)
        meant = f" Is {near[0]} meant?" if near else ""
        return f"{name[:40]!a} is no limit.{meant} There are: {', '.join(HIGHEST)}."
    most = HIGHEST[name]
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
        return None
    shown = "a list or an object" if isinstance(value, list) else json.dumps(value)[:40]
    return f"{name} is {shown}. Set it to a whole number from 1 to {most}."
