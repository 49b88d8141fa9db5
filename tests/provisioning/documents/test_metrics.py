"""What Prometheus is told of a night."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from provisioning.documents.metrics import metrics

REPORT: dict[str, Any] = {
    "began": "2025-11-20T02:10:00+08:00",
    "code": 4,
    "seconds": {"collect": 1.25},
    "steps": [
        {"step": "collect", "state": "failed", "said": "x",
         "sources": [{"switch": "pbx", "error": None}, {"switch": "pbx-2", "error": "gone"}]},
        {"step": "rate", "state": "done", "said": "x", "rated": 185, "free": 34, "unrated": 1, "review": 2},
        {"step": "compliance", "state": "found", "said": "x", "rules": {"zone": 3}},
        {"step": "sources", "state": "found", "said": "x",
         "counts": [{"switch": "pbx", "what": "missing", "calls": 1}]},
    ],
    "nights": [{"day": "2025-11-18", "missed": True}, {"day": "2025-11-19", "missed": False}],
    "new": [{"switch": "pbx", "records": 39}],
    "held": [{"switch": "pbx", "code": "columns", "lines": 2}],
    "silent": [{"switch": "pbx-2", "kind": "lost", "alarm": True, "said": "x"}],
    "money": [{"contract": "甲-2025", "zones": [{"zone": "local", "calls": 2, "amount": "0.285"}]}],
}  # fmt: skip


def told(content: bytes) -> dict[tuple[str, ...], float]:
    """The samples by name and the values of their labels, in the order of the labels' names."""
    return {
        (sample.name.removeprefix("seatline_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(content.decode())
        for sample in family.samples
    }


def test_a_night_in_figures() -> None:
    """Each figure of the report has a sample with its labels."""
    good = datetime(2025, 11, 18, 18, 11, tzinfo=UTC)
    found = told(metrics(REPORT, last_good=good))
    assert (
        found.items()
        >= {
            ("nightly_last_success_timestamp_seconds",): good.timestamp(),
            ("nightly_last_run_timestamp_seconds",): datetime(2025, 11, 19, 18, 10, tzinfo=UTC).timestamp(),
            ("nightly_exit_code",): 4,
            ("nightly_missed_nights",): 1,
            ("nightly_step_state", "failed", "collect"): 1,
            ("nightly_step_state", "done", "collect"): 0,
            ("nightly_step_seconds", "collect"): 1.25,
            ("records_new", "pbx"): 39,
            ("held_lines", "columns", "pbx"): 2,
            ("switch_silent", "lost", "pbx-2"): 1,
            ("source_unreachable", "pbx"): 0,
            ("source_unreachable", "pbx-2"): 1,
            ("calls", "unrated"): 1,
            ("findings", "zone"): 3,
            ("odd_calls", "pbx", "missing"): 1,
            ("contract_charges_cny", "甲-2025", "local"): 0.285,
            ("contract_calls", "甲-2025", "local"): 2,
        }.items()
    )


def test_before_the_first_night() -> None:
    """Without any night there is only that there was none."""
    assert told(metrics(None, last_good=None)) == {
        ("nightly_last_success_timestamp_seconds",): 0,
        ("nightly_under_way_since_timestamp_seconds",): 0,
    }


def test_a_night_that_could_not_begin() -> None:
    """A report of one failed step has its code and its step, and nothing that is not known."""
    step = {"step": "ledger", "state": "failed", "said": "cannot be reached"}
    found = told(metrics({"began": REPORT["began"], "code": 75, "steps": [step]}, last_good=None))
    assert found["nightly_exit_code",] == 75
    assert found["nightly_step_state", "failed", "ledger"] == 1
    assert ("held_lines", "columns", "pbx") not in found
