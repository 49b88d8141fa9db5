"""Test calls as values: numbers in headers, secrets kept, what SIPp said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pbx import tone
from pbx.errors import Malformed
from pbx.live import sipp
from pbx.trial import Desk, Sound, number_in


@pytest.mark.parametrize(
    ("header", "number"),
    [
        ('"A" <sip:+868702120001@ims.example.net;user=phone>;tag=1', "+868702120001"),
        ("<tel:+8613800138000>", "+8613800138000"),
        ("<sip:6001;phone-context=+86@x>", "6001"),
        ("sip:6001@x", "6001"),
        ("<sip:127.0.0.1>", ""),
    ],
)
def test_the_number_of_a_header(header, number):
    """From and P-Asserted-Identity name a number as a sip: or tel: address, or none."""
    assert number_in(header) == number


def test_a_desk_keeps_its_secret():
    """The secret of a telephone that is played stands in no text of it."""
    assert "Secret" not in repr(Desk(user="1", auth_user="1", secret="Secret", registrar="x"))


def test_loss_is_a_share_of_what_was_sent():
    """Two packets lost of a hundred are 2 %; of nothing nothing is lost."""
    assert Sound(packets=98, lost=2, jitter=0).loss == 0.02
    assert Sound(packets=0, lost=0, jitter=0).loss == 0


def test_a_level_in_decibels():
    """A sine as loud as can be is at 0 dB, half of it 6 dB below."""
    assert tone.decibels(32768 / 2**0.5) == pytest.approx(0)
    assert tone.decibels(16384 / 2**0.5) == pytest.approx(-6.02, abs=0.01)


LOG = """\
----------------------------------------------- 2026-11-21 09:09:42.550644
UDP message sent (10 bytes):

INVITE sip:6001@x SIP/2.0
Call-ID: a
CSeq: 1 INVITE

----------------------------------------------- 2026-11-21 09:09:42.560644
UDP message received [10] bytes :

SIP/2.0 401 Unauthorized
Call-ID: a
CSeq: 1 INVITE

----------------------------------------------- 2026-11-21 09:09:42.750644
UDP message received [10] bytes :

SIP/2.0 503 Service Unavailable
Call-ID: a
CSeq: 2 INVITE

"""


def test_what_sipp_wrote_down():
    """A call's messages are told apart by Call-ID, and a challenge is not how it ended, unless a proof was
    answered by one."""
    (messages,) = sipp.Played(sipp._by_call(LOG.replace("\n", "\r\n"))).calls.values()
    assert [one.code for one in messages] == [0, 401, 503]
    assert sipp.final_code(messages) == 503
    assert sipp.final_code(messages[:2]) == 0
    proof, again = (replace(one, text=one.text.replace("CSeq: 1", "CSeq: 2")) for one in messages[:2])
    assert sipp.final_code([*messages[:2], proof, messages[1]]) == 0
    assert sipp.final_code([*messages[:2], proof, again]) == 401


def test_what_sipp_cannot_be_told():
    """A secret with a bracket or a semicolon would be read as something else: it is refused, unnamed."""
    for secret in ("a]b", "a;b", "a b"):
        with pytest.raises(Malformed) as fault:
            sipp.proof("user", secret)
        assert secret not in str(fault.value)
