"""What is said of a sheet of a workbook as a whole."""

from __future__ import annotations

from collections.abc import Callable

from provisioning.intake.number_rows import sheet_rows

MakeBook = Callable[..., bytes]


def test_a_cell_far_to_the_right_names_the_last_column_that_is_read(book: MakeBook) -> None:
    """Behind the hundredth column nothing is read, however far behind it the first such cell stands."""
    made = book({"号码": {"A1": "长号", "A2": "08702120001", "DA2": "x"}})
    (problem,) = sheet_rows("numbers.xlsx", made).problems
    assert (problem.code, problem.place.cell) == ("too-many-columns", "DA2")
    assert "behind column CV," in problem.message
