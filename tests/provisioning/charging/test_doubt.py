"""A record beside its channel's events: believed, or left to a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pbx.cdr import SECOND, Cdr
from pbx.life import Life
from provisioning.charging.doubt import doubt_of

START = 1_752_000_000 * SECOND
LIFE = Life(
    uniqueid="pbx-1752000000.1",
    linkedid="pbx-1752000000.1",
    channel="PJSIP/seat-1",
    src="08702120001",
    dst="13800138000",
    began=START,
    heard=START + 65 * SECOND,
    whole=True,
    answered=START + 5 * SECOND,
    bridges=1,
    bridged=START + 65 * SECOND,
    ended=START + 65 * SECOND,
)


@pytest.fixture
def record() -> Cdr:
    return Cdr(
        accountcode="08702120001", src="08702120001", dst="13800138000", dcontext="", clid="", channel="",
        dstchannel="", lastapp="Dial", lastdata="", start=START, answer=START + 5 * SECOND,
        end=START + 65 * SECOND, duration=65, billsec=60, disposition="ANSWERED", amaflags="",
        uniqueid=LIFE.uniqueid, userfield="", peeraccount="", linkedid=LIFE.linkedid, sequence=1, exact=True,
        raw=b"",
    )  # fmt: skip


def test_a_record_that_agrees_is_believed(record: Cdr) -> None:
    """On a sound switch both are the same to the microsecond."""
    assert doubt_of(record, LIFE, alone=True) is None


@pytest.mark.parametrize(
    ("record_changes", "life_changes", "why"),
    [
        ({}, {"stepped": 3600}, "went back 3600 s"),
        ({"start": START - 2 * SECOND}, {}, "the call began 2.0 s earlier in the record"),
        ({}, {"answered": None}, "nobody answered"),
        ({"answer": START + 3 * SECOND}, {}, "it was answered 2.0 s earlier in the record"),
        ({"end": START + 67 * SECOND}, {}, "it ended 2.0 s earlier than in the record"),
        ({"end": START + 60 * SECOND}, {}, "it ended 5.0 s earlier in the record"),
    ],
)
def test_what_disagrees_by_more_than_a_second_is_doubted(
    record: Cdr, record_changes: dict[str, int], life_changes: dict[str, int | None], why: str
) -> None:
    """The reason says what is apart and by how much, and that the events say so."""
    found = doubt_of(replace(record, **record_changes), replace(LIFE, **life_changes), alone=True)
    assert found is not None
    assert why in found
    assert found.startswith("channel events: ")


@pytest.mark.parametrize(
    ("record_changes", "life_changes", "alone"),
    [
        ({"end": START + 66 * SECOND}, {}, True),  # by a second, and not by more
        ({"end": START + 30 * SECOND}, {}, False),  # a transfer: another record goes on
        ({"end": START + 30 * SECOND}, {"bridges": 2}, True),  # a queue: more than one conversation
        ({"start": START - 9 * SECOND}, {"whole": False}, True),  # events were turned on in mid-call
        ({"end": START + 90 * SECOND}, {"ended": None, "cut": True}, True),  # nobody saw the end
        ({"answer": START + 4 * SECOND, "end": START + 66 * SECOND + 1, "exact": False}, {}, True),
    ],
)
def test_what_a_sound_switch_writes_is_never_doubted(
    record: Cdr, record_changes: dict[str, int], life_changes: dict[str, int | None], alone: bool
) -> None:
    """Transfers, queues, whole seconds and events that are incomplete give no reason to wait."""
    found = doubt_of(replace(record, **record_changes), replace(LIFE, **life_changes), alone=alone)
    assert found is None
