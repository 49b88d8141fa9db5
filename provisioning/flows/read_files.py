"""Reads configuration files of a switch over GetConfig: one, several, or a numbered series (读取配置文件)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pbx.action import Action, Reply
from pbx.config import Config
from pbx.errors import Malformed
from pbx.section import Section
from pbx.update import held_lines, plain, reading
from pbx.written import Written
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Switch

ANSWER_WITHIN = 120.0
"""Seconds the switch has to answer: it may be in the middle of a reload of ten thousand seats."""
AHEAD = 32
"""Files of a series asked for at once, and how many must be missing before it is taken to be at its end."""


def ask(switch: Switch, actions: Iterable[Action]) -> list[Reply]:
    """The answers to many actions, in order."""
    return switch.send_all(actions, timeout=ANSWER_WITHIN)


def read_lines(switch: Switch, file: str, notes: list[str]) -> tuple[Written, ...] | None:
    """A file as it is written, None if it is not there; one we cannot understand is noted and empty."""
    return _understood(switch.name, file, switch.send(reading(file), timeout=ANSWER_WITHIN), notes)


def read_all(switch: Switch, files: Iterable[str], notes: list[str]) -> dict[str, tuple[Written, ...] | None]:
    """Files as they are written, each as `read_lines` gives it."""
    asked = tuple(files)
    replies = zip(asked, ask(switch, map(reading, asked)), strict=True)
    return {file: _understood(switch.name, file, reply, notes) for file, reply in replies}


def read_series(
    switch: Switch, file_of: Callable[[int], str], notes: list[str]
) -> dict[str, tuple[Written, ...]]:
    """Files with consecutive numbers from 1, up to where none of the next AHEAD is there.

    One that is missing before another that holds something was taken away by a hand, and is noted.
    """
    asked: dict[str, tuple[Written, ...] | None] = {}
    while True:
        ahead = range(len(asked) + 1, len(asked) + 1 + AHEAD)
        files = read_all(switch, map(file_of, ahead), notes)
        if all(lines is None for lines in files.values()):
            break
        asked |= files
    filled = [number for number, lines in enumerate(asked.values()) if lines]
    for file in list(asked)[: filled[-1] if filled else 0]:
        if asked[file] is None:
            notes.append(f"{file} is missing, and files after it are there: a hand took it away")
    return {file: lines for file, lines in asked.items() if lines is not None}


def read_file(switch: Switch, file: str, notes: list[str]) -> tuple[Section, ...] | None:
    """The sections of a file, None if it is not there; a file we cannot understand is noted and empty."""
    lines = read_lines(switch, file, notes)
    if lines is None:
        return None
    try:
        sections = plain(lines)
        Config({file: sections})
    except Malformed as fault:
        notes.append(altered(file, fault))
        return ()
    return sections


def _understood(switch: str, file: str, reply: Reply, notes: list[str]) -> tuple[Written, ...] | None:
    if not reply.ok:
        if "not found" in reply.message:
            return None
        if "invalid format" not in reply.message:
            raise FlowError(f"{switch}: {file} cannot be read: {reply.message}")
        notes.append(f"{file} was altered by hand and is no valid configuration file any more")
        return ()
    try:
        return held_lines(reply)
    except Malformed as fault:
        notes.append(altered(file, fault))
        return ()


def altered(file: str, fault: Malformed) -> str:
    """The note about a file that a hand has made into something else."""
    return f"{file} was altered by hand into something seatline does not write: {fault}"
