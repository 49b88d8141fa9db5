"""A section of a configuration file: what it may hold, how it is written and read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbx.errors import Malformed
from pbx.section import CONTEXT, LONGEST_VALUE, MASK, Section, parse, render

NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,20}", fullmatch=True)
KEYS = st.from_regex(r"[a-z0-9_]{1,12}", fullmatch=True).filter(lambda key: key != "type")
AWKWARD = st.sampled_from(
    [
        r"\;",
        ";",
        ";--",
        "--;",
        r"a\\;b",
        "\\",
        "=",
        "=>",
        "#include x",
        "[x](+)",
        '"张三" <1>',
        "a > b",
        "${X}",
    ]
)
VALUES = (
    (AWKWARD | st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30))
    .map(lambda text: text.strip(" ").lstrip("> "))
    .filter(bool)
)
SECTIONS = st.builds(
    Section,
    NAMES,
    st.sampled_from([CONTEXT, "endpoint", "aor"]),
    st.lists(st.tuples(KEYS, VALUES), max_size=6).map(tuple),
)


@given(st.lists(SECTIONS, max_size=5).map(tuple))
def test_reading_what_was_written_gives_the_same_sections(sections: tuple[Section, ...]) -> None:
    """Rendering and parsing are inverses."""
    assert parse(render(sections)) == sections


@settings(max_examples=300)
@given(st.text(alphabet="a1[]=>;-\\ \t\r\n#(+)", max_size=40))
def test_any_text_is_read_for_good_or_refused(text: str) -> None:
    """A text is either refused or read into sections that render to something with the same meaning."""
    try:
        sections = parse(text)
    except Malformed:
        return
    assert parse(render(sections)) == sections


@pytest.mark.parametrize(
    "value",
    ["", " x", "x ", "a\nb", "a\rb", "a\0b", "a\tb", "a\x7fb", ">6001", "\ud800", "x" * (LONGEST_VALUE + 1)],
)
def test_a_value_that_asterisk_would_read_otherwise_is_refused(value: str) -> None:
    """Blanks at the ends, a leading >, line breaks, control characters and overlong values are refused."""
    with pytest.raises(Malformed, match=r"section \[x\]: the value of password"):
        Section("x", "auth", (("password", value),))


@pytest.mark.parametrize("name", ["", "a b", "a]b", "[a", "x(+)", "a;b", "张三", "-a", "a\n", "x" * 80])
def test_a_name_that_asterisk_would_read_otherwise_is_refused(name: str) -> None:
    """A section's name is letters, digits and a few signs, at most 79 of them."""
    with pytest.raises(Malformed):
        Section(name, "endpoint")


@pytest.mark.parametrize("key", ["", "type", "a b", "a=", "a+", "#exec", "a;", "[a"])
def test_an_option_name_is_letters_digits_and_underscores(key: str) -> None:
    """An option's name cannot carry a sign of the file format, and `type` is the section's kind."""
    with pytest.raises(Malformed):
        Section("x", "endpoint", ((key, "1"),))


def test_semicolons_are_escaped() -> None:
    """The plain value sip:127.0.0.2:5070;lr is written with a backslash before the semicolon."""
    section = Section("line-zt", "endpoint", (("outbound_proxy", "sip:127.0.0.2:5070;lr"),))
    assert render([section]) == "[line-zt]\ntype=endpoint\noutbound_proxy=sip:127.0.0.2:5070\\;lr\n"


def test_a_context_is_written_with_arrows() -> None:
    """Lines of the dialplan are written as key => value."""
    section = Section("zt", CONTEXT, (("include", "seatline-emergency"), ("exten", "6001,1,NoOp(a;b)")))
    assert render([section]) == "[zt]\ninclude => seatline-emergency\nexten => 6001,1,NoOp(a\\;b)\n"


def test_a_handwritten_dialplan_is_read_without_its_comments() -> None:
    """Comments, blank lines and indentation mean nothing; the order of the lines does."""
    text = "; 拨号方案\n\n[zt] ; seats\nexten => 110,1,NoOp(a\\;b)  ; first\n\tsame=>n,Hangup()\r\n;----\n"
    assert parse(text) == (Section("zt", CONTEXT, (("exten", "110,1,NoOp(a;b)"), ("same", "n,Hangup()"))),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a=b", "line 1: 'a' stands before"),
        ("[x]\n#include y.conf", "line 2: '#include y.conf' is not"),
        ("[x]\n\n[y](!)", "line 3: .* not a plain"),
        ("[x](+)\n", "line 1"),
        ("[x]\n;-- gone --;\n", "line 2: block comments"),
        ("[x]\na=\n", "line 1: section .x.: the value of a is empty"),
        ("[x]\ntype=aor\ntype=auth\n", "more than one type"),
    ],
)
def test_what_is_not_plain_is_refused_with_its_line(text: str, reason: str) -> None:
    """Includes, templates, additions and block comments are refused, and the line is named."""
    with pytest.raises(Malformed, match=reason):
        parse(text)


def test_secrets_are_hidden() -> None:
    """A section shows its password neither when printed nor when masked."""
    section = Section("x-auth", "auth", (("username", "x"), ("password", "Sesame0123456789")))
    assert "Sesame" not in repr(section) + str(section)
    assert section.masked().options == (("username", "x"), ("password", MASK))


def test_the_last_value_of_an_option_counts() -> None:
    """Of an option set twice, get gives the last and values gives both."""
    section = Section("x", "endpoint", (("set_var", "A=1"), ("set_var", "B=2")))
    assert (section.get("set_var"), section.values("set_var"), section.get("allow")) == (
        "B=2",
        ("A=1", "B=2"),
        "",
    )
