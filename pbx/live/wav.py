"""Voice in WAV files: 16 bits, one channel (录音文件)."""

from __future__ import annotations

import sys
import wave
from array import array
from pathlib import Path

from pbx.errors import Malformed


def read(file: Path) -> tuple[array[int], int]:
    """The samples of a WAV file and how many there are in a second. Raises Malformed for any other file."""
    try:
        with wave.open(str(file), "rb") as source:
            if (source.getsampwidth(), source.getnchannels()) != (2, 1):
                raise Malformed(f"{file}: not 16 bits in one channel")
            samples = array("h", source.readframes(source.getnframes()))
            rate = source.getframerate()
    except (wave.Error, EOFError) as fault:
        raise Malformed(f"{file}: not a WAV file: {fault}") from None
    if sys.byteorder == "big":
        samples.byteswap()
    return samples, rate


def write(file: Path, samples: array[int], rate: int = 8000) -> None:
    """Writes samples as a WAV file."""
    kept = array("h", samples)
    if sys.byteorder == "big":
        kept.byteswap()
    with wave.open(str(file), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(kept.tobytes())
