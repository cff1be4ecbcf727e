"""JSON is read strictly: another shape than documented is the operator's, never a guess."""

from datetime import UTC, datetime

import pytest

from together.providers import Meeting, Misconfigured, Span, field, maybe, shapes

DAY = datetime(2031, 3, 3, tzinfo=UTC)


def test_a_field_of_the_right_kind_is_read():
    """What is there and of its kind is given as it is."""
    body = {"items": [1], "name": "Home", "primary": True, "count": 3}
    read = [
        field(body, "items", list),
        field(body, "name", str),
        field(body, "primary", bool),
        field(body, "count", int),
    ]
    assert read == [[1], "Home", True, 3]


@pytest.mark.parametrize("body", [None, [], "text", 17, {}, {"items": None}, {"items": {}}])
def test_a_field_of_another_kind_is_refused(body):
    """Neither a missing field nor one of another kind passes, nor a body that is no object."""
    with pytest.raises(Misconfigured):
        field(body, "items", list)


def test_true_is_no_number():
    """Python counts True as 1; JSON does not."""
    with pytest.raises(Misconfigured):
        field({"count": True}, "count", int)


def test_a_list_ends():
    """Nobody has more than ten thousand blocks in a calendar."""
    assert len(field({"busy": [0] * 10_000}, "busy", list)) == 10_000
    with pytest.raises(Misconfigured):
        field({"busy": [0] * 10_001}, "busy", list)


def test_what_may_be_missing_may_not_be_wrong():
    """Missing and null are None; another kind is refused, and so is a body that is no object."""
    assert [maybe({}, "zone", str), maybe({"zone": None}, "zone", str)] == [None, None]
    assert maybe({"zone": "Asia/Tokyo"}, "zone", str) == "Asia/Tokyo"
    for body in ({"zone": 17}, None, []):
        with pytest.raises(Misconfigured):
            maybe(body, "zone", str)


@pytest.mark.parametrize("value", ["", "a\nb", "a\x00b", "\x1b[2J", "\ud800", "x" * 1025])
def test_a_text_has_no_control_characters(value):
    """Control characters, lone surrogates, nothing and endless texts are refused."""
    with pytest.raises(Misconfigured):
        shapes.text({"name": value}, "name")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Team\tplans\r\n", "Team plans"),
        ("\x1b[2J\x00Home", "[2J Home"),
        ("a\ud800b", "a b"),
        ("invoice\u202efdp.exe\u2028", "invoice fdp.exe"),
        ("Ada\u2019s caf\u00e9 \U0001f37a", "Ada\u2019s caf\u00e9 \U0001f37a"),
        ("x" * 5000, "x" * 1024),
        ("\t\x00 ", None),
        ("", None),
        (None, None),
    ],
)
def test_a_label_is_cleaned_and_not_refused(value, shown):
    """What others may write as they like keeps nobody from anything."""
    assert shapes.label({"name": value}, "name") == shown


def test_a_label_of_another_kind_is_refused():
    """A name is a text, or is not there."""
    with pytest.raises(Misconfigured):
        shapes.label({"name": 17}, "name")


def test_a_text_may_be_empty_where_it_may_be_missing():
    """Missing, null and empty are the same nothing."""
    bodies = ({}, {"zone": None}, {"zone": ""}, {"zone": "Asia/Tokyo"})
    read = [shapes.maybe_text(body, "zone") for body in bodies]
    assert read == [None, None, None, "Asia/Tokyo"]


def test_a_moment_has_an_offset():
    """An instant is given in UTC and whole seconds, wherever it was written."""
    body = {"start": "2031-03-03T01:00:00.75+01:00", "end": "2031-03-03T09:00:00Z"}
    assert shapes.span(body) == Span(DAY, DAY.replace(hour=9))


@pytest.mark.parametrize(
    "start",
    ["2031-03-03T09:00:00", "2031-03-03", "tomorrow", "0001-01-01T00:00:00+23:59", "", None, 17,
     "9999-12-31T23:59:59-23:59", "2031-03-03T10:00:00Z"],
)  # fmt: skip
def test_a_span_that_is_none_is_refused(start):
    """A time without an offset, out of all bounds, or a span that does not go forward."""
    with pytest.raises(Misconfigured):
        shapes.span({"start": start, "end": "2031-03-03T10:00:00Z"})


def test_a_link_is_https_on_a_declared_host():
    """A join link is believed where its provider said it would be."""
    link = "https://meet.example/abc"
    assert shapes.meeting("m1", link, hosts={"meet.example"}) == Meeting("m1", link)


@pytest.mark.parametrize(
    "link",
    [
        "http://meet.example/abc",
        "https://elsewhere.example/abc",
        "https://meet.example.elsewhere.example/abc",
        "https://meet.example@elsewhere.example/abc",
        "https://ada@meet.example/abc",
        "https://meet.example:8443/abc",
        "https://meet.example:port/abc",
        "https://elsewhere.example\\@meet.example/abc",
        "https://meet.example/a b",
        "https://meet.example/\u202eabc",
        "javascript:alert(1)",
        "https://meet.example/" + "x" * 2048,
        "",
    ],
)
def test_any_other_link_is_refused(link):
    """A link that leads elsewhere is not shown to anybody."""
    with pytest.raises(Misconfigured):
        shapes.meeting("m1", link, hosts={"meet.example"})
