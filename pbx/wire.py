"""AMI as bytes: what arrives becomes messages, whole, in strict UTF-8 and within bounds (AMI 报文).

Nothing here waits or knows a socket: bytes in, messages out.
"""

from __future__ import annotations

from collections.abc import Iterator

from pbx.errors import Malformed

GREETING = b"Asterisk Call Manager/"
LONGEST_GREETING = 256
LARGEST_MESSAGE = 4 * 1024 * 1024
"""Bytes of one message; GetConfig of a file of 100 seats is about 200 kB."""

MOST_NAMES = 2000
_OF_STRANGERS = b"Event: Cdr\r\n"

Headers = list[tuple[str, str]]


class Incoming:
    """What a switch has sent, taken apart into messages."""

    def __init__(self) -> None:
        self.version = ""
        """What the greeting says; empty as long as there was none."""
        self._buffer = bytearray()
        self._searched = 0
        self._names: dict[str, str] = {}

    def receive(self, data: bytes) -> Iterator[tuple[Headers, int]]:
        """The messages that these bytes complete, each with its length. What is cut in two waits.

        Raises Malformed when it does not greet as AMI, for a message of over LARGEST_MESSAGE bytes, and for
        text that is not UTF-8.
        """
        self._buffer += data
        if not self.version and not self._greeting():
            return
        start = 0
        while (end := self._buffer.find(b"\r\n\r\n", max(start, self._searched))) >= 0:
            yield headers_of(bytes(self._buffer[start:end]), self._names), end - start
            start = end + 4
        del self._buffer[:start]
        self._searched = max(0, len(self._buffer) - 3)
        if len(self._names) > MOST_NAMES:
            self._names.clear()
        if len(self._buffer) > LARGEST_MESSAGE:
            raise Malformed(f"it sends a message of over {LARGEST_MESSAGE} bytes")

    def forget(self) -> None:
        """Lets go of what has come of the next message."""
        self._buffer.clear()
        self._searched = 0

    def _greeting(self) -> bool:
        line, newline, _ = bytes(self._buffer[:LONGEST_GREETING]).partition(b"\r\n")
        expected = GREETING if newline else GREETING[: len(line)]
        if not line.startswith(expected) or (not newline and len(line) == LONGEST_GREETING):
            raise Malformed("it does not greet as AMI: is this the AMI port?")
        if not newline:
            return False
        self.version = line[len(GREETING) :].decode("ascii", "replace") or "unknown"
        del self._buffer[: len(line) + 2]
        return True


def headers_of(message: bytes, names: dict[str, str]) -> Headers:
    """A message's headers in order, the repeated ones too. Raises Malformed where it is not UTF-8.

    `names` keeps the headers' names, so that thousands of events share them. A call's event holds names as
    strangers sent them, cut in the middle of a character if need be: there such bytes become \\xff-like text.
    """
    try:
        text = message.decode(errors="backslashreplace" if message.startswith(_OF_STRANGERS) else "strict")
    except UnicodeDecodeError as fault:
        raise Malformed(f"it sends what is not UTF-8 (byte {fault.object[fault.start]:#04x})") from None
    headers: Headers = []
    for line in text.split("\r\n"):
        key, colon, value = line.partition(":")
        if colon:
            headers.append((names.setdefault(key, key), value.removeprefix(" ")))
    return headers


def first_of_each(headers: Headers) -> dict[str, str]:
    """Headers by name; of one that comes twice, the first."""
    return dict(reversed(headers)) if len({key for key, _ in headers}) < len(headers) else dict(headers)
