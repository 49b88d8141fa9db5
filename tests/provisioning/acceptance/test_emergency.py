"""The way of an emergency call, read in a running dialplan."""

from __future__ import annotations

import pytest

from provisioning.acceptance.emergency import fault

GOOD = {
    "seatline-x-a": {"include": "seatline-emergency, seatline-dialled"},
    "seatline-emergency": {"110,1": "Gosub(seatline-call-emergency,s,1(110))"},
    "seatline-dialled": {"_[+0-9]!,1": "Set(ASKED=1)"},
    "seatline-call-emergency": {
        "s,1": "Set(CDR(userfield)=emergency)",
        "s,2": "Gosub(seatline-outgoing,s,1(${ARG1}))",
        "s,3": "Return()",
    },
    "seatline-outgoing": {"s,1": "NoOp()"},
    "seatline-x-a-forms": {"emergency,1": "Return(${ARG1})"},
}


def told(**changed):
    contexts = GOOD | {name.replace("_", "-"): lines for name, lines in changed.items()}
    return fault(contexts, "seatline-x-a", "110", "seatline-x-a-forms")


def test_the_right_way_has_no_fault():
    """A seat's context leads 110 to the emergency context first, and that straight out."""
    assert told() is None


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"seatline_emergency": {}}, "a pattern of seatline-dialled"),
        ({"seatline_emergency": {"110,1": "Hangup()"}}, "Hangup() first"),
        (
            {"seatline_x_a": {"include": "seatline-dialled, seatline-emergency"}},
            "a pattern of seatline-dialled",
        ),
        (
            {"seatline_x_a": {"_1XX,1": "Hangup()", "include": "seatline-emergency"}},
            "a pattern of seatline-x-a",
        ),
        ({"seatline_x_a": {}}, "in no context"),
        (
            {
                "seatline_call_emergency": {
                    "s,1": "Gosub(seatline-may-call,s,1)",
                    "s,2": "Gosub(seatline-outgoing,s,1(${ARG1}))",
                }
            },
            "may-call",
        ),
        ({"seatline_call_emergency": {"s,1": "Set(X=1)", "s,2": "Return()"}}, "Return()"),
        ({"seatline_call_emergency": {}}, "never comes"),
        ({"seatline_x_a_forms": {"emergency,1": "Return(0${ARG1})"}}, "is sent to the operator as"),
    ],
)
def test_each_wrong_turn_is_named(changed, says):
    """Something else first, a question on the way, no way out, another number: each is a fault of its own,
    told in Chinese for the report too."""
    found = told(**changed)
    assert found is not None
    assert says in found.english
    assert found.chinese != found.english
