"""The workbooks that make.sh has LibreOffice write in other formats, made by XlsxWriter.

python sources.py FOLDER
"""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import xlsxwriter

HEADER = ("序号", "IMS固话号码", "对应短号码", "姓名", "部门", "备注")


def annex(path: Path) -> None:
    """The annex as it comes: a title over all columns, a header of two rows, merged departments, a seal."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("附件1")
    text = book.add_format({"num_format": "@"})
    sheet.merge_range("A1:F1", "长短号开通明细表")
    sheet.merge_range("A2:A3", "序号")
    sheet.merge_range("B2:C2", "号码信息")
    sheet.write_row("B3", ("IMS固话号码", "对应短号码"))
    for column, name in zip("DEF", HEADER[3:], strict=True):
        sheet.merge_range(f"{column}2:{column}3", name)
    for number in range(1, 5):
        row = number + 2 if number < 3 else number + 3  # row 6 stays blank
        sheet.write_number(row, 0, number)
        sheet.write_string(row, 1, f"0870212000{number}", text)
        sheet.write_string(row, 2, f"600{number}", text)
        sheet.write_string(row, 3, f"用户{number}")
    sheet.merge_range("E4:E5", "办公室")
    sheet.merge_range("E7:E8", "财务科")
    sheet.write_string("F4", "值班室")
    sheet.write_string("B10", "甲方单位（盖章）：")
    sheet.write_string("E10", "日期：2025年7月1日")
    helper = book.add_worksheet("选项")
    helper.hide()
    helper.write_column("A1", ("是", "否"))
    book.close()


def faults(path: Path) -> None:
    """One fault a row, each in a column where it counts."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("号码")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row("A1", ("长号", "短号", "姓名", "手机号码"))
    sheet.write_row("A2", ("08702120001", "6001", "用户1", "13800138000"))
    sheet.write_number("A3", 8702120002)
    sheet.write_formula("A4", '="0870"&"2120003"', None, "08702120003")
    sheet.write_string("A5", "08702120004")
    sheet.write_datetime("B5", datetime.date(2025, 7, 1), day)
    sheet.write_string("A6", "08702120005")
    sheet.write_boolean("B6", True)
    sheet.write_string("A7", "08702120006")
    sheet.write_formula("B7", "=NA()", None, "#N/A")
    sheet.write_string("A8", "08702120007")
    sheet.write_number("D8", 12345678901234567)
    sheet.write_string("A9", "08702120008")
    sheet.write_formula("D9", "=13800138000+0", None, 13800138000)
    old = book.add_worksheet("旧表")
    old.hide()
    old.write_row("A1", ("长号", "短号"))
    old.write_row("A2", ("08702120099", "6099"))
    book.close()


def far(path: Path) -> None:
    """A header at the top, and one blank typed into the last row that there is."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("号码")
    sheet.write_row("A1", ("长号", "短号"))
    sheet.write_row("A2", ("08702120001", "6001"))
    sheet.write_string(1_048_575, 9, " ")
    book.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    annex(folder / "annex.xlsx")
    faults(folder / "faults.xlsx")
    far(folder / "far.xlsx")
