"""A day's calls held against their contracts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from provisioning.compliance.audit import audit_day

ANNA, BERT = "08702120001", "08702120002"


def test_the_same_records_give_the_same_findings(office):
    """The order in which records are read changes nothing."""
    one = office(calls_per_number_per_day=1, hours=(480, 1140))
    for at in ("07:00:00", "10:00:00", "22:00:00"):
        one.call(at)
        one.call(at, seat=BERT, dst="0012025550123")
    found = [finding.document() for finding in one.audit()]
    one.calls.reverse()
    assert [finding.document() for finding in one.audit()] == found
    assert len(found) == 9


def test_only_the_days_own_calls_are_told_of(office):
    """What is wrong the day before is a matter of the day before."""
    one = office()
    one.call(dst="0012025550123")
    assert one.days() == {"2025-07-10": [("zone", [1])], "2025-07-11": []}


def test_an_answered_call_of_nobodys_is_found(office):
    """A call that belongs to no contract was answered all the same: it is found; unanswered it is not."""
    one = office()
    one.call(accountcode="", src="9999")
    one.call(accountcode="", src="9999", disposition="NO ANSWER")
    (found,) = one.audit()
    assert (found.rule, found.contract, found.seat) == ("nobody", None, None)
    assert "9999" in found.said


def test_a_call_is_judged_by_the_version_it_was_made_under(office):
    """A verdict names a version; without that version the call is nobody's to judge."""
    one = office()
    one.call(dst="0012025550123")
    assert audit_day(date(2025, 7, 10), one.calls, {}) == ()
    assert one.found() == [("zone", [1])]


def test_a_finding_tells_programs_what_it_tells_people(office):
    """The document of a finding has rule, owner, day, sentence and the calls, by their keys on the switch."""
    one = office()
    made = one.call(dst="0012025550123")
    (found,) = one.audit()
    assert found.document() == {
        "rule": "zone",
        "contract": "zhaotong",
        "seat": ANNA,
        "day": "2025-07-10",
        "said": "international calls are closed",
        "calls": [
            {
                "switch": "pbx",
                "uniqueid": made.uniqueid,
                "start": "2025-07-10T10:00:00.000+08:00",
                "shown": ANNA,
                "other": "0012025550123",
            }
        ],
    }


def test_switches_do_not_mix(office):
    """Two calls of one unique id on two switches are two calls."""
    one = office(calls_per_number_per_day=1)
    made = one.call()
    one.calls.append(replace(made, switch="pbx2", record=2))
    assert one.found() == [("number-limit", [2])]
