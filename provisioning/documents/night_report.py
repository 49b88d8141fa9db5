"""The report of a night as text and as a page to print, complete in itself (夜间作业报告)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from provisioning.documents.night_words import (
    OUTCOMES,
    SILENCES,
    STATES,
    STEPS,
    WORDS,
    ZONES,
    said,
    verdict,
    word,
)

LINES = 200
"""Lines of one step that a report shows."""
Cell = str | tuple[str, str]
"""A cell of a table: its text, or its text and its class."""


def subject(report: Mapping[str, Any], language: str) -> str:
    """The report in one line, for a mail's subject."""
    day = str(report.get("began", ""))[:10]
    return f"{word(WORDS, 'subject', language)} {day}: {verdict(report['code'], language)}"


def as_text(report: Mapping[str, Any], language: str, *, brief: bool = False) -> str:
    """The report as plain text. A brief one names no number that was called: it goes by mail."""
    return "\n".join([*_text(report, language, brief), ""])


def _text(report: Mapping[str, Any], language: str, brief: bool) -> Iterator[str]:
    yield f"{word(WORDS, 'title', language)}: {verdict(report['code'], language)}"
    for name, value in _facts(report, language):
        yield f"{name}: {value}"
    yield ""
    for step in report["steps"]:
        state = word(STATES, step["state"], language)
        yield f"{word(STEPS, step['step'], language)}: {state}: {said(step, language)}"
        if not brief:
            yield from (f"  {line}" for line in _lines(step, language))
    for title, heads, rows in _tables(report, language, brief=brief):
        yield ""
        yield title
        yield "  " + " | ".join(head.rstrip(">") for head in heads)
        yield from ("  " + " | ".join(_plain(cell) for cell in row) for row in rows)


def _facts(report: Mapping[str, Any], language: str) -> Iterator[tuple[str, str]]:
    """What is to be known of the run itself."""
    for key in ("began", "ended", "by", "since"):
        if key in report:
            yield word(WORDS, key, language), _time(report[key]) or word(WORDS, "never", language)
    yield word(WORDS, "code", language), str(report["code"])
    if missed := [night["day"] for night in report.get("nights", ()) if night.get("missed")]:
        yield word(WORDS, "made_up", language), ", ".join(missed)
    if broken := report.get("broken_off"):
        yield word(WORDS, "broken_off", language), "; ".join(broken)


def _time(value: object) -> str:
    """A time as people write it; anything else as it is."""
    text = str(value or "")
    return text.removesuffix("+08:00").replace("T", " ") if text.endswith("+08:00") else text


def _lines(step: Mapping[str, Any], language: str) -> Sequence[str]:
    lines = list(step.get("lines", ()))
    if len(lines) > LINES:
        return [*lines[:LINES], f"... {len(lines) - LINES} {word(WORDS, 'more', language)}"]
    return lines


Table = tuple[str, Sequence[str], Sequence[Sequence[Cell]]]
"""A heading, the heads of the columns (">": to the right), the rows."""


def _tables(report: Mapping[str, Any], language: str, *, brief: bool) -> Iterator[Table]:
    """What the report tells in figures; what there is nothing of is left out, but for the money."""

    def w(*keys: str) -> list[str]:
        return [word(WORDS, key.rstrip(">"), language) + (">" if key.endswith(">") else "") for key in keys]

    if silent := report.get("silent"):
        rows = [(one["switch"], word(SILENCES, one["kind"], language), one["said"]) for one in silent]
        yield w("silent")[0], w("switch", "state", "said"), rows
    if new := report.get("new"):
        yield w("new")[0], w("switch", "records>"), [(one["switch"], str(one["records"])) for one in new]
    if held := report.get("held"):
        heads = w("switch", "cause", "lines>", "oldest", "newest")[: 4 if brief else 5]
        yield w("held")[0], heads, [row[: len(heads)] for row in _held(held)]
    if (waiting := report.get("waiting")) and not brief:
        rows = [
            (word(OUTCOMES, one["outcome"], language), one["reason"], str(one["calls"])) for one in waiting
        ]
        yield w("waiting")[0], w("state", "reason", "calls>"), rows
    if nights := report.get("nights"):
        rows = [(one["day"], str(one["calls"]), str(one["findings"])) for one in nights]
        yield w("nights")[0], w("day", "calls>", "findings>"), rows
    note = word(WORDS, "money_note", language)
    for one in report.get("money_by_night", ()):
        if one["contracts"]:
            yield f"{w('money')[0]}, {one['day']}", _money_heads(w), _money(one["contracts"], language)
    if money := report.get("money"):
        yield f"{w('money')[0]}, {report['cycle']} ({note})", _money_heads(w), _money(money, language)


def _money_heads(w: Any) -> list[str]:
    heads: list[str] = w("contract", "zone", "calls>", "minutes>", "amount>")
    return heads


