"""Contexts and extensions as values that cannot break out of their lines."""

from __future__ import annotations

import pytest

from pbx.dialplan import Exten, Include, context
from pbx.errors import Malformed
from pbx.section import render


def test_a_context() -> None:
    """A context renders as extensions and includes in their order."""
    made = context("site-a", [Include("emergency"), Exten("6001", "Goto", ("ring", "0870", "1"))])
    assert render([made]) == "[site-a]\ninclude => emergency\nexten => 6001,1,Goto(ring,0870,1)\n"


@pytest.mark.parametrize("name", ["", "6001,1", "6001\n", "a b", "x" * 80, "6001;", "${X}", "一"])
def test_extensions_that_are_none(name: str) -> None:
    """An extension's name has digits, letters and pattern signs only."""
    with pytest.raises(Malformed):
        Exten(name, "NoOp")


@pytest.mark.parametrize("argument", ["a,b", "a)", "a(", "a\nb", "a;b"])
def test_arguments_that_are_more_than_one(argument: str) -> None:
    """An argument cannot become two, nor end its application."""
    with pytest.raises(Malformed):
        Exten("1", "NoOp", (argument,))


@pytest.mark.parametrize("application", ["", "No Op", "System(", "NoOp\n"])
def test_applications_that_are_none(application: str) -> None:
    """An application's name is one word."""
    with pytest.raises(Malformed):
        Exten("1", application)


@pytest.mark.parametrize("name", ["", "a b", "a]", "x" * 80])
def test_contexts_that_are_none(name: str) -> None:
    """A context's name is one word of at most 79 characters, where it is made and where it is included."""
    with pytest.raises(Malformed):
        context(name, [])
    with pytest.raises(Malformed):
        context("ok", [Include(name)])
