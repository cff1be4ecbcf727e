"""An operator sets limits by name, within what one request may cost everybody else."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from together.domain.limits import HIGHEST, Limits, limits_of

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
NAMES = ", ".join(HIGHEST)


WITHIN = {"member_requests": (1, 3000), "organization_requests": (1200, 1_000_000)}
"""What can be set while the other of the two stays as it is."""


@pytest.mark.parametrize("name", HIGHEST)
def test_each_limit_is_set_by_its_name(name: str):
    """From one to the highest value it can have, and every other stays as it is."""
    for value in WITHIN.get(name, (1, HIGHEST[name])):
        assert limits_of(json.dumps({name: value})) == (Limits(**{name: value}), [])
    for value in (0, HIGHEST[name] + 1):
        assert limits_of(json.dumps({name: value})) == (
            Limits(),
            [f"{name} is {value}. Set it to a whole number from 1 to {HIGHEST[name]}."],
        )


@pytest.mark.parametrize(
    ("member", "organization"), [(3001, None), (None, 1199), (100_000, 199_999), (1, 1)]
)
def test_no_member_fills_what_is_everybodys(member: int | None, organization: int | None):
    """A member's requests are at most half of their organization's, or the settings are wrong."""
    given = {"member_requests": member, "organization_requests": organization}
    named = {name: value for name, value in given.items() if value is not None}
    made = Limits(**named)
    assert limits_of(json.dumps(named)) == (
        made,
        [
            f"member_requests is {made.member_requests} and organization_requests "
            f"{made.organization_requests}. Set it to at most half of that, so that no member "
            "can use up what is everybody's."
        ],
    )
    enough = {"member_requests": 100_000, "organization_requests": 200_000}
    assert limits_of(json.dumps(enough)) == (Limits(**enough), [])


def test_the_usual_value_is_one_that_could_be_set():
    """Every limit's own value is within its bounds."""
    assert limits_of(json.dumps(asdict(Limits()))) == (Limits(), [])
    assert limits_of("{}") == (Limits(), [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cost=1", ["this is not JSON. Check quotes, commas and brackets."]),
        ("[" * 100_000, ["this is not JSON. Check quotes, commas and brackets."]),
        (f'{{"cost": {"9" * 5000}}}', ["this is not JSON. Check quotes, commas and brackets."]),
        ("5000", ["this is not an object of limits by their names."]),
        ("[]", ["this is not an object of limits by their names."]),
        ("null", ["this is not an object of limits by their names."]),
        ('{"dept": 3}', [f"'dept' is no limit. Is depth meant? There are: {NAMES}."]),
        ('{"\\u202e": 3}', [f"'\\u202e' is no limit. There are: {NAMES}."]),
        ('{"cost": 1, "cost": 2}', ["cost stands there twice."]),
        *(
            (f'{{"depth": {value}}}', [f"depth is {shown}. Set it to a whole number from 1 to 50."])
            for value, shown in (
                ("-1", "-1"),
                ("3.0", "3.0"),
                ("1e999", "Infinity"),
                ("true", "true"),
                ("null", "null"),
                ('"12"', '"12"'),
                ("[1]", "a list or an object"),
                ('{"a": 1}', "a list or an object"),
                ("[" * 500 + "]" * 500, "a list or an object"),
            )
        ),
        (
            '{"aliases": 0, "x": 1, "width": 9}',
            [
                "aliases is 0. Set it to a whole number from 1 to 500.",
                f"'x' is no limit. There are: {NAMES}.",
            ],
        ),
    ],
)
def test_what_is_wrong_is_said(text: str, told: list[str]):
    """Each thing that is wrong is one sentence, whatever was written."""
    assert limits_of(text)[1] == told


def test_what_is_right_is_read_beside_what_is_wrong():
    """A wrong limit does not hide that the others can be read."""
    assert limits_of('{"aliases": 0, "width": 9}')[0] == Limits(width=9)


def test_readme_lists_every_limit():
    """README's table has each limit with its usual and its highest value."""
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([\d,]+) \| ([\d,]+) \|$", README, re.MULTILINE)
    listed = {name: (int(a.replace(",", "")), int(b.replace(",", ""))) for name, a, b in rows}
    usual = asdict(Limits())
    assert listed == {name: (usual[name], most) for name, most in HIGHEST.items()}
