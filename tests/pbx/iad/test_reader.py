"""Named values read strictly."""

from __future__ import annotations

import pytest

from pbx.errors import Malformed
from pbx.iad.reader import Reader


def reader() -> Reader:
    return Reader([("a", "1"), ("b", "yes"), ("c", ""), ("d", "secret")], "the file")


def test_values_are_taken_once() -> None:
    """A value is there once; what was taken is missing."""
    values = reader()
    assert values.take("a") == "1"
    assert not values.has("a")
    assert values.optional("a") is None
    with pytest.raises(Malformed, match="a is missing"):
        values.take("a")


def test_a_key_twice_is_refused() -> None:
    """A key that stands twice is Malformed."""
    with pytest.raises(Malformed, match="a stands twice"):
        Reader([("a", "1"), ("a", "1")], "the file")


def test_words_numbers_and_constants() -> None:
    """A key with a few words, a number or a constant value is read as such or refused."""
    assert reader().choice("b", {"on": "yes", "off": "no"}) == "on"
    assert reader().flag("a")
    assert reader().number("a") == 1
    reader().expect("b", "yes")
    for wrong in (
        lambda: reader().choice("a", {"on": "yes"}),
        lambda: reader().flag("b"),
        lambda: reader().number("b"),
        lambda: reader().number("c"),
        lambda: reader().expect("a", "2"),
    ):
        with pytest.raises(Malformed):
            wrong()


def test_a_port_not_in_use_holds_nothing() -> None:
    """A key that should be empty and is not is named, without its value."""
    reader().empty("c")
    with pytest.raises(Malformed, match="d of a port") as caught:
        reader().empty("c", "d")
    assert "secret" not in str(caught.value)


def test_what_nobody_asked_for_is_refused() -> None:
    """Keys left over are Malformed by name."""
    values = reader()
    for key in "ab":
        values.take(key)
    with pytest.raises(Malformed, match="unknown c, d") as caught:
        values.finish()
    assert "secret" not in str(caught.value)
    values.take("c")
    values.take("d")
    values.finish()
