"""What the engine costs beside a bare loop: `python -m tests.benchmarks.engine` prints a table.

Only ratios taken in one process mean anything; the microseconds are those of this machine.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from zoneinfo import ZoneInfo

from together.domain.hours import DEFAULT_WEEK, Hours
from together.domain.slots import starts
from together.domain.spans import Span, Spans

BEGINS = 1_830_297_600  # 1 January 2028, midnight in UTC
DAY = 86400
STEP = 15
DURATION = 45
ZONE = ZoneInfo("Europe/Stockholm")

Edges = tuple[int, ...]


def busy(blocks: int, *, days: int, seed: int) -> Edges:
    """Make one person's busy blocks, spread over the days, as flat edges."""
    chance = random.Random(seed)  # noqa: S311  (nothing here is secret)
    room = days * DAY // blocks // 300
    edges: list[int] = []
    for at in range(blocks):
        first = BEGINS + (at * room + chance.randrange(room - 13)) * 300
        edges += (first, first + chance.choice((1800, 2700, 3600)))
    return tuple(edges)


def people(count: int, *, days: int, blocks: int) -> list[Edges]:
    return [busy(blocks, days=days, seed=seed) for seed in range(count)]


def window(days: int) -> Span:
    return Span.of(BEGINS, BEGINS + days * DAY)


def gaps(everybody: Iterable[Edges], whole: Span) -> list[tuple[int, int]]:
    """Merge and sweep, and nothing else: the least that any engine has to do."""
    pairs: list[tuple[int, int]] = []
    for edges in everybody:
        pairs += zip(edges[::2], edges[1::2], strict=True)
    pairs.sort()
    free = []
    at = whole.starts
    for begins, ends in pairs:
        if begins > at:
            free.append((at, begins))
        if ends > at:
            at = ends
    if at < whole.ends:
        free.append((at, whole.ends))
    return free


def bare(everybody: Iterable[Edges], whole: Span) -> list[int]:
    """Merge, sweep, and write down the starts: a loop for one grid, with no rule but the length."""
    found = []
    for begins, ends in gaps(everybody, whole):
        at = begins + -begins % (STEP * 60)
        while at + DURATION * 60 <= ends:
            found.append(at)
            at += STEP * 60
    return found


def engine(everybody: Iterable[Edges], whole: Span) -> list[int]:
    """Spans as integers in, slot starts out, on the grid of a zone."""
    free = Spans.all([Spans([whole])], but=map(Spans.of_edges, everybody))
    return starts(free, duration=DURATION, step=STEP, zone=ZONE, window=whole)


def with_rules(everybody: Iterable[Edges], whole: Span, hours: Sequence[Spans]) -> list[int]:
    """The engine, with both people's weekly hours, notice and horizon."""
    free = Spans.all([Spans([whole]), *hours], but=map(Spans.of_edges, everybody))
    return starts(
        free,
        duration=DURATION,
        step=STEP,
        zone=ZONE,
        window=whole,
        not_before=whole.starts + 4 * 3600,
        not_after=whole.ends - DAY,
    )


def cost(work: Callable[[], object], *, rounds: int = 7, seconds: float = 0.02) -> float:
    """Say what one call costs, in microseconds: the best of some rounds, since noise only adds."""
    calls = 1
    while (took := _timed(work, calls)) < seconds:
        calls = max(calls * 2, int(calls * seconds / max(took, 1e-9)))
    return min(took, *(_timed(work, calls) for _ in range(rounds))) / calls * 1e6


def _timed(work: Callable[[], object], calls: int) -> float:
    begins = time.perf_counter()
    for _ in range(calls):
        work()
    return time.perf_counter() - begins


def main() -> None:
    say = sys.stdout.write
    say("Two people, a step of 15 minutes, sessions of 45, days of 24 hours.\n\n")
    say("  days  blocks  starts   gaps only   bare loop      engine   / gaps   / bare\n")
    for days, blocks in ((30, 100), (30, 200), (30, 400), (60, 200), (120, 400), (240, 800)):
        both, whole = people(2, days=days, blocks=blocks), window(days)
        least = cost(lambda both=both, whole=whole: gaps(both, whole))
        plain = cost(lambda both=both, whole=whole: bare(both, whole))
        ours = cost(lambda both=both, whole=whole: engine(both, whole))
        say(
            f"{days:6}{blocks:8}{len(engine(both, whole)):8}{least:9.0f} µs{plain:9.0f} µs"
            f"{ours:9.0f} µs{ours / least:9.2f}{ours / plain:9.2f}\n"
        )
    whole, both = window(30), people(2, days=30, blocks=100)
    week = Hours(DEFAULT_WEEK, zone=ZONE)
    hours = [week.spans(whole)] * 2
    ruled = cost(lambda: with_rules(both, whole, hours))
    say(f"\nBoth on weekdays from nine to five: {len(with_rules(both, whole, hours))} starts, ")
    say(f"{ruled:.0f} µs, {ruled / cost(lambda: bare(both, whole)):.2f} of the bare loop;\n")
    say(
        f"the hours themselves, of one person for 30 days: {cost(lambda: week.spans(whole)):.0f} µs"
    )
    say(".\n")


if __name__ == "__main__":
    main()
