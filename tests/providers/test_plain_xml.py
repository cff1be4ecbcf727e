"""XML from a stranger is read as a tree, or not at all."""

import pytest

from together.providers import Misconfigured
from together.providers.plain_xml import DEEPEST, parsed_xml


def test_names_carry_their_namespace():
    """A tree is found by namespace and name, whatever prefix the server chose."""
    root = parsed_xml(b'<ns0:a xmlns:ns0="DAV:" k="v"><ns0:href>/ada &amp; ben/</ns0:href></ns0:a>')
    assert (root.tag, root.attrib) == ("{DAV:}a", {"k": "v"})
    assert root.findtext("{DAV:}href") == "/ada & ben/"


def test_as_deep_as_allowed_is_read():
    """The deepest tree that is allowed is still a tree."""
    assert parsed_xml(b"<a>" * DEEPEST + b"</a>" * DEEPEST).tag == "a"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<a>",
        b"not xml",
        b"<a/><b/>",
        b"<a>&nothing;</a>",
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY e "many">]><a>&e;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<?xml version="1.0" encoding="unheard-of"?><a/>',
        b"<a>" * (DEEPEST + 1) + b"</a>" * (DEEPEST + 1),
    ],
)
def test_anything_else_is_refused(content):
    """A DTD, an entity, a broken or bottomless document is one error, which quotes nothing."""
    with pytest.raises(Misconfigured) as refused:
        parsed_xml(content)
    assert (refused.value.code, refused.value.__context__) == ("unreadable_reply", None)
