"""What a switch writes, written by the test: both files of call records, growing and rotated."""

from __future__ import annotations

import random
from pathlib import Path

from pbx import cdr_csv, cdr_json
from pbx.cdr import Cdr

SECOND = 1_000_000
FIRST = 1_751_900_000 * SECOND
CALLED = ("13800138000", "01085200000", "08702120003", "02088880000")


def record(number: int) -> Cdr:
    """An outgoing call of one of ten seats; each fifth is not answered."""
    seat = f"0870212{number % 10 + 1:04d}"
    start = FIRST + number * 7 * SECOND + number * 7919 % SECOND
    answer = None if number % 5 == 0 else start + 8 * SECOND
    end = start + (20 + number % 200) * SECOND
    return Cdr(
        accountcode=seat,
        src=seat,
        dst=CALLED[number % len(CALLED)],
        dcontext="seatline-zhaotong-a",
        clid=f'"办公室 {number % 10}" <{seat}>',
        channel=f"PJSIP/seat-{seat}-{number:08x}",
        dstchannel=f"PJSIP/line-zhaotong-{number:08x}",
        lastapp="Dial",
        lastdata="PJSIP/+8613800138000@line-zhaotong",
        start=start,
        answer=answer,
        end=end,
        duration=(end - start) // SECOND,
        billsec=0 if answer is None else (end - answer) // SECOND,
        disposition="NO ANSWER" if answer is None else "ANSWERED",
        amaflags="DOCUMENTATION",
        uniqueid=f"pbx-{start // SECOND}.{number}",
        userfield="",
        peeraccount="",
        linkedid=f"pbx-{start // SECOND}.{number}",
        sequence=number,
        exact=True,
        raw=b"",
    )


class SwitchFiles:
    """Master.csv and seatline.json in a folder. The last line may stand there in part, as while written."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.records = 0
        self.rotations = 0
        self._chance = chance
        self._files = (folder / "Master.csv", folder / "seatline.json")
        self._rest = dict.fromkeys(self._files, b"")

    def grow(self, count: int) -> None:
        """So many calls more, in both files, the last line of each in part."""
        lines = [record(self.records + number) for number in range(count)]
        self.records += count
        for file, render in zip(self._files, (cdr_csv.render, cdr_json.render), strict=True):
            written = self._rest[file] + b"".join(render(line) + b"\n" for line in lines)
            cut = len(written) - self._chance.randrange(60)
            self._rest[file] = written[cut:]
            with file.open("ab") as writer:
                writer.write(written[:cut])

    def finish(self) -> None:
        """The lines that stand there in part are written to their end."""
        for file, rest in self._rest.items():
            with file.open("ab") as writer:
                writer.write(rest)
            self._rest[file] = b""

    def rotate(self) -> None:
        """Both files are renamed, as logrotate does it: a started line is finished first."""
        self.finish()
        self.rotations += 1
        for file in self._files:
            if file.exists():
                file.rename(f"{file}-{20250000 + self.rotations}")
