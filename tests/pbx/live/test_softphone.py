"""The softphone process and its near end, without a switch."""

from __future__ import annotations

import pytest

from pbx.errors import Malformed, Refused, Unreachable
from pbx.live.softphone import ROOM, Phones

NOBODY = "127.0.0.1:9"
"""An address where nothing answers."""


def test_a_softphone_that_cannot_have_its_address_says_so():
    """An address that is not this machine's ends the process, and the reason is in the error."""
    with pytest.raises(Unreachable, match="softphone process is gone"), Phones(bind="192.0.2.1"):
        pass


def test_one_process_has_room_for_eight_telephones():
    """A ninth telephone is an error before PJSIP ends its process over it."""
    with Phones(bind="127.0.0.1") as phones:
        for number in range(ROOM):
            phones.unregistered(f"{number}", auth_user="x", secret="x", registrar=NOBODY)
        with pytest.raises(Malformed, match="room for 8"):
            phones.unregistered("9", auth_user="x", secret="x", registrar=NOBODY)


def test_waiting_has_an_end():
    """A call that nobody answers is unreachable after the time given, and can be given up."""
    with Phones(bind="127.0.0.1") as phones:
        phone = phones.unregistered("1", auth_user="x", secret="x", registrar=NOBODY)
        call = phone.dial("2")
        with pytest.raises((Unreachable, Refused)):
            call.wait("connected", 0.3)
        call.hang_up()


def test_a_number_that_is_no_address_ends_the_call():
    """A number PJSIP cannot make an address of ends the call with a reason and without a SIP code."""
    with Phones(bind="127.0.0.1") as phones:
        ended = phones.unregistered("1", auth_user="x", secret="x", registrar=NOBODY).dial("").ended()
    assert (ended.code, ended.seconds, ended.heard) == (0, 0.0, 0)
    assert "URI" in ended.reason


def test_secrets_are_no_arguments_of_the_process():
    """The secret goes over the pipe: it is in no argument of the process, nor in the phone's repr."""
    with Phones(bind="127.0.0.1") as phones:
        phone = phones.unregistered("1", auth_user="x", secret="geheim123", registrar=NOBODY)
        assert "geheim123" not in " ".join(map(str, phones._process.args))
        assert "geheim123" not in repr(phone)
