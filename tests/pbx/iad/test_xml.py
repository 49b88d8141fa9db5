"""XML as small values, and nothing that an attacker's XML can do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.errors import Malformed
from pbx.iad.xml import LARGEST, Node, read, written

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True).filter(
    lambda name: name.lower() != "xml"
)
CHARACTERS = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufffe\uffff")
TEXT = st.text(CHARACTERS, max_size=12)
NODES = st.recursive(
    st.builds(Node, NAMES, TEXT, st.just(()), st.dictionaries(NAMES, TEXT, max_size=2)),
    lambda inner: st.builds(Node, NAMES, st.just(""), st.lists(inner, min_size=1, max_size=3).map(tuple)),
    max_leaves=8,
)


@given(node=NODES)
def test_what_is_written_reads_back(node: Node) -> None:
    """An element written and read is the same: text, children, attributes, blanks in texts and all."""
    assert read(written(node)) == node


@given(text=TEXT)
def test_the_other_libraries_agree(text: str) -> None:
    """Python's own parser reads the same text from our document."""
    from xml.etree import ElementTree

    assert (ElementTree.fromstring(written(Node("a", "", (Node("b", text),)))).findtext("b") or "") == text


@pytest.mark.parametrize(
    "char", ["\x00", "\x0b", "\x1f", "\x7f", "\x85", "\u2028", "\ud800", "\ufffe", "\n", "\t"]
)
def test_a_control_character_is_refused(char: str) -> None:
    """A control character in a text or an attribute is Malformed and says which."""
    for wrong in (lambda: Node("a", f"x{char}"), lambda: Node("a", "", (), {"b": char})):
        with pytest.raises(Malformed, match=f"U\\+{ord(char):04X}"):
            wrong()


def test_a_node_has_text_or_children() -> None:
    """Text beside elements is Malformed, in a value and in a document."""
    with pytest.raises(Malformed):
        Node("a", "x", (Node("b"),))
    for mixed in (b"<a>x<b/></a>", b"<a><b/>x</a>"):
        with pytest.raises(Malformed, match="both"):
            read(mixed)


@pytest.mark.parametrize(
    "hostile",
    [
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "http://192.0.2.1/x.dtd"><a/>',
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;&x;&x;">]><a>&z;</a>',
        b"<a>&unknown;</a>",
        b"<a xmlns='urn:strange'/>",
        b"<a>" + b"<b>" * 300 + b"</b>" * 300 + b"</a>",
        b"<a><b></a>",
        b"",
        b"   ",
        b"<?xml version='1.0' encoding='no-such'?><a/>",
        b"<a>\xff</a>",
        b"<a>" + b" " * LARGEST + b"</a>",
    ],
    ids=lambda hostile: hostile[:24].decode("latin-1"),
)
def test_hostile_xml_is_malformed(hostile: bytes) -> None:
    """Document types, entities, strange name spaces, depth without end and no XML at all are Malformed."""
    with pytest.raises(Malformed):
        read(hostile)


def test_comments_say_nothing() -> None:
    """Comments and processing instructions are passed over."""
    assert read(b"<a><!-- x --><?y z?><b>1</b></a>") == Node("a", "", (Node("b", "1"),))


def test_name_spaces_are_written_with_their_prefix() -> None:
    """A prefix of ours is declared once, at the top, and no other one is."""
    content = written(Node("cwmp:a", "", (Node("b", "1", (), {"xsi:type": "xsd:string"}),)))
    assert content.count(b"xmlns:") == 3
    assert content.count(b"xmlns:cwmp") == 1
    assert b"soap-enc" not in content
    assert read(content).name == "cwmp:a"


def test_a_node_shows_no_text() -> None:
    """The text of an element, perhaps a password, is not in its repr."""
    assert "secret" not in repr(Node("P34", "secret"))


def test_the_form_is_the_plainest() -> None:
    """The document declares itself in double quotes, and an empty element has its end tag."""
    assert written(Node("a", "", (Node("b"),))) == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<a>\n  <b></b>\n</a>\n'
    )
