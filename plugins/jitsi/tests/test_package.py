"""The package as it is installed, and what its README promises."""

from __future__ import annotations

from pathlib import Path

import pytest
import together_jitsi

from together.providers.registry import load
from together.testing.hands import BASE_URL

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
SERVER, SECRET = "TOGETHER_JITSI_SERVER", "TOGETHER_JITSI_SECRET"
GOOD = {SERVER: "https://meet.saltmarsh.example.org", SECRET: "s3cr3t" * 8}


def _left_out(**settings):
    return load(settings, plugins={"jitsi": together_jitsi}).left_out.get("jitsi")


def test_the_installed_plugin_is_found():
    """The entry point brings the video service, and no sandbox unless one is asked for."""
    registry = load(GOOD, only=frozenset({"jitsi"}))
    assert registry.videos["jitsi"].label == "Jitsi Meet"
    assert registry.videos["jitsi"].join_hosts == {"meet.saltmarsh.example.org"}
    assert (registry.calendars, registry.sandboxes) == ({}, {})
    assert registry.distributions["jitsi"] == "together-jitsi"


def test_what_is_missing_is_named():
    """Without a server, or without a secret, the plugin is left out and says so."""
    assert _left_out() == f"it needs the setting {SERVER}"
    assert _left_out(**{SERVER: GOOD[SERVER]}) == f"it needs the setting {SECRET}"
    assert _left_out(**GOOD) is None


@pytest.mark.parametrize(
    "server",
    [
        "meet.example.org",
        "http://meet.example.org",
        "http://127.0.0.1",
        "https://",
        "https://meet.example.org:8443",
        "https://meet.example.org/rooms",
        "https://meet.example.org?room=",
        "https://meet.example.org#room",
        "https://ada@meet.example.org",
        "https://meet.example.org\\@other.example.org",
        "https://meet..example.org",
        "https://méet.example.org",
        "https://meet.example.org\n",
        "ftp://meet.example.org",
    ],
)
def test_a_server_is_https_and_a_host(server):
    """Any other address leaves the plugin out, in words that do not repeat it."""
    told = f"{SERVER} is https://host, without a port or a path"
    assert _left_out(**GOOD | {SERVER: server}) == told


def test_an_address_is_taken_as_people_write_it():
    """A slash at its end and capitals are no mistake."""
    written = GOOD | {SERVER: "HTTPS://Meet.Saltmarsh.example.org/"}
    registry = load(written, plugins={"jitsi": together_jitsi})
    assert registry.videos["jitsi"].join_hosts == {"meet.saltmarsh.example.org"}


def test_a_short_secret_is_refused():
    """What could be found by trying leaves the plugin out."""
    assert _left_out(**GOOD | {SECRET: "s" * 31}) == f"{SECRET} is 32 random characters, or more"
    assert _left_out(**GOOD | {SECRET: "s" * 32}) is None


def test_the_readme_names_every_setting():
    """Every setting is explained."""
    sandbox = load({}, plugins={"jitsi": together_jitsi}, sandboxes=True).sandboxes["jitsi"]
    names = [f"TOGETHER_JITSI_{name}" for name in sandbox.settings(BASE_URL)]
    assert names == [SERVER, SECRET]
    assert [name for name in names if f"| `{name}` | " not in README] == []