def _held(held: Iterable[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    return [
        (
            one["switch"],
            one["code"],
            str(one["lines"]),
            one["oldest"][:16].replace("T", " "),
            f"{one['path']} @{one['offset']}: {one['reason']}",
        )
        for one in held
    ]


def _money(contracts: Iterable[Mapping[str, Any]], language: str) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for one in contracts:
        for zone in one["zones"]:
            name = word(ZONES, zone["zone"], language)
            rows.append((one["contract"], name, str(zone["calls"]), zone["minutes"], zone["amount"]))
        total = (one["contract"], word(WORDS, "sum", language), str(one["calls"]))
        rows.append(tuple((text, "sum") for text in (*total, one["minutes"], one["amount"])))
    return rows


def _plain(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[0]


STYLE = """
:root { color-scheme: light; --ink: #1d2733; --soft: #5b6875; --rule: #d9dfe5; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.5rem 3rem; color: var(--ink); background: #fff;
  font: 15px/1.55 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", system-ui,
  sans-serif; }
header { border-bottom: 2px solid var(--ink); padding-bottom: .9rem; margin-bottom: 1.2rem; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
h2 { font-size: 1.05rem; margin: 1.9rem 0 .5rem; }
.badge { display: inline-block; padding: .1rem .6rem; border-radius: .2rem; font-weight: 600; }
.done { color: #14532d; background: #dcf3e3; } .found { color: #713f12; background: #fdf0c8; }
.failed { color: #7f1d1d; background: #fbdcdc; } .left { color: var(--soft); background: #eef1f4; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1.1rem; margin: .8rem 0 0; }
dt { color: var(--soft); } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--ink); }
th, td { padding: .28rem .9rem .28rem 0; vertical-align: top; overflow-wrap: break-word; }
th, .badge, td:first-child { white-space: nowrap; }
td { border-bottom: 1px solid var(--rule); }
.right { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.sum { font-weight: 600; }
ul { margin: 0; padding-left: 1.2rem; } li { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
footer { margin-top: 2.4rem; color: var(--soft); font-size: .85rem; border-top: 1px solid var(--rule);
  padding-top: .6rem; }
@page { size: A4; margin: 16mm 14mm; }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; } h2 { break-after: avoid; }
  tr, li { break-inside: avoid; } thead { display: table-header-group; }
  .badge { -webkit-print-color-adjust: exact; print-color-adjust: exact; } }
"""


def as_page(report: Mapping[str, Any], language: str) -> bytes:
    """The report as a page of its own, without anything from elsewhere: to be read, printed, kept."""
    return "\n".join([*_page(report, language), ""]).encode()


def _page(report: Mapping[str, Any], language: str) -> Iterator[str]:
    title = f"{word(WORDS, 'title', language)} {str(report.get('began', ''))[:10]}"
    tongue = "en" if language == "en" else "zh-CN"
    yield f'<!doctype html>\n<html lang="{tongue}">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>"
    kind = "done" if report["code"] == 0 else "found" if report["code"] == 3 else "failed"
    badge = f'<span class="badge {kind}">{escape(verdict(report["code"], language))}</span>'
    yield f"<header><h1>{escape(title)}</h1>{badge}\n<dl>"
    yield from (f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in _facts(report, language))
    yield "</dl></header>"
    yield from _steps(report, language)
    for heading, heads, rows in _tables(report, language, brief=False):
        yield from _html_table(heading, heads, rows)
    for step in report["steps"]:
        if lines := _lines(step, language):
            name = word(STEPS, step["step"], language)
            yield f"<h2>{escape(name)}: {escape(word(WORDS, 'look', language))}</h2>\n<ul>"
            yield from (f"<li>{escape(line)}</li>" for line in lines)
            yield "</ul>"
    yield f"<footer>seatline · {escape(word(WORDS, 'page', language))}</footer>\n</body>\n</html>"


def _steps(report: Mapping[str, Any], language: str) -> Iterator[str]:
    seconds = report.get("seconds", {})
    rows = [
        (
            word(STEPS, step["step"], language),
            (word(STATES, step["state"], language), "badge " + step["state"].partition(" ")[0]),
            said(step, language),
            f"{seconds[step['step']]:.1f}" if step["step"] in seconds else "",
        )
        for step in report["steps"]
    ]
    heads = [word(WORDS, key, language) for key in ("step", "state", "said", "seconds")]
    yield from _html_table(word(WORDS, "steps", language), [*heads[:3], f"{heads[3]}>"], rows)


def _html_table(heading: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    right = [head.endswith(">") for head in heads]
    yield f"<h2>{escape(heading)}</h2>\n<table><thead><tr>"
    yield "".join(
        f"<th{_class('right' if at else '')}>{escape(head.rstrip('>'))}</th>"
        for head, at in zip(heads, right, strict=True)
    )
    yield "</tr></thead><tbody>"
    for row in rows:
        yield "<tr>" + "".join(_td(cell, at) for cell, at in zip(row, right, strict=True)) + "</tr>"
    yield "</tbody></table>"


def _td(cell: Cell, right: bool) -> str:
    text, kind = (cell, "") if isinstance(cell, str) else cell
    at = "right" if right else ""
    if kind.startswith("badge"):
        return f'<td{_class(at)}><span class="{kind}">{escape(text)}</span></td>'
    return f"<td{_class(f'{at} {kind}'.strip())}>{escape(text)}</td>"


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""
