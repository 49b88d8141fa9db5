"""The acceptance report as PDF, after annex 9 of the contracts (语音专线验收报告).

By fpdf2: it embeds of a font what the report shows, so that Chinese can be read on any machine, and needs no
program beside Python. The font comes with us (fonts/README.md).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import FontFace

from provisioning.acceptance.judge import Result, Verdict
from provisioning.acceptance.report import SAID, Report
from provisioning.acceptance.trials import REFERENCES, TRIALS
from provisioning.core.cycle import SHANGHAI

FONT = Path(__file__).with_name("fonts") / "WenQuanYiMicroHei-zh.ttf"
TITLE = "语音专线验收报告"
_NOTE, _CLOSE = 5.0, 50.0
"""Millimetres of a line of the notes, and of the rest from their heading to the signatures."""
_GREY, _RED = (230, 230, 230), (190, 0, 0)


class _Paper(FPDF):
    """A4 pages with their number at the foot."""

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font("report", size=8)
        self.cell(w=0, text=f"{self.page_no()} / {{nb}}", align="C")


def as_pdf(report: Report) -> bytes:
    """The report, to be printed and signed."""
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    paper = _Paper(format="A4")
    paper.set_title(f"{TITLE} {report.site}")
    paper.set_creation_date(report.ended)
    paper.add_font("report", fname=FONT)
    paper.set_auto_page_break(auto=True, margin=16)
    paper.add_page()
    paper.set_font("report", size=16)
    paper.cell(w=0, h=12, text=TITLE, align="C", new_x="LMARGIN", new_y="NEXT")
    _facts(paper, report)
    _devices(paper, report)
    _tests(paper, "标准测试项", [one for one in report.results if not TRIALS[one.trial].extended])
    _tests(paper, "扩展测试项", [one for one in report.results if TRIALS[one.trial].extended])
    if paper.will_page_break(_CLOSE + _NOTE * (2 * len(report.notes) + 1)):  # nobody signs a page of its own
        paper.add_page()
    _heading(paper, "说明")
    for note in (*report.notes, REFERENCES):
        paper.multi_cell(w=0, h=_NOTE, text=f"· {note.chinese}", new_x="LMARGIN", new_y="NEXT")
    _signatures(paper, report)
    return bytes(paper.output())


def _heading(paper: FPDF, text: str) -> None:
    paper.ln(3)
    paper.set_font("report", size=11)
    paper.cell(w=0, h=7, text=text, new_x="LMARGIN", new_y="NEXT")
    paper.set_font("report", size=9)


def _facts(paper: FPDF, report: Report) -> None:
    began, ended = (moment.astimezone(SHANGHAI) for moment in (report.began, report.ended))
    papers = report.papers
    rows = (
        ("客户名称", report.customer, "运营商", report.operator),
        ("合同编号", report.contract, "站点", report.site),
        ("本端地址", papers.local_address, "对端地址", papers.remote_address),
        ("工单号", papers.order, "电路编号", papers.circuit),
        ("接入方式", report.access.chinese, "号码", report.numbers),
        ("交换机", report.switch, "测试工具", report.tools),
        ("测试时间", f"{began:%Y-%m-%d %H:%M:%S} — {ended:%H:%M:%S}", "测试人", papers.engineer),
    )
    paper.set_font("report", size=9)
    with paper.table(
        col_widths=(16, 44, 16, 44), first_row_as_headings=False, line_height=5.5, text_align="LEFT"
    ) as table:
        for row in rows:
            table.row(row)


def _devices(paper: FPDF, report: Report) -> None:
    _heading(paper, "设备")
    rows = [(one.name, one.model, str(one.count), one.state.chinese) for one in report.devices]
    _table(paper, ("设备", "品牌型号", "数量", "状态"), (34, 40, 10, 36), rows, [None] * len(rows))


def _tests(paper: FPDF, title: str, results: Sequence[Result]) -> None:
    _heading(paper, title)
    rows = []
    for count, one in enumerate(results, start=1):
        trial = TRIALS[one.trial]
        rows.append(
            (
                str(count),
                trial.name.chinese,
                trial.method.chinese,
                one.found.chinese,
                trial.reference.chinese,
                SAID[one.verdict],
            )
        )
    failed = [_RED if one.verdict is Verdict.FAILED else None for one in results]
    headings = ("序号", "测试项", "测试方法", "测试结果", "参考值", "结论")
    _table(paper, headings, (7, 25, 28, 32, 28, 10), rows, failed)


def _table(
    paper: FPDF,
    headings: Sequence[str],
    widths: tuple[int, ...],
    rows: Sequence[Sequence[str]],
    colours: Sequence[tuple[int, int, int] | None],
) -> None:
    grey = FontFace(fill_color=_GREY, emphasis="")
    with paper.table(col_widths=widths, headings_style=grey, line_height=5, text_align="LEFT") as table:
        table.row(headings)
        for row, colour in zip(rows, colours, strict=True):
            table.row(row, style=FontFace(color=colour) if colour else None)


def _signatures(paper: FPDF, report: Report) -> None:
    counts = "，".join(f"{SAID[one]}{report.counts.get(one, 0)}项" for one in Verdict)
    _heading(paper, f"验收结论：{report.conclusion.chinese}（{counts}）")
    with paper.table(first_row_as_headings=False, line_height=9) as table:
        table.row(("客户代表（签字盖章）：", "运营商代表（签字盖章）："))
        table.row(("日期：", "日期："))
