"""Plugins register listeners, and the kit holds a listener to what is asked of it."""

from __future__ import annotations

import pytest

from together.providers import BookingChange, BookingListener, hookimpl
from together.providers.registry import DuplicateProvider, load
from together.testing.listener_contract import ListenerContract


class Counts(BookingListener):
    """The smallest listener: it counts what it has not heard before."""

    slug = "acme"

    def __init__(self) -> None:
        self.heard: set[str] = set()

    async def booking_changed(self, change: BookingChange) -> None:
        self.heard.add(change.id)


class Plain(Counts):
    """Is no coroutine."""

    def booking_changed(self, change):
        """Do nothing."""


class Elsewhere(Counts):
    """Has a slug of somebody else's."""

    slug = "other"


def registering(*listeners):
    class Plugin:
        @hookimpl
        def register_listeners(self, register):
            for each in listeners:
                register(each)

    return {"acme": Plugin()}


class TestCounts(ListenerContract):
    """The kit, against the smallest listener."""

    @pytest.fixture
    def listener(self):
        return Counts()


def test_register_listeners():
    """A listener that a plugin registers is found under its slug."""
    listener = Counts()
    found = load({}, plugins=registering(listener))
    assert (dict(found.listeners), dict(found.left_out)) == ({"acme": listener}, {})


@pytest.mark.parametrize(
    ("listener", "why"),
    [
        (object(), "it registered a object, which is no BookingListener"),
        (Plain(), "its listener 'acme' has no coroutine booking_changed"),
        (Elsewhere(), "its slug 'other' does not begin with its own name"),
    ],
)
def test_what_is_no_listener(listener, why):
    """A plugin that registers anything else is left out whole, and told why."""
    found = load({}, plugins=registering(listener))
    assert (dict(found.listeners), dict(found.left_out)) == ({}, {"acme": why})


def test_two_listeners_of_one_name():
    """A slug that is taken is refused by name."""
    with pytest.raises(DuplicateProvider, match="registers 'acme' twice"):
        load({}, plugins=registering(Counts(), Counts()))
