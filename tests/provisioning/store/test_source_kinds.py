"""Records of the last days are found without a look at all there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pbx import cdr_csv, cdr_json
from pbx.cdr import SECOND
from pbx.cdr_lines import parse
from provisioning.flows.ports import Batch, SourceState
from provisioning.store.engine import reading
from provisioning.store.source_kinds import known_before

FIRST = datetime(2025, 7, 1, 4, tzinfo=UTC)
DAYS = 40


def test_nothing_that_began_since_is_left_out(ledger, make) -> None:
    """Whatever day is asked from, what other sources made exact later, and where days have no call: the count
    is that of a look at every record, and what is older is not looked at."""
    for day in range(0, DAYS, 2):
        called = FIRST + timedelta(days=day)
        for number, when in ((day, called), (day + 1, called + timedelta(hours=1))):
            _store(ledger, make, number, when, at=called + timedelta(hours=12))
    _store(ledger, make, 10, FIRST + timedelta(days=10), at=FIRST + timedelta(days=DAYS), exact=True)
    counts, passed = [], []
    for day in range(-1, DAYS + 1):
        since = FIRST + timedelta(days=day)
        counts.append(sum(ledger.seen_by_sources("pbx", since=since).values()))
        with reading(ledger._engine) as connection:
            passed.append(known_before(connection, int(since.timestamp()) * SECOND))
    assert counts == [sum(2 for one in range(0, DAYS, 2) if one >= day) for day in range(-1, DAYS + 1)]
    assert passed == sorted(passed)
    assert (passed[0], passed[-1] > DAYS // 2) == (0, True)


def _store(ledger, make, number: int, when: datetime, *, at: datetime, exact: bool = False) -> None:
    second = int(when.timestamp())
    made = replace(
        make.cdr(),
        start=second * SECOND,
        answer=(second + 5) * SECOND,
        end=(second + 65) * SECOND,
        duration=65,
        billsec=60,
        uniqueid=f"pbx-{second}.{number}",
        linkedid=f"pbx-{second}.{number}",
        sequence=number,
        exact=exact,
    )
    line = parse(cdr_json.render(made) if exact else cdr_csv.render(made))
    state = SourceState(
        switch="pbx", path="/json" if exact else "/csv", inode=1, offset=number + 1, prefix_length=0,
        prefix_sha256="", tail_sha256="",
    )  # fmt: skip
    lines = {"upgraded" if exact else "new": (line,)}
    ledger.store(Batch(source=state, kind="json" if exact else "csv", **lines), at=at)
