"""The words of a nightly report in Chinese and English (夜间作业报告用语)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("夜间作业报告", "Nightly report"),
    "subject": ("seatline 夜间作业", "seatline nightly"),
    "began": ("开始", "Began"),
    "ended": ("结束", "Ended"),
    "by": ("执行", "By"),
    "since": ("上次作业", "Last night before"),
    "never": ("无", "none"),
    "code": ("退出码", "Exit code"),
    "steps": ("步骤", "Steps"),
    "step": ("步骤", "Step"),
    "state": ("结果", "State"),
    "said": ("说明", "What it says"),
    "seconds": ("用时(秒)", "Seconds"),
    "nights": ("已稽核的日期", "Nights covered"),
    "made_up": ("补做的日期", "Missed nights made up for"),
    "broken_off": ("此前中断的作业", "Broken off before"),
    "day": ("日期", "Day"),
    "findings": ("发现", "Findings"),
    "new": ("自上次作业以来的新话单", "Call records that are new since the last night"),
    "switch": ("交换机", "Switch"),
    "records": ("话单", "Records"),
    "held": ("隔离话单", "Held lines"),
    "cause": ("原因", "Cause"),
    "lines": ("行数", "Lines"),
    "oldest": ("最早", "Oldest"),
    "newest": ("最新一行", "The newest of them"),
    "waiting": ("未批价话单", "Calls without a price"),
    "reason": ("原因", "Reason"),
    "calls": ("通话", "Calls"),
    "money": ("各合同通话费", "Call charges by contract"),
    "money_note": (
        "批价结果，未计套餐抵扣和取整；以账单为准",
        "as rated, before allowance and rounding; the bill counts",
    ),
    "contract": ("合同", "Contract"),
    "zone": ("计费区域", "Zone"),
    "minutes": ("分钟", "Minutes"),
    "amount": ("金额(元)", "CNY"),
    "sum": ("合计", "Sum"),
    "silent": ("静默告警", "Silence"),
    "nothing": ("无", "nothing"),
    "look": ("需要处理", "To be looked at"),
    "more": ("其余见 JSON 报告", "more in the JSON report"),
    "page": ("通话对方号码属于个人信息，请妥善保管", "Numbers that were called are personal data: keep safe"),
}

STATES: Mapping[str, tuple[str, str]] = {
    "done": ("完成", "done"),
    "found": ("需处理", "found"),
    "failed": ("失败", "failed"),
    "left out": ("未做", "left out"),
}

STEPS: Mapping[str, tuple[str, str]] = {
    "ledger": ("台账", "ledger"),
    "collect": ("采集话单", "collect"),
    "rate": ("批价", "rate"),
    "recordings": ("录音", "recordings"),
    "compliance": ("合规稽核", "compliance"),
    "complaints": ("投诉", "complaints"),
    "sources": ("来源核对", "sources"),
    "silence": ("静默检查", "silence"),
    "retention": ("到期清理", "retention"),
    "report": ("报告", "report"),
    "seatline": ("程序", "seatline"),
}

OUTCOMES: Mapping[str, tuple[str, str]] = {
    "unrated": ("无法批价", "unrated"),
    "review": ("待复核", "review"),
}

ZONES: Mapping[str, tuple[str, str]] = {
    "internal": ("网内", "internal"),
    "local": ("本地", "local"),
    "domestic": ("国内长途", "domestic"),
    "service": ("服务号码", "service"),
    "hmt": ("港澳台", "hmt"),
    "international": ("国际", "international"),
    "": ("来话及免费", "incoming and free"),
}

SILENCES: Mapping[str, tuple[str, str]] = {
    "lost": ("处理了通话却没有话单", "processed calls and delivered no record"),
    "quiet": ("往常有话单，此次没有", "usually has records, now none"),
    "unasked": ("没有话单，也无法查询", "no record, and could not be asked"),
}

ODD: Mapping[str, str] = {
    "missing": "无话单",
    "open": "未结束",
    "unrecorded": "仅见于AMI",
    "doubted": "话单存疑",
    "one-source": "仅一个来源",
}

VERDICTS: Mapping[int, tuple[str, str]] = {
    0: ("正常", "all is well"),
    3: ("有需处理的事项", "somebody has to look"),
    4: ("话单来源无法读取", "a source could not be read"),
    6: ("另一作业正在进行", "somebody else is at it"),
    75: ("台账暂不可用", "the ledger was out of reach"),
}
FAILED = ("有步骤失败或话单未批价", "a step failed, or calls wait for a price")

SAID_IN_CHINESE: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "collect": lambda d: f"新 {d['new']}，已有 {d['duplicate']}，隔离 {d['quarantined']}",
    "rate": lambda d: f"已批价 {d['rated']}，免费 {d['free']}，无法批价 {d['unrated']}，待复核 {d['review']}",
    "compliance": lambda d: (
        f"{d['first']} 至 {d['last']} 共 {d['calls']} 条话单，发现 {len(d['findings'])} 项"
    ),
    "complaints": lambda d: f"本月投诉 {d['complaints']} 起，超限合同 {len(d['alarms'])} 个",
    "recordings": lambda d: f"{len(d['switches'])} 台交换机的录音已整理",
    "sources": lambda d: (
        (
            "，".join(
                f"{one['switch']} {ODD.get(one['what'], one['what'])} {one['calls']}" for one in d["counts"]
            )
            or "各来源一致"
        )
        + "".join(f"；{name} 时钟与本机不一致" for name in d.get("clocks", ()))
    ),
    "retention": lambda d: f"到期清理话单 {d['removed']} 条，超期保留 {d['kept']} 条",
    "silence": lambda d: (
        f"{len(d['silent'])} 台交换机没有话单" if d["silent"] else "各交换机均有话单或无通话"
    ),
    "report": lambda d: (
        f"新话单 {d['records']} 条，隔离 {d['held_lines']} 行，{d['month']} 有话费的合同 {d['contracts']} 个"
    ),
}
"""What the steps say, made from what they found; the others, and those that failed, speak English."""


def said(step: Mapping[str, Any], language: str) -> str:
    """What a step says of itself."""
    make = SAID_IN_CHINESE.get(step["step"])
    if language == "zh" and step["state"] == "left out":
        return "设置中没有与此有关的内容"
    if language == "en" or make is None or step["state"] not in ("done", "found"):
        return str(step["said"])
    try:
        return make(step)
    except (KeyError, TypeError):  # a document of another version
        return str(step["said"])


def word(table: Mapping[Any, tuple[str, str]], key: Any, language: str) -> str:
    """The word in that language; the key itself where the table has none."""
    found = table.get(key)
    return str(key) if found is None else found[1 if language == "en" else 0]


def verdict(code: int, language: str) -> str:
    """What an exit code means."""
    return VERDICTS.get(code, FAILED)[1 if language == "en" else 0]
