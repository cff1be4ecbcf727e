"""``together domains``: the operator's word, and what it refuses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from together.cli.main import main
from together.store.keys import make_key_file


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An installation with one organization."""
    keys = tmp_path / "keys" / "keys.txt"
    make_key_file(keys)
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("TOGETHER_"):
            monkeypatch.delenv(name)
    for name, value in {
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "DATABASE": f"sqlite:///{tmp_path}/together.db",
        "KEYS": str(keys),
        "MODE": "development",
    }.items():
        monkeypatch.setenv(f"TOGETHER_{name}", value)
    assert main(["migrate"]) == 0
    people = tmp_path / "members.csv"
    people.write_text("email,name,zone,role\nada@saltmarsh.example.org,Ada,UTC,\n")
    created = ["--organization", "saltmarsh", "--create", "Saltmarsh Institute"]
    assert main(["import", str(people), *created]) == 0
    return monkeypatch


def test_domains_are_added_listed_and_removed(installation, capsys):
    """Each command answers with the domains that are the organization's afterwards."""
    told = []
    for words in (
        ["add", "Saltmarsh.Example.org", "marsh.example.net"],
        [],
        ["remove", "marsh.example.net"],
    ):
        capsys.readouterr()
        assert main(["domains", "saltmarsh", *words]) == 0
        told.append(capsys.readouterr().out.split())
    both = ["marsh.example.net", "saltmarsh.example.org"]
    assert told == [both, both, ["saltmarsh.example.org"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["saltmarsh", "add", "no domain"], "is not a domain such as"),
        (["saltmarsh", "add", "ada@saltmarsh.example.org"], "is not a domain such as"),
        (["saltmarsh", "add"], "Say add or remove"),
        (["nobody", "add", "example.org"], "There is no organization"),
    ],
)
def test_what_is_no_domain(installation, capsys, words, said):
    """What cannot be proved is refused in words, and nothing is added."""
    assert main(["domains", *words]) != 0
    assert said in capsys.readouterr().err
    assert main(["domains", "saltmarsh"]) == 0
    assert capsys.readouterr().out == ""
