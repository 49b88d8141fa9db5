"""The number sheet to fill in (长短号开通明细): as an Excel file that the intake reads back.

It holds the seats as they are known, so it can also be changed and read as a change of the contract.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from provisioning.core.contract import Zone
from provisioning.core.site import Seat
from provisioning.documents.xlsx import Column, Page, Table, workbook
from provisioning.flows.lay_out_sheet import Outline
from provisioning.intake import kinds, operations, schema
from provisioning.intake.operations import Operation

TITLE = "长短号开通明细"
CHANGE_TITLE = "长短号变更明细"
_CHINESE: Mapping[str, str] = {name: header for header, name in reversed(list(schema.HEADERS.items()))}
"""The columns' Chinese names, of each the first."""

_OPERATION, _FORMER = operations.OPERATION_HEADERS[0], operations.FORMER_HEADERS[0]
_MOST_COLUMNS = 100


def number_sheet(outline: Outline) -> bytes:
    """The workbook: the list to fill in, and a sheet that says how (填写说明)."""
    extra = tuple(dict.fromkeys(name for seat in outline.seats for name in seat.extra))
    if outline.changes:  # there 原号码 and 操作 ask for something; what is left out stays as it is
        extra = tuple(name for name in extra if not operations.is_form_header(name))
    columns = [_column(name, outline) for name in schema.COLUMNS]
    columns += [Column(heading=name, width=14) for name in extra[: _MOST_COLUMNS - len(columns) - 2]]
    if outline.changes:
        columns += [_former_column(), _operation_column()]
    title = CHANGE_TITLE if outline.changes else TITLE
    whose = f"{outline.customer}（{outline.contract}）" if outline.customer else outline.contract
    table = Table(
        name=title,
        title=f"{title}　{whose}",
        columns=tuple(columns),
        rows=[[_said(seat, name) for name in (*schema.COLUMNS, *extra)] for seat in outline.seats],
    )
    return workbook((table, Page(name="填写说明", lines=_lines(outline))))


def _said(seat: Seat, column: str) -> str | None:
    """A seat's column as it is typed."""
    if column not in schema.COLUMNS:
        return seat.extra.get(column)
    value = getattr(seat, column)
    if isinstance(value, tuple):
        return ";".join(value)
    return None if value is None or value == _SAID_BY_NONE.get(column) else str(value)


_SAID_BY_NONE: Mapping[str, str] = {"ring_order": Seat(long_number="000").ring_order}
"""What an empty cell of a column says."""

_DIGITS = 'ISNUMBER(VALUE({cell})),EXACT({cell},TRIM({cell})),ISERROR(SEARCH(".",{cell}))'


def _column(name: str, outline: Outline) -> Column:
    maker = _MADE_BY.get(name)
    heading = _CHINESE[name]
    return Column(heading=heading, width=_WIDTHS.get(name, 14)) if maker is None else maker(heading, outline)


def _long_number(heading: str, outline: Outline) -> Column:
    return Column(
        heading=heading,
        width=18,
        note="带区号的完整号码，例如 08702120001。每行一个座机。",
        formula=f"AND(LEN({{cell}})>=5,LEN({{cell}})<=12,{_DIGITS},COUNTIF({{column}},{{cell}})=1)",
        complaint="请填写带区号的号码（只有数字，5至12位），同一号码只能出现一次。",
    )


def _short_number(heading: str, outline: Outline) -> Column:
    shape = outline.short_numbers
    if shape is None:
        lengths, said = "AND(LEN({cell})>=2,LEN({cell})<=8)", "2至8位数字"
    else:
        first = "，".join(shape.first)
        lengths = f'AND(LEN({{cell}})={shape.digits},ISNUMBER(SEARCH(LEFT({{cell}},1),"{shape.first}")))'
        said = f"{shape.digits}位数字，首位为 {first}"
    return Column(
        heading=heading,
        note=f"可不填。{said}。",
        formula=f"AND({lengths},{_DIGITS},COUNTIF({{column}},{{cell}})=1)",
        complaint=f"短号应为{said}，且不能重复。",
    )


def _iad(heading: str, outline: Outline) -> Column:
    return Column(
        heading=heading,
        note="可不填：系统按顺序分配端口。",
        choices=outline.iads,
        only_choices=True,
        complaint="只能选择合同中列出的接入设备。",
    )


def _port(heading: str, outline: Outline) -> Column:
    most = outline.most_ports
    whole = f"VALUE({{cell}})>=1,VALUE({{cell}})<={most},VALUE({{cell}})=INT(VALUE({{cell}}))"
    return Column(
        heading=heading,
        width=8,
        note="可不填。设备上的语音口，从1开始的整数。",
        formula=f"AND({_DIGITS},{whole})",
        complaint=f"端口是1至{most}的整数。",
    )


