"""Writes zhaotong-numbers.xlsx, the number sheet as annex 4 of such a contract has it (长短号开通明细).

    python docker/demo/number_sheet.py docker/demo/zhaotong-numbers.xlsx

The file lies in the repository as an operator would send it; a test compares it with what this writes.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import xlsxwriter

TITLE = "附件4：IMS融合通信业务长短号开通明细"
HEADER = ("序号", "IMS固话号码", "对应短号码", "部门", "备注")
SIGNED = (
    ("甲方单位（盖章）：", "乙方单位（盖章）："),
    ("经办人：", "客户经理："),
    ("日期：    年  月  日", "日期：    年  月  日"),
)
DEPARTMENTS = {
    1: "办公室",
    11: "人事科",
    21: "财务科",
    31: "业务科",
    41: "信息科",
    51: "档案室",
    61: "值班室",
}
"""The department that begins with each of these rows."""
REMARKS = {69: "传真"}


def rows() -> list[tuple[str, str, str, str, str]]:
    """69 seats."""
    department, found = "", []
    for n in range(1, 70):
        department = DEPARTMENTS.get(n, department)
        found.append((str(n), f"0870212{n:04}", f"6{n:03}", department, REMARKS.get(n, "")))
    return found


def write(file: Path) -> None:
    book = xlsxwriter.Workbook(str(file))
    book.set_properties({"created": datetime(2025, 6, 20, tzinfo=UTC).replace(tzinfo=None)})
    sheet = book.add_worksheet("开通明细")
    text = book.add_format({"num_format": "@", "border": 1})
    head = book.add_format({"bold": True, "border": 1, "align": "center", "bg_color": "#D9E1F2"})
    title = book.add_format({"bold": True, "font_size": 14, "align": "center"})
    sheet.merge_range(0, 0, 0, len(HEADER) - 1, TITLE, title)
    for column, (name, width) in enumerate(zip(HEADER, (6, 16, 12, 16, 12), strict=True)):
        sheet.write_string(2, column, name, head)
        sheet.set_column(column, column, width)
    for row, cells in enumerate(rows(), start=3):
        for column, cell in enumerate(cells):
            sheet.write_string(row, column, cell, text)
    for row, (left, right) in enumerate(SIGNED, start=3 + 69 + 1):
        sheet.write_string(row, 0, left)
        sheet.write_string(row, 3, right)
    book.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
