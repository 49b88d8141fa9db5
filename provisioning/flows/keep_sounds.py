"""Prompts and other recordings on a switch: ours, and a customer's own in their place (提示音, 彩铃).

A name is a prompt's (dialplans/sounds/prompts.csv), `ringback`, `waiting`, `warning`, or `name-` and a seat's
long number: how the directory says who it is. What a customer brings is checked and made into what the
telephone plays.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pbx import sound
from pbx.errors import Malformed
from provisioning.core.site import Site
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Ledger

ON_SWITCH = "/srv/seatline/sounds"
"""Where the switch sees the folder (dialplans/prompts.conf)."""
PLAYED = ("ringback", "waiting")
"""Recordings that go on until something happens: Asterisk plays them as music, by a class of their name."""
OTHERS: Mapping[str, str] = {
    "ringback": "彩铃 what callers hear until a seat answers",
    "waiting": "等待音乐 music for those who wait for an operator",
    "warning": "提醒音 the tone before a call has to end",
}
"""Names that are no prompts."""
NAMES = "name-"
"""Begins the name of a recorded name of a seat."""
LONGEST = 120.0
"""Seconds a recording may take."""
LARGEST = 50_000_000
"""Bytes of a file that is looked at."""
CLASSES = "musiconhold.conf"
"""The file of a site's classes, which the switch's own musiconhold.conf includes."""


class SoundWrong(FlowError):
    """A file is no recording that callers could hear, or nothing is called so."""

    exit_code = 3


class Sounds(Protocol):
    """The folder of a switch's recordings."""

    def held(self, group: str) -> Mapping[str, bytes]: ...
    def write(self, group: str, name: str, content: bytes) -> None: ...
    def remove(self, group: str, name: str) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A text that the switch says, in both languages."""

    name: str
    chinese: str
    english: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One recording of a site: `whose` is own (the customer's), ours, or none; `seconds` of its own."""

    name: str
    whose: str
    seconds: float | None
    says: str

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "whose": self.whose, "seconds": self.seconds, "says": self.says}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A recording that is in place now."""

    site: str
    name: str
    seconds: float
    sha256: str


def listed(folder: Sounds, site: Site, prompts: Mapping[str, Prompt]) -> Iterator[Shown]:
    """What callers of a site hear under each name; names of seats only where there are any."""
    own = {name: content for name, content in folder.held(site.name).items() if name.endswith(".wav")}
    ours = {group: folder.held(group) for group in ("_zh", "_en", "_music")}
    texts = {name: f"{prompt.chinese} {prompt.english}" for name, prompt in prompts.items()}
    texts |= OTHERS
    names = {seat.long_number: seat.name or "" for seat in site.seats}
    texts |= {
        file[:-4]: f"name of {number} {names.get(number, '(no seat)')}".strip()
        for file in own
        if file.startswith(NAMES) and (number := file[len(NAMES) : -4])
    }
    for name, says in texts.items():
        file = f"{name}.wav"
        whose = "own" if file in own else "ours" if any(file in held for held in ours.values()) else "none"
        yield Shown(name=name, whose=whose, seconds=_seconds(own[file]) if file in own else None, says=says)


def add(
    folder: Sounds,
    ledger: Ledger,
    site: Site,
    name: str,
    content: bytes,
    *,
    file: str,
    prompts: Mapping[str, Prompt],
    at: datetime,
    who: str,
    told: Callable[[], None],
) -> Kept:
    """Puts a customer's recording in place: checked, converted, audited; the next caller hears it.

    `told` has the switch read its classes of music again: asked only for a recording that is played so.
    Raises SoundWrong for a name that nothing is called, and a file that is no recording.
    """
    _known(name, site, prompts)
    if len(content) > LARGEST:
        raise SoundWrong(f"{file} is over {LARGEST // 1_000_000} MB: cut it, or save it with 8000 Hz")
    try:
        samples = sound.telephone(sound.read(content, longest=LONGEST))
    except Malformed as fault:
        raise SoundWrong(f"{file}: {fault}") from None
    made = sound.wav(samples)
    folder.write(site.name, f"{name}.wav", made)
    kept = Kept(
        site=site.name,
        name=name,
        seconds=len(samples) / sound.RATE,
        sha256=hashlib.sha256(made).hexdigest(),
    )
    detail = {"seconds": f"{kept.seconds:.1f}", "sha256": kept.sha256}
    ledger.audit(event="sound-added", subject=f"{site.name}/{name}", detail=detail, at=at, who=who)
    if name in PLAYED:
        folder.write(site.name, CLASSES, classes(site.name).encode())
        told()
    return kept


def remove(folder: Sounds, ledger: Ledger, site: str, name: str, *, at: datetime, who: str) -> None:
    """Takes a customer's recording away: callers hear ours again, or ordinary ringing."""
    if not folder.remove(site, f"{name}.wav"):
        own = [file[:-4] for file in folder.held(site) if file.endswith(".wav")]
        raise FlowError(f"site {site} has no {name!r} of its own; its own are: {', '.join(own) or 'none'}")
    ledger.audit(event="sound-removed", subject=f"{site}/{name}", detail={}, at=at, who=who)


def install(folder: Sounds, shipped: Mapping[str, Mapping[str, bytes]]) -> int:
    """Brings the recordings that go with us to the switch; how many were missing or other ones."""
    missing = outdated(folder, shipped)
    for group, name in missing:
        folder.write(group, name, shipped[group][name])
    return len(missing)


def outdated(folder: Sounds, shipped: Mapping[str, Mapping[str, bytes]]) -> tuple[tuple[str, str], ...]:
    """Which of our recordings the switch does not have as they are now."""
    return tuple(
        (group, name)
        for group, files in shipped.items()
        for held in (folder.held(group),)
        for name, content in files.items()
        if held.get(name) != content
    )


def classes(site: str) -> str:
    """A site's classes of music; one whose recording is not there is never asked for."""
    return "\n".join(
        f"[seatline-{site}-{name}]\nmode = playlist\nentry = {ON_SWITCH}/{site}/{name}\n" for name in PLAYED
    )


def strange_classes(folder: Sounds, sites: Iterable[str]) -> tuple[str, ...]:
    """The sites whose classes are not as we write them: the switch reads them as its configuration, and some
    kinds of classes start programs.
    """
    return tuple(site for site in sites if folder.held(site).get(CLASSES) != classes(site).encode())


def _known(name: str, site: Site, prompts: Mapping[str, Prompt]) -> None:
    """Refuses a name under which nothing is ever played."""
    names = [*prompts, *OTHERS, *(f"{NAMES}{seat.long_number}" for seat in site.seats)]
    if name in names:
        return
    if name.startswith(NAMES):
        raise SoundWrong(f"{name}: {name.removeprefix(NAMES)} is no seat of site {site.name}")
    near = difflib.get_close_matches(name, names, n=1)
    hint = f": did you mean {near[0]}?" if near else ";"
    raise SoundWrong(f"nothing is called {name!r}{hint} `seatline sound list {site.name}` shows all names")


def _seconds(content: bytes) -> float | None:
    try:
        return round(sound.read(content, longest=3600).seconds, 1)
    except Malformed:
        return None
