"""People are found by the beginning of a word, however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together.domain.search_words import (
    LONGEST,
    LONGEST_ASKED,
    MOST,
    UnusableSearch,
    asked_words,
    beginning_with,
    words_of,
)


def found(text: str, name: str, address: str = "x@saltmarsh.example.org") -> bool:
    words = words_of(name, address)
    ranges = [beginning_with(word) for word in asked_words(text)]
    return all(any(first <= word < beyond for word in words) for first, beyond in ranges)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ASA", "Åsa Öst"),
        ("åsa", "Asa Ost"),
        ("A\u030asa", "Åsa"),
        ("ost", "Åsa Öst"),
        ("orsted", "Hans Ørsted"),
        ("Ørs", "Hans Orsted"),
        ("strasse", "Karl Straße"),
        ("STRAß", "Karl Strasse"),
        ("unal", "Deniz Ünal"),
        ("lukasz", "Łukasz Nowak"),
        ("dang", "Đặng Văn"),
        ("aegir", "Ægir"),
        ("thor", "Þór"),
        ("isik", "IŞIK"),
        ("istanbul", "İstanbul"),
        ("yilmaz", "Ayşe Yılmaz"),
        ("aliyev", "Əliyev"),
        ("obri", "Ann O\u2019Brien"),
        ("o'bri", "Ann O\u02bcBrien"),
        ("o’brien", "Ann OBrien"),
        ("brien", "Ann O'Brien"),
        ("anne-mar", "Anne Marie-Anne Mars Anne-Marie"),
        ("marie", "Anne-Marie"),
        ("annemarie", "Anne-Marie"),
        ("lind ada", "Ada Lindqvist"),
        ("ada l", "Ada Lindqvist"),
        ("γιωργος", "Γιώργος Παπαδόπουλος"),
        ("ΠΑΠΑΔ", "Γιώργος Παπαδόπουλος"),
        ("чайк", "Пётр Чайковский"),
        ("петр", "Пётр Чайковский"),
        ("佐藤", "佐藤花子"),
        ("花子", "佐藤花子"),
        ("민수", "김민수"),
        ("김민", "김민수"),
        ("احمد", "محمد أحمد"),
        ("शर्", "राम शर्मा"),
        ("ａｄａ", "Ada"),
        ("zoe", "Zoë\u0301"),
    ],
)
def test_a_name_is_found(text: str, name: str) -> None:
    """Case, accents, strokes, composed letters and what stands between them do not matter."""
    assert found(text, name)


@pytest.mark.parametrize(
    "text",
    [
        "ada.l", "ada.lindqvist+team", "lindqvist", "team", "Ada.Lindqvist+Team@Salt", "saltmarsh",
        "example.org", "adalind", "ada_lind", "lindqvist team", "salt ada",
    ],
)  # fmt: skip
def test_an_address_is_found(text: str) -> None:
    """Every word of an address begins one, with or without the signs between them."""
    assert found(text, "Nobody", "Ada.Lindqvist+team@saltmarsh.example.org")


@pytest.mark.parametrize("text", ["indqvist", "da", "lind ben", "qvist", "marsh", "adat", "राम"])
def test_what_is_inside_a_word_is_not_found(text: str) -> None:
    """Only beginnings count, and each word that is asked for has to be there."""
    assert not found(text, "Ada Lindqvist", "ada.lindqvist@saltmarsh.example.org")


def test_vowels_of_other_scripts_are_letters() -> None:
    """A mark that is a vowel tells one name from another."""
    assert not found("रीम", "राम")


@pytest.mark.parametrize("text", ["", " ", "a", "%", "%%", "_ _", "é", "a b", "\ud800\x00", "'"])
def test_too_little_to_look_for(text: str) -> None:
    """Signs are no letters, and one letter finds half of everybody."""
    with pytest.raises(UnusableSearch, match="two letters or digits"):
        asked_words(text)


def test_too_much_to_look_for() -> None:
    """A search is so long, and has so many words, and no more."""
    with pytest.raises(UnusableSearch, match=f"at most {LONGEST_ASKED} characters"):
        asked_words("a" * (LONGEST_ASKED + 1))
    with pytest.raises(UnusableSearch, match="at most 6 words"):
        asked_words("aa bb cc dd ee ff gg")
    assert asked_words("aa bb aa cc dd ee ff") == ("aa", "bb", "cc", "dd", "ee", "ff")


def test_long_words_are_cut_on_both_sides() -> None:
    """A name without a space is found by all of it, also where it is longer than what is kept."""
    name = "Llanfair" * 20
    assert {len(word) for word in words_of(name, "x@y.zz") if word[0] == "l"} == {LONGEST}
    assert found(name, name)


def test_so_many_words_and_no_more() -> None:
    """A name of very many words keeps its address, and its first words."""
    name = " ".join(f"w{n:03}" for n in range(99))
    words = words_of(name, "ada@y.zz")
    assert (len(words), "adayzz" in words, "w000" in words) == (MOST, True, True)


def test_a_word_that_begins_another_is_not_kept_twice() -> None:
    """Ada is found by her address where that begins with her name."""
    assert words_of("Ada Lindqvist", "ada.lindqvist@a.example") == {
        "adalindqvistaexample",
        "lindqvistaexample",
        "aexample",
        "example",
    }


@given(name=st.text(max_size=30), at=st.integers(0, 29))
def test_every_name_is_found_by_how_it_begins(name: str, at: int) -> None:
    """Whatever the script, a beginning of the first word finds it, if it is long enough to ask."""
    first = (name.split() or [""])[0]
    text = first[: at + 1]
    try:
        asked_words(text)
    except UnusableSearch:
        return
    assert found(text, name)
