"""Tones in a voice signal."""

from __future__ import annotations

from array import array

import pytest

from pbx import tone


def test_a_tone_is_all_of_itself_and_nothing_of_another():
    """A hum of 700 Hz is 700 Hz alone."""
    hum = tone.hum(700, 1.0)
    assert tone.share(hum, 700) == pytest.approx(1.0, abs=1e-3)
    assert tone.share(hum, 1000) == pytest.approx(0.0, abs=1e-3)


def test_a_tone_in_silence_is_heard_as_long_as_it_lasts():
    """Half a second of a tone between silences counts half a second."""
    silence = array("h", [0] * 4000)
    signal = silence + tone.hum(450, 0.5) + silence
    assert tone.heard(signal, 450) == pytest.approx(0.5, abs=0.051)
    assert tone.heard(silence, 450) == 0.0
    assert tone.level(silence) == 0.0 == tone.share(silence, 450)
