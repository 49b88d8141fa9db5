"""An AMI action that cannot be injected, and the switch's reply to it (AMI 动作)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pbx.errors import Malformed

LONGEST_LINE = 1000
"""Bytes of one header line; Asterisk reads into 1025 (manager.c, inbuf)."""
MOST_HEADERS = 125
"""Asterisk keeps 128 headers of a message (manager.h, AST_MAX_MANHEADERS) and drops the rest."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action: its name and its headers in order, each checked before a byte is sent.

    Raises Malformed for CR, LF or NUL anywhere, for a colon or blank in a header's name, for lines over
    1000 bytes and for more than 125 headers.
    """

    name: str
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if len(self.headers) > MOST_HEADERS:
            raise Malformed(f"{self.name} has {len(self.headers)} headers, Asterisk takes {MOST_HEADERS}")
        for key, value in (("Action", self.name), *self.headers):
            if not key.replace("-", "").isalnum() or not key.isascii():
                raise Malformed(f"{self.name}: {key!r} is not a header name")
            if any(c in value for c in "\r\n\0"):
                raise Malformed(f"{self.name}: the value of {key} holds a line break or NUL")
            try:
                size = len(f"{key}: {value}".encode())
            except UnicodeEncodeError:
                raise Malformed(f"{self.name}: the value of {key} is not text UTF-8 can carry") from None
            if size > LONGEST_LINE:
                raise Malformed(f"{self.name}: the line of {key} is over {LONGEST_LINE} bytes")

    def __repr__(self) -> str:
        """Name and headers' names only: a value may be a secret."""
        return f"Action({self.name!r}, {', '.join(key for key, _ in self.headers)})"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the response's headers, and the events of a list, in order.

    Header names are as Asterisk writes them. `lines` holds all headers of the response but Response and
    ActionID, in order, the repeated ones too ("Line-000000-000001", "allow=alaw" for GetConfig); `fields` and
    the events hold the first of each name. The event that ends a list (...Complete) is the last of `events`.
    """

    fields: Mapping[str, str]
    lines: tuple[tuple[str, str], ...] = ()
    events: tuple[Mapping[str, str], ...] = ()

    @property
    def ok(self) -> bool:
        return self.fields.get("Response") in ("Success", "Goodbye", "Follows")

    def __repr__(self) -> str:
        """Without values: replies to GetConfig and PJSIPShowAuths hold SIP passwords."""
        answer = self.fields.get("Response", "")
        return f"Reply({answer!r}, {self.message!r}, {len(self.lines)} lines, {len(self.events)} events)"

    @property
    def message(self) -> str:
        return self.fields.get("Message", "").strip()
