"""A context's lines, counted out as Asterisk counts them."""

from __future__ import annotations

import pytest

from pbx.errors import Malformed
from pbx.section import parse
from pbx.steps import steps


def test_priorities_are_counted_out() -> None:
    """n is one more than the line before, same is the extension before, labels and hints keep their place."""
    (section,) = parse(
        "[zt]\n"
        "include => seatline-emergency\n"
        "exten => _1[12]0,1,NoOp(a,b)\n"
        " same => n(top),Set(X=${IF($[1 > 0]?a:b)})\n"
        " same => n,Hangup\n"
        "exten => 6001,hint,PJSIP/seat-1\n"
        "exten => 6001, 1 , Goto( top )\n"
        "exten => 6001,5(five),NoOp()\n"
        "exten => 6001,n,Return()\n"
        "include => seatline-dialled\n"
    )
    assert steps(section) == {
        "include": "seatline-emergency, seatline-dialled",
        "_1[12]0,1": "NoOp(a,b)",
        "_1[12]0,2(top)": "Set(X=${IF($[1 > 0]?a:b)})",
        "_1[12]0,3": "Hangup()",
        "6001,hint": "PJSIP/seat-1",
        "6001,1": "Goto( top )",
        "6001,5(five)": "NoOp()",
        "6001,6": "Return()",
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("exten => 6001,one,NoOp()", "'one' is not a priority"),
        ("exten => 6001,0,NoOp()", "'0' is not a priority"),
        ("exten => 6001,n,NoOp()", "'n' is not a priority here"),
        ("same => n,NoOp()", "exten => extension,priority"),
        ("exten => 6001,1", "exten => extension,priority"),
        ("exten => 6001,1,No Op()", "'No Op\\(\\)' is not an application"),
        ("exten => 6001,1,NoOp(", "is not an application"),
        ("exten => 6001,1,NoOp()\nexten => 6001,1,Hangup()", "is there twice"),
        ("switch => Realtime/x", "exten => extension,priority"),
        ("ignorepat => 9", "exten => extension,priority"),
    ],
)
def test_a_line_asterisk_would_drop_is_refused(line: str, reason: str) -> None:
    """Bad priorities, missing applications and two lines in one place are refused, not lost."""
    (section,) = parse(f"[zt]\n{line}\n")
    with pytest.raises(Malformed, match=reason):
        steps(section)
