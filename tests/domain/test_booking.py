"""The states of a session, its seat, and the texts that go with it."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together.domain.booking import MOVES, BadMove, BadText, State, clean_text, moves, seat
from together.domain.policy import Policy

ALLOWED = {
    (State.CONFIRMED, State.CANCELLED),
    (State.CONFIRMED, State.CONFLICT),
    (State.CONFLICT, State.CONFIRMED),
    (State.CONFLICT, State.CANCELLED),
}


@pytest.mark.parametrize(("state", "to"), list(itertools.product(State, State)))
def test_a_session_moves_where_it_may(state: State, to: State) -> None:
    """Every pair of states is allowed, already so, or refused."""
    if (state, to) in ALLOWED:
        assert moves(state, to=to)
        return
    if state is to:
        assert not moves(state, to=to)
        return
    with pytest.raises(BadMove) as refused:
        moves(state, to=to)
    assert (refused.value.state, refused.value.to) == (state, to)


def test_every_state_has_its_moves() -> None:
    """No state is missing from the table of moves, and an unknown one goes nowhere."""
    assert set(MOVES) == set(State)
    with pytest.raises(BadMove):
        moves("LOST", to="CANCELLED")


def test_a_seat_carries_the_margin_behind_it() -> None:
    """A seat is the session and, after it, the longer of both buffers."""
    assert seat(600, 1200, Policy()) == (600, 1200)
    assert seat(600, 1200, Policy(buffer_before=10, buffer_after=5)) == (600, 1800)
    with pytest.raises(ValueError, match="ends after it starts"):
        seat(600, 600, Policy())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Room 4  ", "Room 4"),
        ("Zürich", "Zürich"),
        ("Cafe\u0301", "Café"),
        ("👩‍👩‍👧 at home", "👩‍👩‍👧 at home"),
        ("משרד \u200f4", "משרד \u200f4"),
        ("", ""),
    ],
)
def test_a_line_comes_back_clean(text: str, expected: str) -> None:
    """A line is composed and trimmed; letters of any script, joined emoji and marks stay."""
    assert clean_text("place", text, limit=40) == expected


def test_several_lines_have_one_kind_of_break() -> None:
    """Where lines are meant, every way to write a break becomes a newline."""
    text = "one\r\ntwo\rthree\u2028four\n\nfive\n"
    assert clean_text("reason", text, limit=40, lines=True) == "one\ntwo\nthree\nfour\n\nfive"


@pytest.mark.parametrize(
    ("letter", "why"),
    [
        *[(c, f"A line break (U+{ord(c):04X}) cannot be used here.") for c in "\n\r\u2028\u2029"],
        *[
            (c, f"A control character (U+{ord(c):04X}) cannot be used here.")
            for c in "\0\t\b\x1b\x7f\x9b\ud800"
        ],
        *[
            (c, f"A character that turns the direction of a text (U+{ord(c):04X})"
                " cannot be used here.")
            for c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        ],
    ],
)  # fmt: skip
def test_what_acts_is_refused(letter: str, why: str) -> None:
    """Control characters, breaks and characters that turn a text around are refused by name."""
    with pytest.raises(BadText) as refused:
        clean_text("title", f"a{letter}b", limit=40)
    assert (refused.value.field, refused.value.why) == ("title", why)


def test_a_text_has_a_limit() -> None:
    """What is longer than the limit is refused, and of what is far longer nothing is read."""
    assert clean_text("place", "é" * 40, limit=40) == "é" * 40
    with pytest.raises(BadText, match="41 characters, at most 40"):
        clean_text("place", "e" * 41, limit=40)
    with pytest.raises(BadText, match=r"too long: at most 40 characters\.$"):
        clean_text("place", "\0" * 10_000, limit=40)


@given(st.text(max_size=60), st.booleans())
def test_what_is_let_through_is_fit_to_be_shown(text: str, lines: bool) -> None:
    """Whatever comes in, what comes out is short, composed and without anything that acts."""
    try:
        clean = clean_text("place", text, limit=50, lines=lines)
    except BadText:
        return
    assert len(clean) <= 50
    assert unicodedata.is_normalized("NFC", clean)
    assert clean == clean.strip()
    assert clean_text("place", clean, limit=50, lines=lines) == clean
    clean.encode()
    left = {unicodedata.category(c) for c in clean if c != "\n" or not lines}
    assert left.isdisjoint({"Cc", "Cs", "Zl", "Zp"})
