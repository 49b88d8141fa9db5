"""Makes the prompts that go with us from prompts.csv, by espeak-ng, and the tune for waiting (提示音制作).

    python dialplans/sounds/make.py

Only needed where a text of prompts.csv changed: the files themselves stand beside this one. Chinese is
spoken from pinyin, for espeak-ng as Debian ships it does not know most characters.
"""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from array import array
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))
from pbx import sound, tone  # noqa: E402 - found by the line above, wherever this is run

VOICES: Mapping[str, tuple[str, str, int]] = {
    "_zh": ("pinyin", "cmn-latn-pinyin", 190),
    "_en": ("en", "en-gb", 175),
}
"""By folder: the column that is spoken, the voice, words a minute."""
SILENCE = 60
"""A sample below this is silence."""
NOTES = (523.25, 659.26, 783.99, 1046.5, 783.99, 659.26)
"""The tune for waiting: a chord, up and down."""


def main() -> None:
    """Makes all files anew."""
    with (HERE / "prompts.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    for folder, (column, voice, speed) in VOICES.items():
        (HERE / folder).mkdir(exist_ok=True)
        for row in rows:
            spoken = trimmed(speak(row[column], voice, speed))
            (HERE / folder / f"{row['name']}.wav").write_bytes(sound.wav(spoken))
    (HERE / "_music").mkdir(exist_ok=True)
    (HERE / "_music" / "waiting.wav").write_bytes(sound.wav(tune()))


def speak(text: str, voice: str, speed: int) -> array[int]:
    """What espeak-ng makes of a text."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "--stdout"]
    said = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, check=True)
    return sound.telephone(sound.read(said.stdout, longest=60))


def trimmed(samples: array[int]) -> array[int]:
    """Without the silence at both ends, but for a twentieth of a second."""
    loud = [at for at, sample in enumerate(samples) if abs(sample) > SILENCE]
    return samples[max(0, loud[0] - 400) : loud[-1] + 400]


def tune() -> array[int]:
    """Six soft notes and a rest, again and again while somebody waits."""
    made = array("h")
    for hertz in NOTES:
        note = tone.hum(hertz, 0.5, peak=5000)
        fade = (math.exp(-3 * at / len(note)) for at in range(len(note)))
        made.extend(round(sample * softer) for sample, softer in zip(note, fade, strict=True))
    made.extend([0] * 4000)
    return made


if __name__ == "__main__":
    main()
