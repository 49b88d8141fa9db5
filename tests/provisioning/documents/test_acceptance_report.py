"""The acceptance report, on paper and as JSON."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from provisioning.acceptance.judge import Result, Verdict
from provisioning.acceptance.report import DeviceFound, Papers, Report, to_json
from provisioning.acceptance.trials import TRIALS, Words
from provisioning.documents.acceptance_report import FONT, as_pdf

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def report(*results: Result) -> Report:
    return Report(
        customer="昭通市某办公室",
        operator="中国移动",
        contract="zhaotong-2025",
        site="zhaotong",
        numbers="08702120001",
        access=Words("专线", "line"),
        papers=Papers(order="GD-1"),
        switch="pbx",
        began=NOW,
        ended=NOW,
        tools="softphone",
        devices=(DeviceFound(name="iad-1", model="grandstream-gxw4248", count=1, state=Words("在线", "up")),),
        results=results,
        notes=(Words("说明", "a note"),),
    )


def result(trial: str, verdict: Verdict = Verdict.PASSED, found: str = "接通") -> Result:
    return Result(trial=trial, verdict=verdict, found=Words(found, "connected"))


def shown(pdf: bytes) -> set[str]:
    """The characters that a PDF's fonts can be searched for (ToUnicode)."""
    found: set[str] = set()
    for stream in re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL):
        text = stream.decode("latin-1")
        if "beginbfchar" in text:
            found |= {chr(int(code, 16)) for code in re.findall(r"<[0-9A-F]+> <([0-9A-F]{4})>", text)}
    return found


def test_the_paper_holds_its_chinese():
    """The PDF brings the glyphs of what it shows, Chinese and Latin, from a font of our own."""
    pdf = as_pdf(report(*(result(trial) for trial in TRIALS)))
    assert pdf.startswith(b"%PDF-")
    assert FONT.is_file()
    wanted = "语音专线验收报告昭通市某办公室不合格签字盖章GD-1≤%"
    assert set(wanted) <= shown(pdf)
    assert len(pdf) < 500_000


def test_a_long_result_does_not_break_the_paper():
    """A cell of many words, and characters no font has, still make a report."""
    assert as_pdf(report(result("configuration", Verdict.FAILED, "差异" * 80 + "\U0001f600"))).startswith(
        b"%PDF-"
    )


def test_the_json_says_what_failed():
    """One failed test fails the whole, one that was not made does not; nothing tested is no acceptance."""
    left = Result(trial="fax", verdict=Verdict.NOT_MADE, found=Words("无", "none"))
    assert to_json(report(result("short"), left))["passed"]
    assert not to_json(report(result("short"), result("long", Verdict.FAILED)))["passed"]
    assert not to_json(report(left))["passed"]
    told = to_json(report(result("short"), left))
    assert told["counts"] == {"passed": 1, "failed": 0, "not made": 1}
    assert told["tests"][1]["verdict"] == "not made"
    assert told["order"] == "GD-1"


def test_nobody_signs_for_what_was_not_tested():
    """Passed as a whole is only what was tested as a whole; with tests left out the conclusion says so, on
    paper too."""
    left = Result(trial="out", verdict=Verdict.NOT_MADE, found=Words("无", "none"))
    part = report(result("short"), left)
    assert report(result("short")).conclusion == Words("合格", "passed")
    assert report(result("short", Verdict.FAILED), left).conclusion == Words("不合格", "failed")
    assert to_json(part)["conclusion"] == "passed as far as tested; not made: 1"
    assert "1项未测" in part.conclusion.chinese
    assert set("不作整体合格结论") <= shown(as_pdf(part))
