"""SECURITY.md names, behind each rule, the tests that fail when it is broken."""

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
PAGE = (HERE / "SECURITY.md").read_text()
NAMED = re.findall(r"`([\w/.-]+\.py)::(\w+)`", PAGE)
_KEPT, _, _NOT_BUILT = PAGE.partition("\n## Not built yet\n")
RULES = re.findall(r"^- .*(?:\n  .*)*", _KEPT, re.MULTILINE)


def _tests_in(path: str) -> set[str]:
    parsed = ast.parse((HERE / path).read_text())
    return {
        one.name
        for one in ast.walk(parsed)
        if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) and one.name.startswith("test_")
    }


@pytest.mark.parametrize("path", sorted({path for path, _ in NAMED}))
def test_every_test_that_is_named_exists(path: str) -> None:
    """Each test that the page names is a test in the file it names."""
    assert {name for file, name in NAMED if file == path} - _tests_in(path) == set()


def test_every_rule_names_its_tests() -> None:
    """No rule stands on the page without a test, and what is named is named in full."""
    assert [rule for rule in RULES if "::test_" not in rule] == []
    assert len(RULES) > 40
    assert len(NAMED) == PAGE.count("::")


def test_the_page_says_what_is_not_built() -> None:
    """The page ends with a plain list of the subjects that have no code, and so no rule."""
    lines = _NOT_BUILT.strip().splitlines()
    assert lines
    assert [line for line in lines if not line.startswith("- ") or "::" in line] == []


def test_it_says_how_to_report_a_hole() -> None:
    """Whoever finds a hole finds an address first."""
    first = PAGE.split("\n## ")[1]
    assert first.startswith("Reporting a hole")
    assert re.search(r"\*\*security@\S+\.example\.org\*\*", first)
