"""One call record of Asterisk, parsed strictly, with its raw text kept (话单)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cdr:
    """A call record; the fields keep Asterisk's own names and, in Master.csv, this order.

    start, answer and end are microseconds since 1970 GMT, answer None if nobody answered. `exact` says that
    they are known to the microsecond (cdr_custom), else to the second (Master.csv); `billsec` and `duration`
    are Asterisk's truncated whole seconds. `raw` is the line as it was read, without its newline.
    """

    accountcode: str
    src: str
    dst: str
    dcontext: str
    clid: str
    channel: str
    dstchannel: str
    lastapp: str
    lastdata: str
    start: int
    answer: int | None
    end: int
    duration: int
    billsec: int
    disposition: str
    amaflags: str
    uniqueid: str
    userfield: str
    peeraccount: str
    linkedid: str
    sequence: int
    exact: bool
    raw: bytes
