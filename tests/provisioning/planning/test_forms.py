"""The patterns of a contract file become expressions of the dialplan that say the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.section import render
from provisioning.core.contract import Contract
from provisioning.core.site import Ims, NumberIn, NumbersOut, Site
from provisioning.planning import forms

Make = Callable[..., Contract]
IMS = Ims(domain="ims.example.net", proxy="sip:192.0.2.1:5060")


def site(make: Make, **terms: object) -> Site:
    return make(1, ims=replace(IMS, **terms)).site


def test_the_usual_forms(make: Make) -> None:
    """On the usual terms the operator gets +86, service numbers bare and 00 abroad."""
    assert render(forms.contexts(site(make), "b")) == (
        "[seatline-zhaotong-b-forms]\n"
        "exten => fixed,1,Return(+86${ARG2}${ARG3})\n"
        "exten => mobile,1,Return(+86${ARG1})\n"
        "exten => service,1,Return(${ARG1})\n"
        "exten => emergency,1,Return(${ARG1})\n"
        "exten => international,1,Return(00${ARG4})\n"
        "exten => caller,1,Return(+86${ARG2}${ARG3})\n"
    )


def test_what_the_operators_numbers_begin_with(make: Make) -> None:
    """Each beginning is a pattern that returns what it becomes and the rest of the number."""
    rules = (NumberIn(begins="+86", becomes="0"), NumberIn(begins="17951", becomes=""))
    _, read = forms.contexts(site(make, numbers_in=rules), "a")
    assert render([read]) == (
        "[seatline-zhaotong-a-from-operator]\n"
        "exten => _+86!,1,Return(0${EXTEN:3})\n"
        "exten => _17951!,1,Return(${EXTEN:5})\n"
    )


def test_no_ims_no_forms(make: Make) -> None:
    """A site without an operator writes no numbers for one."""
    assert forms.contexts(make(1, ims=None).site, "a") == ()


@given(user=st.lists(st.sampled_from(["+", "86", "{area}", "{local}", "{long}", "a.b-"]), min_size=1))
def test_the_caller_is_the_public_user(make: Make, user: list[str]) -> None:
    """The expression for the caller gives, with a number's parts as arguments, the seat's public user; where
    that is an account's name, the usual form of the number."""
    here = site(make, user="".join(user))
    account = "a.b-" in user and not {"{local}", "{long}"} & set(user)
    [context] = forms.contexts(here, "a")
    said = next(value for value in context.values("exten") if value.startswith("caller,"))
    expression = said.removeprefix("caller,1,Return(").removesuffix(")")
    parts = {"1": "08702120001", "2": "870", "3": "2120001"}
    wanted = "+868702120001" if account else here.ims_user("08702120001")
    assert re.sub(r"\$\{ARG(.)\}", lambda found: parts[found[1]], expression) == wanted
    assert here.ims_caller("08702120001") == wanted
    assert here.ims_caller("12393") == "12393"


@pytest.mark.parametrize("pattern", ["{local}{long}", "{x}"])
def test_a_field_there_is_not(make: Make, pattern: str) -> None:
    """A pattern that asks for what a number sent out does not have is refused."""
    with pytest.raises(ValueError, match="unknown field"):
        forms.contexts(site(make, numbers_out=NumbersOut(fixed=pattern)), "a")
