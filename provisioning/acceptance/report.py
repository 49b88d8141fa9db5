"""The acceptance report of annex 9, as a value: who, where, which devices, each test (语音专线验收报告)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from provisioning.acceptance.judge import Result, Verdict
from provisioning.acceptance.trials import REFERENCES, TRIALS, Words

SAID: Mapping[Verdict, str] = {
    Verdict.PASSED: "合格",
    Verdict.FAILED: "不合格",
    Verdict.NOT_MADE: "未测",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What stands on the order and in no contract file; left blank it is filled in by hand (工单信息)."""

    local_address: str = ""
    remote_address: str = ""
    order: str = ""
    circuit: str = ""
    engineer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFound:
    """One device at the site: what the contract calls it, and how it was found (设备)."""

    name: str
    model: str
    count: int
    state: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of it. `access` is how the site is connected, `notes` what was touched and put back."""

    customer: str
    operator: str
    contract: str
    site: str
    numbers: str
    access: Words
    papers: Papers
    switch: str
    began: datetime
    ended: datetime
    tools: str
    devices: tuple[DeviceFound, ...]
    results: tuple[Result, ...]
    notes: tuple[Words, ...]

    @property
    def counts(self) -> Mapping[Verdict, int]:
        return Counter(one.verdict for one in self.results)

    @property
    def passed(self) -> bool:
        """Whether nothing failed and something was tested."""
        return not self.counts.get(Verdict.FAILED) and bool(self.counts.get(Verdict.PASSED))

    @property
    def conclusion(self) -> Words:
        """What people sign: a site is passed as a whole only where every test was made (验收结论)."""
        if not self.passed:
            return Words("不合格", "failed")
        left = self.counts.get(Verdict.NOT_MADE, 0)
        if left:
            return Words(
                f"已测项目合格，{left}项未测，不作整体合格结论",
                f"passed as far as tested; not made: {left}",
            )
        return Words("合格", "passed")


def to_json(report: Report) -> dict[str, Any]:
    """As `accept --json` prints it, and as the file beside the PDF has it."""
    papers = {field.name: getattr(report.papers, field.name) for field in fields(report.papers)}
    return {
        "customer": report.customer,
        "operator": report.operator,
        "contract": report.contract,
        "site": report.site,
        "numbers": report.numbers,
        "access": report.access.english,
        **papers,
        "switch": report.switch,
        "began": report.began.isoformat(timespec="seconds"),
        "ended": report.ended.isoformat(timespec="seconds"),
        "made_by": report.tools,
        "passed": report.passed,
        "conclusion": report.conclusion.english,
        "counts": {verdict.value: report.counts.get(verdict, 0) for verdict in Verdict},
        "devices": [
            {"name": one.name, "model": one.model, "count": one.count, "state": one.state.english}
            for one in report.devices
        ],
        "tests": [_test(one) for one in report.results],
        "notes": [one.english for one in (*report.notes, REFERENCES)],
    }


def _test(one: Result) -> dict[str, Any]:
    trial = TRIALS[one.trial]
    return {
        "test": one.trial,
        "name": trial.name.english,
        "name_zh": trial.name.chinese,
        "extended": trial.extended,
        "method": trial.method.english,
        "reference": trial.reference.english,
        "result": one.found.english,
        "verdict": one.verdict.value,
    }
