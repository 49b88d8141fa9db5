r"""seatline-events.json: what happened to each channel, as cel_custom writes it with microseconds (通道事件).

Channel events are the witness beside the call records: written at once and not at a call's end, they tell
of calls whose record a crash took with it. The lines are quoted as those of cdr_custom (pbx/cdr_json.py): a
backslash before a quote and no other escape, so the fields in a fixed order have exactly one reading. What
strangers choose, the numbers, stands last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from pbx.cdr import EARLIEST, LATEST, SECOND, BrokenRecord, readable

SCHEMA = "1"
"""The version of these fields in this order, written into every line by cel_custom.conf."""
_TEXTS = ("uniqueid", "linkedid", "channame", "accountcode", "context", "exten", "num")
MAPPING = ", ".join((f'"schema: {SCHEMA}"', "eventtype", "eventtime(double)", *_TEXTS))
"""What cel_custom.conf has to say after `fields =` for these lines (advanced mapping, format = json)."""


class Kind(StrEnum):
    """The events that are asked for; others are passed over."""

    BEGAN = "CHAN_START"
    ANSWERED = "ANSWER"
    ENTERED = "BRIDGE_ENTER"
    LEFT = "BRIDGE_EXIT"
    ENDED = "CHAN_END"


EVENTS = ",".join(Kind)
"""What cel.conf has to say after `events =`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One channel event; `at` is microseconds since 1970 GMT. `kind` None is one that is not asked for."""

    kind: Kind | None
    at: int
    uniqueid: str
    linkedid: str
    channel: str
    accountcode: str
    context: str
    exten: str
    num: str
    raw: bytes


_KINDS = {kind.value: kind for kind in Kind}
_LINE = re.compile(
    rf'\{{"schema":"{SCHEMA}","eventtype":"([A-Z_]{{1,32}})","eventtime":([0-9]{{1,12}})\.([0-9]{{6}})'
    + "".join(rf',"{name}":"([^"]*(?:(?<=\\)"[^"]*)*?)"' for name in _TEXTS)
    + r"\}"
)


def parse(line: bytes) -> Event:
    """The event of one line, without its newline. Raises BrokenRecord for anything else."""
    text = readable(line).removesuffix("\r")
    found = _LINE.fullmatch(text)
    if found is None:
        raise _what_is_wrong(text)
    kind, seconds, rest, *values = found.groups()
    if '\\"' in text:
        values = [value.replace('\\"', '"') for value in values]
    at = int(seconds) * SECOND + int(rest)
    if not EARLIEST <= at < LATEST:
        raise BrokenRecord("time", "eventtime is outside 1990 to 9998: the clock of the switch was not set")
    uniqueid, linkedid, channel, accountcode, context, exten, num = values
    if not uniqueid:
        raise BrokenRecord("key", "uniqueid is empty, so nobody knows which channel it is")
    return Event(
        kind=_KINDS.get(kind),
        at=at,
        uniqueid=uniqueid,
        linkedid=linkedid,
        channel=channel,
        accountcode=accountcode,
        context=context,
        exten=exten,
        num=num,
        raw=line,
    )


_STARTED = re.compile(r"(?:.*-)?([0-9]{9,12})\.([0-9]{1,10})", re.DOTALL)


def made(uniqueid: str) -> tuple[int, int] | None:
    """When a channel was made, in seconds since 1970, and the how many-th it was since Asterisk started: a
    unique id is made of both. None for one that somebody else has chosen (AMI's ChannelId)."""
    found = _STARTED.fullmatch(uniqueid)
    return None if found is None else (int(found[1]), int(found[2]))


def _what_is_wrong(text: str) -> BrokenRecord:
    schema = re.match(r'\{"schema":"([^"]{0,20})"', text)
    if schema is None:
        return BrokenRecord("fields", 'no channel event: it must begin with {"schema":"' + SCHEMA + '"')
    if schema[1] != SCHEMA:
        return BrokenRecord("schema", f"fields of schema {schema[1]}; this seatline reads schema {SCHEMA}")
    if text.count('{"schema":"') > 1:
        return BrokenRecord("glued", "two events glued together: the first was torn, as when a disk is full")
    return BrokenRecord("fields", "a field is missing, out of place or not what it must be")
