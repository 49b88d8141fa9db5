"""Writes a Master.csv as a busy switch would have written it, the same for the same seed.

    .venv/bin/python tests/benchmarks/master_csv.py FILE [--records 10000000] [--seed 20250731]

A record has about 330 bytes: calls of 690 seats, answered and not, names in Chinese, one after the other.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path

SEATS = 690
BEGIN = 1_735_689_600
"""2025-01-01 GMT."""
CALLED = ("13800138000", "01085200000", "6002", "08702120003", "12393", "02088880000", "13900138012")
AT_ONCE = 20_000


def lines(records: int, seed: int) -> Iterator[str]:
    """The lines, each with its newline."""
    chance = random.Random(seed)
    clock = BEGIN
    for number in range(records):
        clock += chance.randrange(6)
        seat = f"0870212{chance.randrange(SEATS):04d}"
        called = CALLED[chance.randrange(len(CALLED))]
        answered = chance.random() < 0.8
        rings, talks = chance.randrange(2, 30), chance.randrange(1, 600) if answered else 0
        uniqueid = f"pbx-{clock}.{number * 2}"
        yield (
            f'"{seat}","{seat}","{called}","seatline-zhaotong-a","""办公室 {seat[-3:]}"" <{seat}>",'
            f'"PJSIP/seat-{seat}-{number * 2:08x}","PJSIP/line-zhaotong-{number * 2 + 1:08x}","Dial",'
            f'"PJSIP/+86{called}@line-zhaotong","{_text(clock)}",'
            f"{_quoted(clock + rings) if answered else ''},"
            f'"{_text(clock + rings + talks)}",{rings + talks},{talks},'
            f'"{"ANSWERED" if answered else "NO ANSWER"}","DOCUMENTATION",'
            f'"{uniqueid}","","","{uniqueid}",{number}\n'
        )


def write(path: Path, records: int, seed: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        some: list[str] = []
        for line in lines(records, seed):
            some.append(line)
            if len(some) == AT_ONCE:
                file.write("".join(some))
                some.clear()
        file.write("".join(some))


_DAYS: dict[int, str] = {}


def _text(second: int) -> str:
    day, rest = divmod(second, 86400)
    if day not in _DAYS:
        _DAYS[day] = time.strftime("%Y-%m-%d", time.gmtime(second))
    return f"{_DAYS[day]} {rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"


def _quoted(second: int) -> str:
    return f'"{_text(second)}"'


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("file", type=Path)
    asked.add_argument("--records", type=int, default=10_000_000)
    asked.add_argument("--seed", type=int, default=20250731)
    options = asked.parse_args()
    write(options.file, options.records, options.seed)


if __name__ == "__main__":
    main()
