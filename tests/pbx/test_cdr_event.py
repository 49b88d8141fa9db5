"""AMI's Cdr event: a call as it is told once."""

from __future__ import annotations

import pytest

from pbx.cdr_event import parse
from pbx.errors import Malformed
from pbx.wire import Incoming

FIELDS = {
    "Event": "Cdr",
    "Source": "08702120001",
    "Destination": "13800138000",
    "Channel": "PJSIP/seat-08702120001-00000000",
    "Duration": "65",
    "BillableSeconds": "60",
    "Disposition": "ANSWERED",
    "UniqueID": "pbx-1752000000.4",
    "LinkedID": "pbx-1752000000.4",
    "Sequence": "7",
}
HEARD = 1_752_000_100_000_000


def test_an_event_is_a_call_in_whole_seconds() -> None:
    """Its beginning is the second in its unique id: the times it tells are of nobody knows which zone."""
    call = parse(FIELDS, heard=HEARD)
    assert (call.key, call.began, call.billsec) == (("pbx-1752000000.4", 7), 1_752_000_000_000_000, 60)


def test_without_a_sequence_any_record_of_the_channel_is_meant() -> None:
    """A switch without our mappings in cdr_manager.conf tells no sequence; then -1 stands for any."""
    call = parse({key: value for key, value in FIELDS.items() if key != "Sequence"}, heard=HEARD)
    assert (call.sequence, call.key) == (None, ("pbx-1752000000.4", -1))


def test_a_foreign_unique_id_is_counted_back_from_when_it_was_heard() -> None:
    """Somebody may name channels himself (AMI's ChannelId)."""
    assert parse({**FIELDS, "UniqueID": "mine"}, heard=HEARD).began == HEARD - 65_000_000


@pytest.mark.parametrize(
    "change", [{"UniqueID": ""}, {"Disposition": "MAYBE"}, {"Duration": ""}, {"BillableSeconds": "1e9"}]
)
def test_half_an_event_is_refused(change: dict[str, str]) -> None:
    """What has no key, no known end or no whole seconds is no call."""
    with pytest.raises(Malformed):
        parse({**FIELDS, **change}, heard=HEARD)


def test_a_name_cut_within_a_character_does_not_end_the_view() -> None:
    """A caller's name is cut at 79 bytes: in a call's event such bytes are shown, elsewhere a fault."""
    greeting = b"Asterisk Call Manager/11.0.0\r\n"
    (told,) = Incoming().receive(greeting + b"Event: Cdr\r\nCallerID: \xe5\x8a\r\n\r\n")
    assert told[0] == [("Event", "Cdr"), ("CallerID", "\\xe5\\x8a")]
    with pytest.raises(Malformed):
        list(Incoming().receive(greeting + b"Event: Status\r\nCallerID: \xe5\x8a\r\n\r\n"))
