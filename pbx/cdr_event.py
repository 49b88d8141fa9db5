"""AMI's Cdr event: that a call has ended, told once, in whole seconds (话单事件).

A live view, never the book: what is told while nobody listens is never told again, and its times are by the
clock on the wall of the switch, without saying which zone that is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pbx.cdr import DISPOSITIONS, SECOND
from pbx.cel import made
from pbx.errors import Malformed

NAME = "Cdr"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCall:
    """A call as AMI shows it at its end (实时话单).

    `began` is microseconds since 1970 GMT, in whole seconds: that part of the unique id, or counted back from
    when it was heard. `sequence` None: the switch does not tell it.
    """

    uniqueid: str
    sequence: int | None
    linkedid: str
    src: str
    dst: str
    channel: str
    began: int
    duration: int
    billsec: int
    disposition: str

    @property
    def key(self) -> tuple[str, int]:
        """As the ledger looks for it: -1 is any record of that channel."""
        return self.uniqueid, -1 if self.sequence is None else self.sequence


def parse(fields: Mapping[str, str], *, heard: int) -> SeenCall:
    """The call of one event, heard at that instant. Raises Malformed where it can be none."""
    uniqueid = fields.get("UniqueID", "")
    if not uniqueid:
        raise Malformed("a Cdr event without UniqueID")
    disposition = fields.get("Disposition", "")
    if disposition not in DISPOSITIONS:
        raise Malformed(f"a Cdr event with the disposition {disposition[:40]!r}")
    duration = _number(fields, "Duration")
    number = made(uniqueid)
    sequence = fields.get("Sequence", "")
    return SeenCall(
        uniqueid=uniqueid,
        sequence=_number(fields, "Sequence") if sequence else None,
        linkedid=fields.get("LinkedID", ""),
        src=fields.get("Source", ""),
        dst=fields.get("Destination", ""),
        channel=fields.get("Channel", ""),
        began=number[0] * SECOND if number else heard - max(0, duration) * SECOND,
        duration=duration,
        billsec=_number(fields, "BillableSeconds"),
        disposition=disposition,
    )


def _number(fields: Mapping[str, str], name: str) -> int:
    text = fields.get(name, "")
    if not text.removeprefix("-").isdecimal() or len(text) > 11:
        raise Malformed(f"a Cdr event in which {name} is {text[:40]!r}")
    return int(text)
