"""What a member form asks for its whole list: the boxes and words above the header (受理类型)."""

from __future__ import annotations

from dataclasses import replace

from provisioning.core.problem import Problem
from provisioning.intake import boxes
from provisioning.intake.boxes import Asking
from provisioning.intake.operations import Operation, is_operation_header
from provisioning.intake.sheet import Cell, Sheet
from provisioning.intake.text_form import shown


def above(sheet: Sheet, header: int) -> tuple[Operation | None, Cell | None, tuple[Problem, ...]]:
    """The operation that is ticked or written above the header, and the cell that says so; else problems."""
    asked = [(row, tuple(boxes.asked(tuple(row)))) for row in sheet.rows[:header]]
    found = [said for _, those in asked for said in those]
    if not any(map(is_operation_header, sheet.rows[header].texts)):
        alone = (cell for row, those in asked if not those for cell in row if _removes(cell))
        if (cell := next(alone, None)) is not None:
            return None, None, (_unclear(sheet, cell, Asking(boxes=False)),)
    unclear = [_unclear(sheet, cell, said) for cell, said in found if said.operation is None]
    if unclear or not found:
        return None, None, tuple(unclear)
    cell, first = found[0]
    for other, said in found[1:]:
        if said.operation is not first.operation:
            return None, None, (_unclear(sheet, other, replace(said, chosen=(None, None))),)
    return first.operation, cell, ()


def _removes(cell: Cell) -> bool:
    """Whether the cell is the word for removing and nothing else, say above one of the lists."""
    return not cell.covered and boxes.option(cell.text) is Operation.REMOVE


def _unclear(sheet: Sheet, at: Cell, said: Asking) -> Problem:
    many = "none" if not said.chosen or said.chosen == (None,) else "more than one"
    what = f"{many} of the operations is ticked" if said.boxes else "the operation is not one word alone"
    if said.chosen == () and boxes.option(at.text) is not None:
        what = "it is not clear which numbers this is for"
    return sheet.problem(
        at,
        "operation-unclear",
        f"{what}: {shown(at.text)}",
        "tick one (☑) for the whole form, or leave the line out and write 增加, 变更 or 删除 for each number "
        "in a column 操作",
    )
