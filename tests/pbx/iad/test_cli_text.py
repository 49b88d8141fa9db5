"""Scripts of commands in modes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.errors import Malformed
from pbx.iad.cli_text import Script, lines_of, quoted, unquoted

WORDS = st.from_regex(r"[a-m][a-z]{0,4}( [a-z]{1,3})?", fullmatch=True)


@given(text=st.text([char for char in map(chr, range(32, 127)) if char != '"'], min_size=1, max_size=12))
def test_a_word_comes_back(text: str) -> None:
    """A word is quoted where it needs it, and reads back."""
    assert unquoted(quoted(text)) == text
    assert " " not in quoted(text) or quoted(text).startswith('"')


@given(paths=st.lists(st.lists(WORDS, min_size=1, max_size=3).map(tuple), min_size=1, max_size=6))
def test_every_command_is_there(paths: list[tuple[str, ...]]) -> None:
    """Every command of a script stands in its mode, and nothing else does."""
    script = Script(lines_of(paths).encode())
    leaves = {path for path in paths if not any(other[: len(path)] == path != other for other in paths)}
    for path in leaves:
        script.expect(*path)
    script.finish()


def test_a_mode_stands_once_and_ends_with_no_shutdown() -> None:
    """Commands of a mode stand together, `no shutdown` last."""
    text = lines_of([("a", "no shutdown"), ("b",), ("a", "x"), ("a", "m", "y")])
    assert text == "a\n  x\n  m\n    y\n  no shutdown\n\nb\n"


@pytest.mark.parametrize("text", ["  a\n", "a\n   b\n", "a\n    b\n", "a\n\tb\x00\n", "é\n"])
def test_what_is_no_script(text: str) -> None:
    """Commands too far to the right, and anything but printable ASCII, are Malformed."""
    with pytest.raises(Malformed):
        Script(text.encode())


def test_commands_are_asked_for_by_form() -> None:
    """One command of a form is found with its words; none or two are Malformed."""
    script = Script(b"a\n  x 1\n  y 2\n  y 3\n")
    assert script.one(("a",), r"x (\d)") == ("1",)
    with pytest.raises(Malformed, match="not one command y"):
        script.one(("a",), r"y (\d)")
    assert not script.takes("a", "y 4")


def test_what_all_say_is_the_same() -> None:
    """A thing that several commands say is said the same by all, or Malformed."""
    assert Script(b"a\n  t udp\nb\n  t udp\n").said_by_all(r"t (\w+)", "tcp") == "udp"
    assert Script(b"a\n").said_by_all(r"t (\w+)", "tcp") == "tcp"
    with pytest.raises(Malformed, match="same"):
        Script(b"a\n  t udp\nb\n  t tcp\n").said_by_all(r"t (\w+)", "tcp")
