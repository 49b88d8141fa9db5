"""SIPp as a program of its own: scenarios played to a switch, and the messages of each call (SIPp).

What a scenario is told of each call, secrets too, stands in a file that only we can read: the list of
processes shows nothing. SIPp sends no voice here and hears none.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from pbx.errors import Malformed, Unreachable

SCENARIOS = Path(__file__).with_name("scenarios")
SIP_PORT = 5060
_MESSAGE = re.compile(
    r"^-{20,} (?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+)\n"
    r"UDP message (?P<way>sent|received)[^\n]*\n\n(?P<text>.*?)(?=^-{20,} \d{4}|\Z)",
    re.MULTILINE | re.DOTALL,
)


def installed() -> bool:
    """Whether this machine has SIPp (Debian: sip-tester)."""
    return shutil.which("sipp") is not None


@dataclass(frozen=True, slots=True)
class Message:
    """A SIP message that SIPp sent or got, and when."""

    at: datetime
    sent: bool
    text: str

    @property
    def code(self) -> int:
        """The code of an answer, 0 for a request."""
        found = re.match(r"SIP/2\.0 (\d{3})", self.text)
        return int(found[1]) if found else 0

    @property
    def method(self) -> str:
        """What is asked or answered: INVITE, BYE."""
        return self.header("CSeq").partition(" ")[2]

    def header(self, name: str) -> str:
        """The first header of that name; empty where there is none."""
        found = re.search(rf"^{name}:[ \t]*(.*?)\r?$", self.text, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Played:
    """What became of a scenario: the messages of each of its calls by Call-ID, in order."""

    calls: Mapping[str, tuple[Message, ...]]

    @property
    def codes(self) -> tuple[int, ...]:
        """The final code of each call's own INVITE or REGISTER, 0 where none came."""
        return tuple(map(final_code, self.calls.values()))


def final_code(messages: Sequence[Message]) -> int:
    """How a call that we made was answered in the end, 0 where it was not; a challenge is the end only where
    it comes once more, to what was to answer it."""
    asked = [one for one in messages if one.method in ("INVITE", "REGISTER")]
    last = max((_number(one) for one in asked if one.sent), default=0)
    answers = [(one.code, _number(one)) for one in asked if not one.sent and one.code >= 200]
    ends = [code for code, number in answers if code not in (401, 407) or number == last > 1]
    return next(iter(ends), 0)


def _number(message: Message) -> int:
    """The number of a message's CSeq, 0 where that is unreadable."""
    number = message.header("CSeq").partition(" ")[0]
    return int(number) if number.isdigit() else 0


@dataclass
class Playing:
    """A scenario that runs."""

    process: subprocess.Popen[bytes]
    folder: Path

    def wait(self, timeout: float) -> Played:
        """Waits for its end, however it ends, and reads what was said."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return self.so_far()

    def stop(self) -> None:
        """Ends it now."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def so_far(self) -> Played:
        file = self.folder / "messages"
        text = file.read_text(errors="replace") if file.exists() else ""
        return Played(MappingProxyType(_by_call(text)))


def play(
    scenario: Path,
    folder: Path,
    *,
    to: str,
    address: str,
    port: int,
    lines: Sequence[Sequence[str]] = (("-",),),
    per_second: float = 10,
    hold: float = 0.0,
    patience: float = 60.0,
) -> Playing:
    """Plays a scenario once for each of the lines, which it knows as [field0], [field1] ...

    `hold` are the seconds of a pause without a length of its own. Raises Unreachable where there is no SIPp.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = folder / "lines.csv"
    told.touch(mode=0o600)
    told.write_text("SEQUENTIAL\n" + "".join(_line(fields) for fields in lines))
    host, _, number = to.partition(":")
    command = [
        "sipp", f"{host}:{number or SIP_PORT}", "-sf", str(scenario), "-inf", str(told),
        "-i", address, "-mi", address, "-p", str(port), "-m", str(len(lines)), "-l", str(len(lines)),
        "-r", f"{max(1, round(per_second))}", "-d", str(round(hold * 1000)),
        "-nostdin", "-nd", "-timeout", str(round(patience)), "-trace_msg", "-message_file", "messages",
    ]  # fmt: skip
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
    except FileNotFoundError:
        raise Unreachable("there is no SIPp on this machine (Debian: apt-get install sip-tester)") from None
    return Playing(process, folder)


def proof(user: str, secret: str) -> str:
    """The field of a line by which SIPp answers a challenge. Malformed for what it could not be told."""
    if wrong := [char for char in "[] ;\r\n" if char in user + secret]:
        raise Malformed(f"SIPp cannot be told a digest user or secret with {wrong[0]!r} in it")
    return f"[authentication username={user} password={secret}]"


def free_port(address: str) -> int:
    """A port of ours that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _line(fields: Sequence[str]) -> str:
    if wrong := [field for field in fields if any(char in field for char in ";\r\n")]:
        raise Malformed(
            f"SIPp cannot be told {len(wrong)} of the fields: they hold a semicolon or a line break"
        )
    return ";".join(fields) + "\n"


def _by_call(text: str) -> dict[str, tuple[Message, ...]]:
    found: dict[str, tuple[Message, ...]] = {}
    for one in _MESSAGE.finditer(text.replace("\r\n", "\n")):
        message = Message(datetime.fromisoformat(one["at"]), one["way"] == "sent", one["text"].strip())
        call = message.header("Call-ID") or message.header("i")
        found[call] = (*found.get(call, ()), message)
    return found
