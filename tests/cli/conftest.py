"""A folder, an environment and a log of one command's own."""

from __future__ import annotations

import logging
import os
import shutil

import pytest

from together.cli import logs
from together.cli.main import main


@pytest.fixture(autouse=True)
def _own_log():
    """Give back the loggers as they were: a command sends them to its own standard error."""
    loggers = [logging.getLogger(name) for name in ("", *logs.HELD)]
    before = [(one, one.level, one.handlers[:], one.propagate) for one in loggers]
    yield
    for one, level, handlers, propagate in before:
        one.setLevel(level)
        one.handlers[:] = handlers
        one.propagate = propagate


@pytest.fixture
def environ(monkeypatch, tmp_path):
    """Make an environment with nothing of ours but what a test says, in an empty folder."""
    for name in list(os.environ):
        if name.startswith("TOGETHER_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def put(**settings):
        for name, value in settings.items():
            monkeypatch.setenv(f"TOGETHER_{name}", str(value))

    return put


@pytest.fixture
def together(environ, capsys):
    """Run a command; give its exit code, what it printed, and what it complained of."""

    def run(*words):
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def migrated(environ, tmp_path, _sqlite_template):
    """A migrated SQLite database, where the commands look for it."""
    shutil.copy2(_sqlite_template, tmp_path / "together.db")
