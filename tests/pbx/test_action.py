"""An AMI action cannot be made to carry a second one, and shows no secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.action import LONGEST_LINE, MOST_HEADERS, Action, Reply
from pbx.errors import Malformed


@given(st.text(max_size=30), st.sampled_from("\r\n\0"), st.text(max_size=30))
def test_a_line_break_in_a_value_is_refused(before: str, mark: str, after: str) -> None:
    """CR, LF and NUL cannot be in any value of an action."""
    with pytest.raises(Malformed, match="line break or NUL"):
        Action("DBPut", (("Val", before + mark + after),))


@pytest.mark.parametrize("key", ["", "A:", "A B", "名", "A\r\nAction"])
def test_a_header_name_is_plain(key: str) -> None:
    """A header's name is letters, digits and hyphens."""
    with pytest.raises(Malformed, match="not a header name"):
        Action("Ping", ((key, "x"),))


def test_lines_and_messages_have_a_length() -> None:
    """A line of 1000 bytes and 125 headers are taken, one more is not."""
    fits = "张" * ((LONGEST_LINE - len("Val: ")) // 3)
    Action("DBPut", (("Val", fits),))
    Action("UpdateConfig", (("A", "x"),) * MOST_HEADERS)
    with pytest.raises(Malformed, match="over 1000 bytes"):
        Action("DBPut", (("Val", fits + "张"),))
    with pytest.raises(Malformed, match="126 headers"):
        Action("UpdateConfig", (("A", "x"),) * (MOST_HEADERS + 1))
    with pytest.raises(Malformed, match="UTF-8"):
        Action("DBPut", (("Val", "\ud800"),))


def test_actions_and_replies_show_no_values() -> None:
    """Printed, an action shows its headers' names only, and a reply how much it holds."""
    action = Action("UpdateConfig", (("Value-000000", "Sesame"),))
    reply = Reply(
        {"Response": "Success"}, (("Line-000000-000000", "password=Sesame"),), ({"Password": "Sesame"},)
    )
    assert "Sesame" not in f"{action!r} {action} {reply!r} {reply}"
    assert "Value-000000" in repr(action)
