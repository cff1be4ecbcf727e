"""The npm packages of the tests: pinned by hashes, fetched whole or left out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.npm import fetch

LOCK = json.loads((fetch.OWN / "package-lock.json").read_text())


def test_every_package_is_pinned():
    """Each package has a version and a hash, and none says where it comes from."""
    asked = json.loads((fetch.OWN / "package.json").read_text())["dependencies"]
    packages = {name: each for name, each in LOCK["packages"].items() if name}
    assert {f"node_modules/{name}" for name in asked} <= packages.keys()
    for name, version in asked.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    assert [name for name, each in packages.items() if "integrity" not in each] == []
    assert "resolved" not in json.dumps(LOCK)


def _npm(folder: Path, script: str) -> Path:
    npm = folder / "npm"
    npm.write_text(f"#!/bin/sh\n{script}\n")
    npm.chmod(0o755)
    return npm


def test_what_was_fetched_whole_is_there(tmp_path: Path):
    """Packages are there once npm has brought all of them, and until others are pinned."""
    into = tmp_path / "into"
    npm = _npm(tmp_path, 'echo "$@" > told')
    assert not fetch.here(into)
    fetch.fetch(into, npm=npm)
    assert fetch.here(into)
    assert (into / "told").read_text().split()[:2] == ["ci", "--ignore-scripts"]
    (into / "done.json").write_text("{}")
    assert not fetch.here(into)


def test_what_was_not_fetched_is_not_there(tmp_path: Path):
    """Where npm fails, nothing counts as there, what was there before included."""
    into = tmp_path / "into"
    fetch.fetch(into, npm=_npm(tmp_path, "exit 0"))
    with pytest.raises(subprocess.CalledProcessError):
        fetch.fetch(into, npm=_npm(tmp_path, "exit 1"))
    assert not fetch.here(into)
