"""Recordings of any kind become what the telephone plays."""

from __future__ import annotations

import io
import struct
import wave
from array import array

import pytest

from pbx import sound, tone
from pbx.errors import Malformed


def made(samples: array[int], rate: int, *, width: int = 2, channels: int = 1) -> bytes:
    """Python's own WAV file of 16-bit samples, the same in each channel."""
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(width)
        target.setframerate(rate)
        for sample in samples:
            whole = {1: struct.pack("B", sample // 256 + 128), 2: struct.pack("<h", sample)}
            whole |= {3: b"\0" + whole[2], 4: b"\0\0" + whole[2]}
            target.writeframesraw(whole[width] * channels)
    return file.getvalue()


def riff(kind: int, bits: int, data: bytes, *, rate: int = 8000, more: bytes = b"") -> bytes:
    """A WAV file of that format, written by hand."""
    head = struct.pack("<HHIIHH", kind, 1, rate, rate * bits // 8, bits // 8, bits) + more
    chunks = b"fmt " + struct.pack("<I", len(head)) + head + b"LIST\x03\0\0\0abc\0"
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def as_telephone(content: bytes) -> array[int]:
    return sound.telephone(sound.read(content, longest=10))


def test_what_the_telephone_plays_is_taken_as_it_is():
    """A file of 8000 Hz, 16 bits and one channel keeps its samples, and is written as Python writes it."""
    hum = tone.hum(700, 0.5)
    kept = as_telephone(made(hum, 8000))
    assert max(abs(one - other) for one, other in zip(kept, hum, strict=True)) <= 1
    assert sound.wav(hum) == made(hum, 8000)


@pytest.mark.parametrize("rate", sound.RATES)
def test_every_usual_rate_is_brought_to_8000(rate):
    """A tone of 1000 Hz lasts as long and stays as loud and as pure, whatever the rate of the file."""
    kept = as_telephone(made(tone.hum(1000, 0.3, rate), rate))
    assert len(kept) == pytest.approx(2400, abs=2)
    middle = kept[400:2000]
    assert tone.share(middle, 1000) > 0.99
    assert tone.level(middle) == pytest.approx(tone.level(tone.hum(1000, 0.3)), rel=0.02)


def test_what_no_telephone_carries_does_not_come_back_as_another_tone():
    """A whistle of 7000 Hz is gone at 8000 samples a second, and no 1000 Hz are in its place."""
    kept = as_telephone(made(tone.hum(7000, 0.3, 44100), 44100))
    assert tone.level(kept[400:2000]) < 60


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_width_and_stereo_are_read(width, channels):
    """8 to 32 bits, one channel or two, are the same tone."""
    kept = as_telephone(made(tone.hum(700, 0.2), 8000, width=width, channels=channels))
    assert len(kept) == 1600
    assert tone.share(kept, 700) > 0.99


@pytest.mark.parametrize(("kind", "letter", "bits"), [(sound.FLOAT, "f", 32), (sound.FLOAT, "d", 64)])
def test_floating_point_is_read_and_bounded(kind, letter, bits):
    """Samples between -1 and 1 are heard, louder ones cut, and what is no number is silence."""
    data = struct.pack(f"<4{letter}", 0.5, 2.0, -2.0, float("nan"))
    assert list(as_telephone(riff(kind, bits, data))) == [16384, 32767, -32767 - 1, 0]


def test_telephone_codes_are_read():
    """A-law and u-law (G.711) are read as their tables have them."""
    assert list(as_telephone(riff(sound.ALAW, 8, bytes([0xD5, 0x55, 0xAA, 0x2A])))) == [8, -8, 32255, -32255]
    assert list(as_telephone(riff(sound.ULAW, 8, bytes([0xFF, 0x80, 0x00])))) == [0, 32123, -32123]


def test_the_extensible_header_is_read():
    """What newer programs write, with the format in a place of its own, is read too."""
    more = struct.pack("<HHI", 22, 16, 4) + struct.pack("<H", sound.PCM) + b"\0" * 14
    assert list(as_telephone(riff(sound.EXTENSIBLE, 16, struct.pack("<2h", 100, -100), more=more))) == [
        100, -100,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a WAV file"),
        (b"ID3\x04 and so on", "this is an MP3"),
        (b"\xff\xfb\x90\x00", "this is an MP3"),
        (b"\0\0\0\x20ftypM4A ", "MP4 or M4A"),
        (b"OggS....", "an Ogg file"),
        (b"RIFF\0\0\0\0WAVE", "no part 'fmt'"),
        (riff(sound.PCM, 16, b"")[:28], "too short"),
        (riff(2, 4, b"abcd"), "format 2, 4 bits"),
        (riff(sound.PCM, 12, b"abcd"), "12 bits"),
        (riff(sound.PCM, 16, b"abcd", rate=44101), "44101 Hz"),
        (riff(sound.PCM, 16, b""), "no sound in it"),
        (riff(sound.PCM, 16, b"\0" * 16000 * 11), "11 s, and 10 s are the most"),
    ],
)
def test_what_is_no_recording_is_refused_in_plain_words(content, says):
    """Another kind of file, a broken, an empty and a long one are told apart, and how to mend it is said."""
    with pytest.raises(Malformed, match=says):
        as_telephone(content)


def test_a_file_that_was_cut_off_is_read_as_far_as_it_goes():
    """A recorder that died leaves wrong lengths behind: what there is, is heard."""
    whole = made(tone.hum(700, 0.5), 8000)
    assert len(as_telephone(whole[:-4001])) == 4000 - 2001
