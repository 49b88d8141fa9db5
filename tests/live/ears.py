"""Prompts as tones, and what a telephone kept of a call: so that a test can tell what a caller heard."""

from __future__ import annotations

import time
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pbx import sound, tone
from pbx.errors import Malformed
from pbx.live import wav
from pbx.live.sounds import SoundFolder
from provisioning.flows import keep_sounds


def tones(pbx: Any, site: str, hertz: Mapping[str, float], seconds: float = 0.4) -> None:
    """Puts a tone in the place of each of these prompts of a site."""
    folder = SoundFolder(pbx.sounds)
    for name, pitch in hertz.items():
        folder.write(site, f"{name}.wav", sound.wav(tone.hum(pitch, seconds)))


def music(pbx: Any, site: str) -> None:
    """Has the switch know the site's classes of music, as `seatline sound add` does."""
    SoundFolder(pbx.sounds).write(site, keep_sounds.CLASSES, keep_sounds.classes(site).encode())
    pbx.cli("module reload res_musiconhold.so")


def silence(pbx: Any, site: str) -> None:
    """Takes all recordings of a site away."""
    folder = SoundFolder(pbx.sounds)
    for name in folder.held(site):
        folder.remove(site, name)


def kept(file: Path, timeout: float = 60.0) -> array[int]:
    """What a telephone kept of a call that is over; its file is whole a moment after the end."""
    end = time.monotonic() + timeout
    while True:
        try:
            samples, rate = wav.read(file)
            return samples[:: rate // tone.RATE]  # softphones keep 16000 a second, of a voice of 8000
        except (Malformed, FileNotFoundError):
            assert time.monotonic() < end, f"nothing was kept in {file}"
            time.sleep(0.05)


def heard(file: Path, hertz: float) -> float:
    """Seconds of a tone in what was kept."""
    return tone.heard(kept(file), hertz)


def order(file: Path, pitches: Mapping[str, float]) -> list[str]:
    """The names of the tones that were heard, in their order; one that comes again at once counts once, for a
    lost packet is a pause too."""
    samples = kept(file)
    step = tone.RATE // 10
    found: list[str] = []
    for start in range(0, len(samples) - step + 1, step):
        block = samples[start : start + step]
        if tone.level(block) < 50:
            continue
        name = next((name for name, pitch in pitches.items() if tone.share(block, pitch) > 0.8), None)
        if name is not None and found[-1:] != [name]:
            found.append(name)
    return found
