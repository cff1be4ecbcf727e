"""What a provider says of disconnecting, which people are shown, and may open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.providers.test_registry import plugin
from together.providers import Ends, Parting
from together.providers.http import BadAddress
from together.providers.registry import load
from together.testing.memory import MemoryCalendar
from together.testing.provider_contract import BASE_URL

HOME = "https://acme.example/consents"
OURS = "https://people.acme.example/apps"


def acme(**attributes):
    """Make a provider of a plugin called acme."""
    kind = type("Acme", (MemoryCalendar,), {"slug": "acme"})
    provider = kind(BASE_URL)
    for name, value in attributes.items():
        setattr(provider, name, value)
    return provider


def left_out(provider):
    return load({}, plugins={"acme": plugin(provider)}).left_out


def test_some_accounts_have_a_page_of_their_own():
    """The beginning of an account's id says which page is its owner's."""
    parting = Parting(ends=Ends.NOTHING, consents_url=HOME, consents_urls={"people:": OURS})
    assert [parting.address(each) for each in ("people:1", "people", "1:people:", "")] == [
        OURS,
        HOME,
        HOME,
        HOME,
    ]


@pytest.mark.parametrize(
    "address",
    [
        "",
        None,
        "acme.example/consents",
        "http://acme.example/consents",
        "http://127.0.0.1:8000/consents",
        "https://",
        "https://ada@acme.example/",
        "https://acme.example/\\consents",
        "https://acme.example/\nconsents",
        "https://acme.example/consents#all",
        "https://acme.example/consents?next=//elsewhere.example",
        "https://acme.example/a/../b",
        "https://ACME.example/",
        "javascript:alert(1)",
    ],
)
def test_where_a_consent_is_ended_is_an_https_address(address):
    """People open it, so it is https, on this machine too, and reads in one way."""
    for wrong in ({"consents_url": address}, {"consents_urls": {"people:": address}}):
        with pytest.raises(BadAddress, match="https") as caught:
            Parting(**{"ends": Ends.ACCOUNT, "consents_url": HOME, **wrong})
        assert "acme" not in str(caught.value)


@pytest.mark.parametrize("said", [None, HOME, Ends.ACCOUNT])
def test_a_provider_says_what_disconnecting_ends(said):
    """One that does not could surprise those who disconnect, and is left out."""
    why = "its provider 'acme' does not say what disconnecting ends (parting)"
    assert left_out(acme(parting=said)) == {"acme": why}


@pytest.mark.parametrize("ends", Ends)
def test_what_is_said_is_what_can_be_done(ends):
    """A service that can be told ends something, and one that cannot ends nothing."""
    parting = Parting(ends=ends, consents_url=HOME)
    told = acme(parting=parting)
    untold = acme(parting=parting, oauth=replace(told.oauth, revoke_url=None))
    why = {"acme": "its provider 'acme' says and denies that a consent can be revoked"}
    nothing = ends is Ends.NOTHING
    assert (left_out(told), left_out(untold)) == ((why, {}) if nothing else ({}, why))
