"""Ids and cursors: opaque, strict, and of no use to anybody else."""

from __future__ import annotations

import pytest
from graphql import GraphQLError

from together.api.ids import NOBODY, Kind, split, to_id, uid_of
from together.api.pages import Cursors, Page, Slice, page

CURSORS = Cursors(b"k" * 32)


def test_ids():
    """An id says its kind and its row's random bits, and is read strictly."""
    made = to_id(Kind.MEMBER, "abc-_9")
    assert made == "mbr_abc-_9"
    assert split(made) == (Kind.MEMBER, "abc-_9")
    assert uid_of(Kind.MEMBER, made) == "abc-_9"
    assert uid_of(Kind.MATCH, made) == NOBODY


@pytest.mark.parametrize(
    "text",
    ["", "mbr", "mbr_", "MBR_abc", "mbr_ab c", "mbr_abc\n", "xyz_abc", "_abc", "mbr_ä", "41"],
)
def test_no_ids(text):
    """What is not an id to the letter is none."""
    assert split(text) is None
    assert uid_of(Kind.MEMBER, text) == NOBODY


def test_a_cursor_opens_for_its_viewer_and_list_alone():
    """Of another viewer, list or key, or changed by a letter, a cursor does not open."""
    made = CURSORS.make((1700000000, "abc"), of="bookings:x", viewer="ada")
    assert CURSORS.read(made, of="bookings:x", viewer="ada") == (1700000000, "abc")
    changed = made[:5] + ("A" if made[5] != "A" else "B") + made[6:]
    for cursor, of, viewer, cursors in [
        (made, "bookings:y", "ada", CURSORS),
        (made, "bookings:x", "ben", CURSORS),
        (made, "bookings:x", "ada", Cursors(b"o" * 32)),
        (changed, "bookings:x", "ada", CURSORS),
        ("", "bookings:x", "ada", CURSORS),
        ("nonsense!", "bookings:x", "ada", CURSORS),
        ("ä", "bookings:x", "ada", CURSORS),
    ]:
        with pytest.raises(GraphQLError, match="cursor is not one of this list"):
            cursors.read(cursor, of=of, viewer=viewer)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"first": 0}, "A page of 0 was asked for; it holds 1 to 100"),
        ({"first": -1}, "A page of -1"),
        ({"last": 101}, "A page of 101"),
        ({"first": 1, "last": 1}, "not both"),
    ],
)
def test_pages_that_cannot_be(arguments, words):
    """A page has 1 to 100 items, from one end."""
    given = {"first": None, "last": None, "after": None, "before": None} | arguments
    with pytest.raises(GraphQLError, match=words):
        CURSORS.asked(of="x", viewer="ada", **given)


def test_the_row_too_many():
    """The row beyond the page says whether there is more, from either end."""
    forward, backward = Slice(2), Slice(2, backward=True)
    after = Slice(2, after=(1,))
    assert page([1, 2, 3], forward) == Page([1, 2], more_after=True, more_before=False)
    assert page([1, 2], after) == Page([1, 2], more_after=False, more_before=True)
    assert page([3, 2, 1], backward) == Page([2, 3], more_after=False, more_before=True)
