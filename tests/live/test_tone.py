"""Softphones hum, press keys and keep what they hear."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from pbx import tone
from pbx.live import wav
from pbx.live.softphone import Phones

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)
pytestmark = pytest.mark.live


def test_each_end_of_a_call_hears_the_tone_of_the_other(switches, tmp_path):
    """A call between two seats carries 700 Hz one way and 1000 Hz the other, both at once."""
    pbx = switches.pbx
    pbx.wipe()
    book = sites.Book((sites.contract(),))
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        applied = sites.apply_to(ami, book)
    assert {outcome.status for outcome in applied.outcomes} == {"applied"}
    secrets = book.secrets("zhaotong")
    with Phones(bind=switches.desks) as phones:
        anna, bert = (
            phones.register(
                number, auth_user=f"seat-{number}", secret=secrets[number], registrar=pbx.sip, answer="ring"
            )
            for number in ("08702120001", "08702120002")
        )
        call = anna.dial("6002").hum(700).keep(tmp_path / "anna.wav")
        called = bert.next_call().hum(1000).keep(tmp_path / "bert.wav")
        called.answer()
        call.wait("connected").hear(50)
        called.hear(50)
        call.hang_up()
        call.ended(), called.ended()
    for file, theirs, own in (("anna.wav", 1000, 700), ("bert.wav", 700, 1000)):
        samples, rate = wav.read(tmp_path / file)
        assert tone.heard(samples, theirs, rate) > 0.3
        assert tone.heard(samples, own, rate) == 0
