"""Addresses of mailboxes and of the web, told apart from what only looks like one."""

from __future__ import annotations

import pytest

from together.domain import web_addresses
from together.domain.addresses import BadAddress, checked_email, email_key
from together.domain.web_addresses import origin_of, returns_to, web_address


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@Saltmarsh.Example.ORG", "ada@saltmarsh.example.org"),
        ("ａｄａ@saltmarsh.example.org", "ada@saltmarsh.example.org"),
        ("STRASSE@example.org", "straße@example.org"),
        (" ada@saltmarsh.example.org ", "ada@saltmarsh.example.org"),
    ],
)
def test_two_spellings_of_one_mailbox_are_one(one, other):
    """Addresses are compared after compatibility folding and case folding."""
    assert email_key(one) == email_key(other)


@pytest.mark.parametrize(
    "text",
    ["", "ada", "ada@", "@x.org", "ada@x", "a b@x.org", "a@b@x.org", "ada@x.org\n",
     "ada@x.org\u202e", "\x00ada@x.org", "=cmd|x@x.org,", f"{'a' * 65}@x.org",
     f"ada@{'x' * 320}.org", "ada\ud800@x.org", "ada@x\udfff.org", "ada@x.org\udc00"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text):
    """A text without a local part, a domain or with anything unseen is no address."""
    if text.strip() == "ada@x.org":
        assert checked_email(text) == "ada@x.org"
        return
    with pytest.raises(BadAddress):
        checked_email(text)


@pytest.mark.parametrize(
    "text",
    ["ada﹫b@x.org", "ada＠b@x.org", "ada\ufdfa@x.org", "ada\u037a@x.org", "ada\u00b4b@x.org",
     "ada\u2a74@x.org", "ada；@x.org", "ß" * 33 + "@x.org", "ada@" + "ß" * 200 + ".org",
     "ada@" + "㎒" * 110 + ".org"],
)  # fmt: skip
def test_what_is_compared_is_an_address_too(text):
    """An address that folds to two “@”, a space, a mark of lists or too long a text is refused."""
    with pytest.raises(BadAddress):
        checked_email(text)


ALLOWED = ("https://app.example.org/profile", "http://localhost:3000")


@pytest.mark.parametrize(
    "address",
    ["https://app.example.org/profile", "https://app.example.org/profile/calendar?tab=1",
     "https://APP.example.org:443/profile", "http://localhost:3000", "http://localhost:3000/x"],
)  # fmt: skip
def test_a_return_address_under_a_listed_one_is_allowed(address):
    """The origin is the listed one, and the path is the listed one or below it."""
    assert returns_to(address, ALLOWED)


@pytest.mark.parametrize(
    "address",
    ["", "https://app.example.org", "https://app.example.org/profiles",
     "https://app.example.org/profile/../admin", "https://app.example.org/profile/%2e%2E/admin",
     "https://app.example.org/profile/..%2fadmin", "https://app.example.org/profile/..%5cadmin",
     "https://app.example.org.evil.example/profile", "https://app.example.org@evil.example/profile",
     "https://evil.example\\@app.example.org/profile", "https://app.example.org/profile#x",
     "https://app.example.org:8443/profile", "http://app.example.org/profile",
     "http://localhost:3001", "https://localhost:3000", "javascript:alert(1)",
     "https://ada:pw@app.example.org/profile",
     "//app.example.org/profile", "https://app.example.org/profile\r\nSet-Cookie: x",
     "https://app.example.org/profile\t", "https://аpp.example.org/profile",
     "https://app.example.org./profile", "https://app..example.org/profile"],
)  # fmt: skip
def test_any_other_return_address_is_refused(address):
    """Another origin or path, or an address that can be read in two ways, is not allowed."""
    assert not returns_to(address, ALLOWED)


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://APP.example.org:443/profile?tab=1", "https://app.example.org"),
        ("https://app.example.org:8443", "https://app.example.org:8443"),
        ("http://localhost:3000/", "http://localhost:3000"),
        ("http://[::1]:80/x", "http://[::1]"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(address, origin):
    """The usual port is left out, as are path and query, and the host is in lower case."""
    assert origin_of(address) == origin


LABEL = "a" * 63
LONGEST = f"{LABEL}.{LABEL}.{LABEL}.{'a' * 61}"


@pytest.mark.parametrize(
    "host", [LABEL, LONGEST, "a.b", "xn--d1abbgf6aiiy.example", "a_b.example", "127.0.0.1", "[::1]"]
)
def test_a_host_that_dns_could_know(host):
    """A name of up to 253 characters, in parts of up to 63, is taken, and so is an IP address."""
    assert web_address(f"https://{host}/x") == f"https://{host}/x"


@pytest.mark.parametrize(
    "host", ["a..b", ".a", "a.", "..", f"{LABEL}a", f"{LONGEST}a", "a%41.b", "a,b", "a'b"]
)
def test_a_host_that_cannot_be(host):
    """An empty part, one that is too long, too long a name or another character is said."""
    with pytest.raises(web_addresses.BadAddress, match="has no host's name: each part between"):
        web_address(f"https://{host}/x")
