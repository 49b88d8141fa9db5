"""What a night found, in Prometheus' text format: for node_exporter's folder and /metrics (监控指标).

No number that was called and nobody's name is a label: contracts, switches, steps, rules, causes are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STATES = ("done", "found", "failed", "left out")

Row = tuple[Sequence[str], float]


class _Families:
    """A collector that has what it was given."""

    def __init__(self, families: Iterable[GaugeMetricFamily]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return self._families


def metrics(
    report: Mapping[str, Any] | None, *, last_good: datetime | None, under_way: datetime | None = None
) -> bytes:
    """The metrics of the last night; without any, only that there was none."""
    registry = CollectorRegistry(auto_describe=False)
    families = [
        _one("nightly_last_success_timestamp_seconds", "When a night without a failed step ended; 0: never.",
             last_good.timestamp() if last_good else 0),
        _one("nightly_under_way_since_timestamp_seconds", "When the night began that goes on; 0: none does.",
             under_way.timestamp() if under_way else 0),
    ]  # fmt: skip
    if report is not None:
        families += [*_of_run(report), *_of_calls(report), *_of_steps(report)]
    registry.register(_Families(families))
    return generate_latest(registry)


def _of_run(report: Mapping[str, Any]) -> Iterable[GaugeMetricFamily]:
    yield _one("nightly_last_run_timestamp_seconds", "When the last night began.", _stamp(report["began"]))
    yield _one("nightly_exit_code", "Exit code of the last night.", report["code"])
    missed = sum(1 for night in report.get("nights", ()) if night.get("missed"))
    yield _one("nightly_missed_nights", "Nights that the last one made up for.", missed)
    states = [
        ((step["step"], state), float(step["state"] == state)) for step in report["steps"] for state in STATES
    ]
    yield _many("nightly_step_state", "How each step of the last night ended.", ("step", "state"), states)
    seconds = [((step,), float(took)) for step, took in report.get("seconds", {}).items()]
    yield _many("nightly_step_seconds", "How long each step of the last night took.", ("step",), seconds)


def _of_calls(report: Mapping[str, Any]) -> Iterable[GaugeMetricFamily]:
    new = [((one["switch"],), float(one["records"])) for one in report.get("new", ())]
    yield _many("records_new", "Call records new between the last two nights.", ("switch",), new)
    held = [((one["switch"], one["code"]), float(one["lines"])) for one in report.get("held", ())]
    yield _many("held_lines", "Lines of call records that are held.", ("switch", "cause"), held)
    silent = [((one["switch"], one["kind"]), float(one["alarm"])) for one in report.get("silent", ())]
    text = "Switches that delivered no record; 1: they should have."
    yield _many("switch_silent", text, ("switch", "kind"), silent)
    zones = [
        ((one["contract"], zone["zone"]), zone) for one in report.get("money", ()) for zone in one["zones"]
    ]
    labels = ("contract", "zone")
    text = "Call charges of this cycle so far in CNY, before allowance and rounding."
    yield _many("contract_charges_cny", text, labels, [(of, float(zone["amount"])) for of, zone in zones])
    text = "Calls with a price of this cycle so far."
    yield _many("contract_calls", text, labels, [(of, float(zone["calls"])) for of, zone in zones])


def _of_steps(report: Mapping[str, Any]) -> Iterable[GaugeMetricFamily]:
    """What single steps count."""
    steps = {step["step"]: step for step in report["steps"]}
    outcomes = ("rated", "free", "unrated", "review")
    rate = [((name,), float(steps["rate"][name])) for name in outcomes if name in steps.get("rate", {})]
    yield _many("calls", "Call records by outcome.", ("outcome",), rate)
    rules = [((rule,), float(n)) for rule, n in steps.get("compliance", {}).get("rules", {}).items()]
    yield _many("findings", "Calls that should not have happened, by rule.", ("rule",), rules)
    counts = steps.get("sources", {}).get("counts", ())
    odd = [((one["switch"], one["what"]), float(one["calls"])) for one in counts]
    text = "Calls of which a source tells something else than another, by what is odd."
    yield _many("odd_calls", text, ("switch", "what"), odd)
    sources = steps.get("collect", {}).get("sources", ())
    unread = {one["switch"]: 0.0 for one in sources} | {one["switch"]: 1.0 for one in sources if one["error"]}
    text = "1 where a source of the switch could not be read."
    yield _many("source_unreachable", text, ("switch",), [((name,), bad) for name, bad in unread.items()])


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"seatline_{name}", text, value=value)


def _many(name: str, text: str, labels: Sequence[str], rows: Iterable[Row]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"seatline_{name}", text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _stamp(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
