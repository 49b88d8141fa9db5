"""Collecting killed at any moment: the next run finishes, and every record is there exactly once."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from pbx.live.files import RecordFiles
from provisioning.flows.collect_calls import Source, collect
from provisioning.store.ledger import open_ledger

KILLS = {"sqlite": 10, "postgresql": 4}
BATCH, BATCHES = 250, 8
"""Lines of a batch, and how many of them a collector may at most have stored when it is killed."""
ROOT = Path(__file__).parents[3]
CHILD = """
import sys
from datetime import UTC, datetime
from pbx.live import plain_reader
from pbx.live.files import RecordFiles
from provisioning.flows import collect_calls, collect_plain, read_part
from provisioning.store.ledger import open_ledger

read_part.BATCH_LINES, collect_plain.BLOCK_BYTES = int(sys.argv[3]), int(sys.argv[4])


def stored(*_):
    print(".", flush=True)
    sys.stdin.read(1)  # until we may go on


plain_reader.WORTH = 1
with open_ledger(sys.argv[1], create=False) as ledger, plain_reader.ReadBeside() as plain:
    collect_calls.collect(
        [collect_calls.Source("pbx", sys.argv[2])], ledger, RecordFiles(), now=datetime.now(UTC),
        progress=stored, plain=plain,
    )
"""


def line(number: int) -> bytes:
    day, second = 1 + number // 86400, number % 86400
    clock = f"2025-07-{day:02d} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return (
        f'"08702120001","6001","13800138000","c","x","PJSIP/a","PJSIP/b","Dial","PJSIP/b","{clock}","{clock}",'
        f'"{clock}",0,0,"ANSWERED","DOCUMENTATION","pbx-1753977590.{number}","","","pbx-1.1",{number}\n'
    ).encode()


def test_killed_at_many_moments(full_ledger_url: str, tmp_path: Path) -> None:
    """A collector killed many times in a long file, and then left alone, stores each record once."""
    chance = random.Random(20250731)
    kind = "sqlite" if full_ledger_url.startswith("sqlite") else "postgresql"
    records = BATCH * BATCHES * (KILLS[kind] + 2)
    path = tmp_path / "Master.csv"
    path.write_bytes(b"".join(map(line, range(records))))
    for _ in range(KILLS[kind]):
        sizes = [str(BATCH), str(len(line(records)) * BATCH)]
        command = [sys.executable, "-c", CHILD, full_ledger_url, str(path), *sizes]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            for _ in range(chance.randrange(1, BATCHES)):
                assert child.stdout.readline() == b".\n"
                child.stdin.write(b"\n")
                child.stdin.flush()
            time.sleep(chance.random() * 0.03)
            child.kill()
    with open_ledger(full_ledger_url, create=False) as ledger:
        # A server may still be at the killed one's last commit: whoever writes next waits for it.
        ledger.audit(event="test", subject="killed", detail={}, at=datetime.now(UTC), who="test")
        state = ledger.source("pbx", str(path))
        assert state is not None
        assert 0 < state.offset < path.stat().st_size
        before = Counter(record.raw for _, record in ledger.to_rate(again=True))
        assert b"".join(raw + b"\n" for raw in before) == path.read_bytes()[: state.offset]
        sources = [Source("pbx", str(path))]
        done = collect(sources, ledger, RecordFiles(), now=datetime.now(UTC), progress=lambda *_: None)
        assert done.sources[0].new == records - before.total()
        stored = Counter(record.sequence for _, record in ledger.to_rate(again=True))
    assert stored == Counter(range(records))
