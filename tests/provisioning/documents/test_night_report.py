"""The report of a night, as text and as a page."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from provisioning.documents import night_words
from provisioning.documents.night_report import as_page, as_text, subject

ZONES = [{"zone": "domestic", "calls": 2, "minutes": "3.0", "amount": "0.285"}]
MONEY = [{"contract": "zhaotong-2025", "calls": 2, "minutes": "3.0", "amount": "0.285", "zones": ZONES}]
REPORT: dict[str, Any] = {
    "began": "2025-11-20T02:10:00+08:00",
    "ended": "2025-11-20T02:11:00+08:00",
    "by": "seatline@pbx",
    "since": None,
    "broken_off": ["li@desk (process 7) since 2025-11-19 18:10:00+00:00"],
    "code": 4,
    "seconds": {"collect": 1.25},
    "steps": [
        {"step": "collect", "state": "failed", "said": "1 new", "lines": ["/var/x: <gone> & lost"]},
        {"step": "rate", "state": "done", "said": "r", "lines": [], "rated": 1, "free": 2, "unrated": 0,
         "review": 0},
        {"step": "compliance", "state": "found", "said": "1 finding", "findings": [1], "calls": 9,
         "first": "2025-11-13", "last": "2025-11-20", "lines": ["13800138000: zone"]},
        {"step": "tomorrow", "state": "done", "said": "of another version", "lines": []},
    ],
    "nights": [
        {"day": "2025-11-18", "calls": 4, "findings": 1, "missed": True},
        {"day": "2025-11-19", "calls": 5, "findings": 0, "missed": False},
    ],
    "new": [{"switch": "pbx", "records": 39}],
    "held": [
        {"switch": "pbx", "code": "columns", "lines": 2, "path": "/var/Master.csv", "offset": 52134,
         "reason": "a record of 2 columns", "oldest": "2025-11-20T02:10:00+08:00"},
    ],
    "waiting": [{"outcome": "review", "reason": "over 4 h", "calls": 3}],
    "silent": [{"switch": "pbx-2", "kind": "lost", "alarm": True, "said": "it counted 5 calls"}],
    "cycle": "2025-11",
    "money": MONEY,
    "money_by_night": [{"day": "2025-11-19", "contracts": MONEY}, {"day": "2025-11-18", "contracts": []}],
}  # fmt: skip


def test_the_text_has_all_there_is_to_know() -> None:
    """State, missed nights, what is held, who is silent, money and findings stand in the text."""
    text = as_text(REPORT, "en")
    for said in (
        "Nightly report: a source could not be read",
        "Missed nights made up for: 2025-11-18",
        "Broken off before: li@desk (process 7)",
        "Last night before: none",
        "collect: failed: 1 new\n  /var/x: <gone> & lost",
        "pbx | columns | 2 | 2025-11-20 02:10 | /var/Master.csv @52134: a record of 2 columns",
        "pbx-2 | processed calls and delivered no record | it counted 5 calls",
        "zhaotong-2025 | Sum | 2 | 3.0 | 0.285",
        "review | over 4 h | 3",
        "13800138000: zone",
    ):
        assert said in text


def test_a_chinese_report_speaks_chinese() -> None:
    """Steps, states, zones and what the steps say are Chinese; what another version says stays as it is."""
    text = as_text(REPORT, "zh")
    for said in (
        "夜间作业报告: 话单来源无法读取",
        "补做的日期: 2025-11-18",
        "批价: 完成: 已批价 1，免费 2，无法批价 0，待复核 0",
        "合规稽核: 需处理: 2025-11-13 至 2025-11-20 共 9 条话单，发现 1 项",
        "zhaotong-2025 | 国内长途 | 2 | 3.0 | 0.285",
        "tomorrow: 完成: of another version",
    ):
        assert said in text
    last = {"step": "report", "state": "done", "said": "2 records", "records": 2, "held_lines": 1}
    text = as_text(REPORT | {"steps": [last | {"contracts": 3, "month": "2025-11"}]}, "zh")
    assert "报告: 完成: 新话单 2 条，隔离 1 行，2025-11 有话费的合同 3 个" in text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_goes_by_mail_names_no_number(language: str) -> None:
    """The brief text has the steps and the sums, and no line, reason or path of a single call."""
    text = as_text(REPORT, language, brief=True)
    assert "13800138000" not in text
    assert "a record of 2 columns" not in text
    assert "pbx | columns | 2" in text
    assert subject(REPORT, "en") == "seatline nightly 2025-11-20: a source could not be read"


class Page(HTMLParser):
    """What a page is made of, with the elements that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_is_complete_in_itself(language: str) -> None:
    """It is well made, loads nothing from anywhere, runs nothing, and says what the text says."""
    page = Page()
    page.feed(as_page(REPORT, language).decode())
    assert page.open == []
    assert not {tag for tag, _ in page.elements} & {"script", "link", "img", "iframe", "base", "form"}
    assert not [name for _, given in page.elements for name in given if name in ("src", "href", "style")]
    told = " ".join(page.text)
    assert "url(" not in told
    assert "@import" not in told
    assert "/var/x: <gone> & lost" in told
    assert "0.285" in told


def test_what_the_world_says_is_text() -> None:
    """A path or reason with angle brackets is shown, never obeyed."""
    assert b"<gone>" not in as_page(REPORT, "en")
    assert b"&lt;gone&gt; &amp; lost" in as_page(REPORT, "en")


def test_a_night_that_could_not_begin() -> None:
    """Without any figures, a report has its one step and why it failed."""
    step = {"step": "ledger", "state": "failed", "said": "cannot be reached", "lines": []}
    report = {"began": "2025-11-20T02:10:00+08:00", "code": 75, "steps": [step]}
    assert "台账: 失败: cannot be reached" in as_text(report, "zh")
    assert b"the ledger was out of reach" in as_page(report, "en")


def test_many_lines_are_cut() -> None:
    """Two hundred lines of a step are shown; the JSON has the others."""
    steps = [
        {"step": "compliance", "state": "found", "said": "x", "lines": [f"line {n}" for n in range(300)]}
    ]
    text = as_text({**REPORT, "steps": steps}, "en")
    assert "line 199" in text
    assert "line 200" not in text
    assert "... 100 more in the JSON report" in text


@pytest.mark.parametrize(
    "table",
    [
        night_words.WORDS, night_words.STATES, night_words.STEPS, night_words.OUTCOMES, night_words.ZONES,
        night_words.SILENCES, night_words.VERDICTS,
    ],
)  # fmt: skip
def test_every_word_is_there_in_both_languages(table: dict[Any, tuple[str, str]]) -> None:
    """No word is missing in Chinese or English, and the Chinese one is Chinese."""
    for chinese, english in table.values():
        assert english
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
