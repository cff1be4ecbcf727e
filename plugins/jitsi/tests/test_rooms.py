"""Rooms are told by nothing that others see, and the same for the same session."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import httpx
from together_jitsi import Jitsi, JitsiSandbox

from together.providers import Access, Account, Meeting, Span
from together.testing.hands import BASE_URL, mounted

START = datetime(2030, 3, 4, 9, tzinfo=UTC)
HOUR = Span(START, START + timedelta(hours=1))
SECRET = "s3cr3t" * 8
KEY = "a1" * 16


async def _room(*, key=KEY, secret=SECRET, server="https://meet.saltmarsh.example.org"):
    organization = Jitsi({"SERVER": server, "SECRET": secret}).organization
    async with httpx.AsyncClient(trust_env=False) as http:
        meetings = organization.open(Access(http=http, mailbox="ada@saltmarsh.example.org"))
        return await meetings.create(key=key, span=HOUR, title="Mentoring session")


async def test_a_room_is_the_same_after_a_restart():
    """A room follows from secret and key alone; it has not moved since the first version."""
    expected = "https://meet.saltmarsh.example.org/qb7vzfbufnzruqvdkajvrlu3ircm3dm2"
    assert await _room() == await _room() == Meeting(KEY, expected)


async def test_a_room_has_160_bits():
    """A room is 32 letters and digits of 5 bits each, and nothing of the session stands in it."""
    room = (await _room()).join_url.rpartition("/")[2]
    assert re.fullmatch("[a-z2-7]{32}", room)
    assert KEY not in room


async def test_whoever_knows_the_key_alone_knows_no_room():
    """Another secret gives other rooms for the same sessions."""
    rooms = {(await _room(key=key, secret=secret)).join_url
             for key in (KEY, "b2" * 16) for secret in (SECRET, SECRET.upper())}  # fmt: skip
    assert len(rooms) == 4


async def test_a_moved_session_keeps_its_link():
    """A link stays as it is, also one that was made with an earlier server."""
    made = await _room()
    other = Jitsi({"SERVER": "https://other.example.org", "SECRET": SECRET}).organization
    async with httpx.AsyncClient(trust_env=False) as http:
        meetings = other.open(Access(http=http))
        assert await meetings.update(made, span=HOUR, title="Moved") == made
        assert await meetings.whoami() == Account("other.example.org", "")


def test_the_secret_is_not_shown():
    """Neither a provider nor what it opens prints the secret."""
    jitsi = Jitsi({"SERVER": "https://meet.example.org", "SECRET": SECRET})
    shown = [repr(each) for each in (jitsi, vars(jitsi), vars(jitsi.organization))]
    shown.append(repr(vars(vars(jitsi.organization)["_rooms"])))
    assert [each for each in shown if SECRET in each] == []


async def test_the_demos_rooms_outlive_it():
    """The sandbox keeps its secret, and says where the links of the demo lead."""
    first, second = JitsiSandbox(), JitsiSandbox()
    assert first.settings(BASE_URL) != second.settings(BASE_URL)
    second.load(json.loads(json.dumps(first.dump())))
    assert first.settings(BASE_URL) == second.settings(BASE_URL)
    async with httpx.AsyncClient(transport=mounted(second), trust_env=False) as web:
        reply = await web.get(f"{BASE_URL}/")
    told = "Nobody is asked for a room. Links of the demo begin with https://jitsi.example.net/"
    assert (reply.status_code, reply.text) == (200, told)
