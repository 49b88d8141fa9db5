"""A recording in any kind of WAV, as the telephone plays it: 8000 Hz, one channel, 16 bits (提示音).

Reads what people really have: PCM of 8 to 32 bits, floating point, A-law and u-law, up to eight channels,
the extensible header. Anything else is Malformed, in words for whoever made the file.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import mul

from pbx.errors import Malformed

RATE = 8000
"""Samples a second of telephone voice."""
RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 176400, 192000)
"""Sample rates that are read."""

PCM, FLOAT, ALAW, ULAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_WIDTHS: Mapping[int, tuple[int, ...]] = {PCM: (8, 16, 24, 32), FLOAT: (32, 64), ALAW: (8,), ULAW: (8,)}
"""Bits of a sample, by the format of the file."""
_OTHERS: Sequence[tuple[bytes, str]] = (
    (b"ID3", "an MP3"),
    (b"\xff\xfb", "an MP3"),
    (b"\xff\xf3", "an MP3"),
    (b"OggS", "an Ogg file"),
    (b"fLaC", "a FLAC file"),
    (b"#!AMR", "an AMR file"),
    (b"FORM", "an AIFF file"),
)
"""What other sound files begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A recording as it came: its samples, all channels in one, between -1 and 1."""

    rate: int
    samples: Sequence[float]

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def read(content: bytes, *, longest: float) -> Sound:
    """The recording in a WAV file of at most so many seconds.

    Raises Malformed for another kind of file, a broken or empty one, and one that is too long.
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        other = next((other for begins, other in _OTHERS if content.startswith(begins)), None)
        if other is None and content[4:8] == b"ftyp":
            other = "an MP4 or M4A"
        what = f"this is {other}, not a WAV file" if other else "this is not a WAV file"
        raise Malformed(f"{what}; save it as WAV (`ffmpeg -i FILE FILE.wav` does)")
    kind, channels, rate, bits = _format(_chunk(content, b"fmt "))
    data = _chunk(content, b"data")
    width = channels * bits // 8
    frames = len(data) // width
    if not frames:
        raise Malformed("there is no sound in it")
    if frames / rate > longest:
        raise Malformed(f"it takes {frames / rate:.0f} s, and {longest:.0f} s are the most; cut it")
    values = _DECODE[kind, bits](data[: frames * width])
    if channels > 1:
        values = [sum(values[at : at + channels]) / channels for at in range(0, len(values), channels)]
    return Sound(rate=rate, samples=values)


def telephone(sound: Sound) -> array[int]:
    """The recording as 16-bit samples at 8000 Hz, what is above 4 kHz taken out first."""
    samples = _at_rate(sound.samples, sound.rate)
    return array("h", (max(-32768, min(32767, round(value * 32767))) for value in samples))


def wav(samples: Sequence[int]) -> bytes:
    """Samples at 8000 Hz as a WAV file."""
    data = struct.pack(f"<{len(samples)}h", *samples)
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, PCM, 1, RATE,
                       2 * RATE, 2, 16, b"data", len(data))  # fmt: skip
    return head + data


def _chunk(content: bytes, wanted: bytes) -> bytes:
    """A chunk of a RIFF file; of one that was cut off what there is, for recorders lie about lengths."""
    at = 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        if name == wanted:
            return content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    raise Malformed(f"the WAV file is broken: it has no part {wanted.decode().strip()!r}")


def _format(chunk: bytes) -> tuple[int, int, int, int]:
    """Format, channels, samples a second, bits a sample, each believable."""
    if len(chunk) < 16:
        raise Malformed("the WAV file is broken: its header is too short")
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if kind == EXTENSIBLE and len(chunk) >= 26:
        (kind,) = struct.unpack_from("<H", chunk, 24)
    if bits not in _WIDTHS.get(kind, ()):
        raise Malformed(
            f"its voice is in a form that is not read here (format {kind}, {bits} bits); "
            "save it as PCM of 16 bits"
        )
    if not 1 <= channels <= 8 or rate not in RATES:
        raise Malformed(f"it has {channels} channels of {rate} Hz; save it as one channel of 8000 Hz")
    return kind, channels, rate, bits


def _pcm24(data: bytes) -> list[float]:
    return [
        int.from_bytes(data[at : at + 3], "little", signed=True) / 8388608 for at in range(0, len(data), 3)
    ]


def _numbers(letter: str, full: float) -> Callable[[bytes], Sequence[float]]:
    """Reads numbers of that kind of struct, of which `full` is as loud as can be."""
    size = struct.calcsize(letter)

    def decode(data: bytes) -> Sequence[float]:
        values = struct.unpack(f"<{len(data) // size}{letter}", data)
        return [_finite(value) / full for value in values]

    return decode


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _alaw(code: int) -> float:
    """A byte of A-law (ITU-T G.711)."""
    code ^= 0x55
    step, rest = (code & 0x70) >> 4, (code & 0x0F) << 4
    value = (rest + 8) if step == 0 else (rest + 0x108) << (step - 1)
    return (value if code & 0x80 else -value) / 32768


def _ulaw(code: int) -> float:
    """A byte of u-law (ITU-T G.711)."""
    code = ~code & 0xFF
    value = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return (-value if code & 0x80 else value) / 32768


_OF_ALAW = tuple(_alaw(code) for code in range(256))
_OF_ULAW = tuple(_ulaw(code) for code in range(256))
_DECODE: Mapping[tuple[int, int], Callable[[bytes], Sequence[float]]] = {
    (PCM, 8): lambda data: [(code - 128) / 128 for code in data],
    (PCM, 16): _numbers("h", 32768),
    (PCM, 24): _pcm24,
    (PCM, 32): _numbers("i", 2147483648),
    (FLOAT, 32): _numbers("f", 1.0),
    (FLOAT, 64): _numbers("d", 1.0),
    (ALAW, 8): lambda data: [_OF_ALAW[code] for code in data],
    (ULAW, 8): lambda data: [_OF_ULAW[code] for code in data],
}


def _at_rate(samples: Sequence[float], rate: int) -> Sequence[float]:
    """The same voice with 8000 samples a second: a low-pass filter (a windowed sinc) at each new place."""
    if rate == RATE:
        return samples
    shared = math.gcd(rate, RATE)
    up, down = RATE // shared, rate // shared
    reach = math.ceil(16 * max(1.0, rate / RATE))
    kernels = [_kernel(phase / up, reach, min(1.0, RATE / rate)) for phase in range(up)]
    padded = [0.0] * reach + list(samples) + [0.0] * (reach + 1)
    count = len(samples) * up // down
    places = (divmod(at * down, up) for at in range(count))
    return [sum(map(mul, kernels[phase], padded[start : start + 2 * reach + 1])) for start, phase in places]


def _kernel(offset: float, reach: int, band: float) -> Sequence[float]:
    """Weights of the samples around a place that lies `offset` behind one; they keep `band` of all tones."""
    band *= 0.94  # some room, for no filter is as steep as a wall
    weights = []
    for at in range(-reach, reach + 1):
        away = at - offset
        turn = math.pi * away * band
        height = 1.0 if away == 0 else math.sin(turn) / turn
        weights.append(height * (0.5 + 0.5 * math.cos(math.pi * max(-1.0, min(1.0, away / (reach + 1))))))
    total = sum(weights)
    return [weight / total for weight in weights]