def _mobile(heading: str, outline: Outline) -> Column:
    return Column(
        heading=heading,
        note="可不填。11位手机号码，例如 13800138000。",
        formula=f'AND(LEN({{cell}})=11,LEFT({{cell}},1)="1",{_DIGITS})',
        complaint="手机号码是11位数字。",
    )


def _features(heading: str, outline: Outline) -> Column:
    return Column(
        heading=heading,
        width=20,
        note="可不填。可填多个，用 ; 分隔，例如 fax;video。",
        choices=kinds.FEATURES,
        complaint="多个功能用 ; 分隔；不在列表中的功能不会被接受。",
    )


def _ring_order(heading: str, outline: Outline) -> Column:
    return Column(
        heading=heading,
        width=10,
        note="可不填（同振）。一号通的号码同时振铃（同振）或依次振铃（顺振）。",
        choices=("同振", "顺振", "together", "in-order"),
        only_choices=True,
        complaint="只能填 同振 或 顺振。",
    )


def _zones(heading: str, outline: Outline) -> Column:
    return Column(
        heading=heading,
        width=20,
        note="可不填。+ 表示开通，- 表示关闭，用 ; 分隔，例如 +国际;-国内。单元格须为“文本”格式。",
        choices=tuple(f"{sign}{zone.value}" for sign in "+-" for zone in Zone),
        complaint="写 + 或 - 和区域（本地、国内、服务、港澳台、国际），多个用 ; 分隔。",
    )


def _noted(width: float, note: str) -> Callable[[str, Outline], Column]:
    return lambda heading, outline: Column(heading=heading, width=width, note=note)


_WIDTHS: Mapping[str, float] = {"remark": 20, "name": 12, "department": 16}
_MADE_BY: Mapping[str, Callable[[str, Outline], Column]] = {
    "long_number": _long_number,
    "short_number": _short_number,
    "iad": _iad,
    "port": _port,
    "mobile": _mobile,
    "second_number": _noted(16, "可不填。一机双号：同一话机的第二个号码，带区号。"),
    "features": _features,
    "changed_to": _noted(16, "可不填。改号通知：主叫方听到的新号码。"),
    "allowed": _noted(24, "可不填。亲情电话、POS：允许拨打的号码，用 ; 分隔。"),
    "mobile_short": _noted(10, "可不填。融合V网：手机号码一列中手机的短号，不能与座机短号重复。"),
    "further": _noted(24, "可不填。一号通：与座机一起振铃的号码，最多三个，用 ; 分隔。"),
    "ring_order": _ring_order,
    "forward_always": _noted(16, "可不填。所有来话转到此号码。须合同开通前转。"),
    "forward_busy": _noted(16, "可不填。座机忙时转到此号码。"),
    "forward_no_answer": _noted(16, "可不填。无人接听时转到此号码。"),
    "forward_unreachable": _noted(16, "可不填。座机未注册（断电、断网）时转到此号码。"),
    "zones": _zones,
}


def _former_column() -> Column:
    return Column(heading=_FORMER, width=16, note="改号时填写：该座机现在的号码；新的号码填在第一列。")


def _operation_column() -> Column:
    return Column(
        heading=_OPERATION,
        width=10,
        note="增加、变更或删除。不填：已有的号码为变更，没有的为增加。",
        choices=tuple(operations.WORDS[operation][0] for operation in Operation),
        only_choices=True,
        complaint="只能填 增加、变更 或 删除。",
    )


def _lines(outline: Outline) -> tuple[str, ...]:
    """How to fill the sheet in; whole sentences, so that none is taken for a heading."""
    lines = [
        f"{TITLE} 填写说明",
        "1. 每行一个座机，从第三行开始填写；不要改动第二行的列名，列的顺序可以改。",
        "2. 所有单元格都是“文本”格式，号码前面的 0 不会丢失；粘贴时请选择“只粘贴文本”。",
        "3. 第一列的号码必须填写，其余各列可不填；多个值用 ; 分隔。",
        "4. 接入设备和端口都不填时，系统按行的顺序分配端口。",
        "5. 可以在右边增加自己的列，其内容会保留，并可查询。",
    ]
    if outline.changes:
        lines += [
            "6. 只有填写了的单元格会改变；空单元格和没有的列不改变任何内容，填 - 或 清除 表示清空。",
            "7. 删除座机必须在操作一列填 删除；从表中去掉一行不会删除座机。",
            "8. 改号：原来的号码填在 原号码 一列，新的号码填在第一列；姓名、短号和端口保持不变。",
        ]
    return tuple(lines)
