"""A section as a file has it: template, taking from one, or plain."""

from __future__ import annotations

import pytest

from pbx.errors import Malformed
from pbx.section import CONTEXT, Section
from pbx.written import Written, written


def test_a_section_is_written_with_its_type_first() -> None:
    """An object's type is its first line; a context has none."""
    assert written(Section("x", "aor", (("max_contacts", "1"),))).lines == (
        ("type", "aor"),
        ("max_contacts", "1"),
    )
    assert written(Section("x", CONTEXT, (("include", "y"),))) == Written("x", (("include", "y"),))


def test_what_is_dialplan() -> None:
    """Lines go as key => value only in contexts: not in objects, templates, or what takes from one."""
    assert Written("x", (("exten", "1,1,NoOp()"),)).is_context
    assert not Written("x", (("type", "aor"),)).is_context
    assert not Written("x", (), template=True).is_context
    assert not Written("x", (("aors", "1"),), inherits="t").is_context


@pytest.mark.parametrize(
    "arguments",
    [
        ("a b", ()),
        ("x", (("type", ""),)),
        ("x", (("aors", "1\n[y]"),)),
        ("x", (), False, "t)\n"),
        ("x", (), True, "t"),
    ],
)
def test_what_cannot_be_written(arguments: tuple[object, ...]) -> None:
    """Names and values that Asterisk would read as something else are refused, and templates of templates."""
    with pytest.raises(Malformed):
        Written(*arguments)


def test_secrets_are_not_shown() -> None:
    """A password is masked in what is shown of a section."""
    assert "Sesame" not in repr(Written("x", (("password", "Sesame"),)))
