"""An office whose telephones are all played by SIPp, and what is measured of its busy hour."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pbx.live import sipp

MOBILE = "13800138000"


@dataclass(frozen=True)
class Scale:
    """How much: seats, calls that the line carries, and in the busy time calls of each kind a second for so
    many seconds, each for `hold` seconds."""

    seats: int
    line: int
    seconds: int
    out: int
    into: int
    inside: int
    hold: float


SCALES = {
    "small": Scale(seats=8, line=6, seconds=5, out=1, into=1, inside=1, hold=1.5),
    "busy-hour": Scale(seats=69, line=30, seconds=60, out=4, into=2, inside=1, hold=3.0),
}
"""The busy hour a minute long: 69 seats with 6 calls each, of 3 minutes each, 18 Erlang on the line."""


@dataclass
class Office:
    """The site, its seats' telephones played by one SIPp, and what was called so far."""

    folder: Path
    switches: Any
    scale: Scale
    secrets: Any
    port: int
    since: float
    called: int = 0
    figures: dict[str, str] = field(default_factory=dict)

    @property
    def seats(self) -> list[str]:
        return sorted(self.secrets)

    def seatline(self, *arguments: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "provisioning", *arguments, "--json"],
            cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)

    def from_seat(self, n: int, dialled: str) -> tuple[str, ...]:
        """A line for SIPp: the n-th seat calls a number."""
        seat = self.seats[n % len(self.seats)]
        return seat, sipp.proof(f"seat-{seat}", self.secrets[seat]), self.switches.pbx.sip, dialled

    def from_outside(self, n: int) -> tuple[str, ...]:
        """A line for SIPp: the mobile calls the n-th seat."""
        ims = self.switches.ims
        seat = self.seats[n % len(self.seats)]
        return MOBILE, sipp.proof("mobile", ims.mobile_secret), ims.sip, seat

    def landline(self) -> str:
        """A number that nobody has called yet: ten calls a day to one are all there may be."""
        self.called += 1
        return f"0108520{self.called:04}"

    def play(
        self, name: str, lines: Sequence[Sequence[str]], *, per_second: float, hold: float
    ) -> sipp.Playing:
        host = self.switches.desks
        return sipp.play(
            sipp.SCENARIOS / "call.xml",
            self.folder / name,
            to=lines[0][2],
            address=host,
            port=sipp.free_port(host),
            lines=lines,
            per_second=per_second,
            hold=hold,
            patience=len(lines) / per_second + hold + 60,
        )

    def answering(self, calls: int) -> sipp.Playing:
        """All seats' telephones, for so many calls."""
        host = self.switches.desks
        return sipp.play(
            sipp.SCENARIOS / "answer.xml",
            self.folder / f"answering-{self.called}",
            to=self.switches.pbx.sip,
            address=host,
            port=self.port,
            lines=[("-",)] * max(calls, 1),
            patience=600,
        )


def delays(played: Sequence[sipp.Played]) -> list[float]:
    """Seconds from each call's INVITE to the first sign that it rings."""
    found = []
    for one in played:
        for messages in one.calls.values():
            asked = next(message.at for message in messages if message.sent)
            rang = [
                message.at for message in messages if not message.sent and message.code in (180, 183, 200)
            ]
            found += [(rang[0] - asked).total_seconds()] if rang else []
    return found


def most_at_once(records: Sequence[dict[str, Any]]) -> int:
    """How many of these calls were up at the same time, at most."""
    steps = sorted([(one["answer"], 1) for one in records] + [(one["end"], -1) for one in records])
    up = most = 0
    for _, step in steps:
        up += step
        most = max(most, up)
    return most


def cpu(container: str) -> float:
    """Seconds of processor time that Asterisk has used."""
    pid = subprocess.run(
        ["docker", "inspect", "-f", "{{.State.Pid}}", container], capture_output=True, text=True, check=True
    ).stdout.strip()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
