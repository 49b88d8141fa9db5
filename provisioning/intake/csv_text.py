"""CSV bytes as rows of cells with their places: UTF-8 or GBK; comma, tab or semicolon (号码表文本)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from provisioning.core.problem import Place, Problem
from provisioning.intake.sheet import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Cell, Row, Sheet
from provisioning.intake.text_form import trimmed

MAX_BYTES = 16 * 1024 * 1024
MAX_LINE = 32 * 1024
MAX_PROBLEMS = 1000

DELIMITERS = (",", "\t", ";")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ONLY_BLANK = re.compile(r"[\s,;\"]*")


def rows(file: str, content: bytes, is_header: Callable[[str], bool]) -> Sheet:
    """The rows of one CSV file. `is_header` knows a column's name, by which the delimiter is found."""
    text = _decoded(file, content)
    if isinstance(text, Problem):
        return Sheet(file=file, problems=(text,))
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    reader = _Reader(file, _delimiter(lines, is_header))
    found = tuple(reader.rows(lines))
    excess = _excess(found)
    if excess is not None:
        problem = _problem(file, *excess)
        return Sheet(file=file, problems=(*reader.problems, problem))
    return Sheet(file=file, rows=found, problems=tuple(reader.problems))


def _excess(rows: tuple[Row, ...]) -> tuple[str, str, str] | None:
    """What there is too much of, as code, message and hint."""
    if len(rows) > MAX_ROWS:
        return "too-many-rows", f"the sheet has more than {MAX_ROWS} rows", "split it over several contracts"
    if sum(map(len, rows)) > MAX_CELLS:
        return (
            "too-many-cells",
            f"the sheet has more than {MAX_CELLS} cells",
            "delete the columns that do not belong to the number list, or split it over several contracts",
        )
    return None


def _problem(
    file: str, code: str, message: str, hint: str, line: int | None = None, column: int | None = None
) -> Problem:
    return Problem(code=code, message=message, hint=hint, place=Place(file=file, line=line, column=column))


def _decoded(file: str, content: bytes) -> str | Problem:
    """The text, from UTF-8 with or without a mark, else from GBK (GB 18030)."""
    if len(content) > MAX_BYTES:
        return _problem(
            file,
            "file-too-large",
            f"the sheet is larger than {MAX_BYTES} bytes, the most that is read",
            "delete what does not belong to the number list, or split it over several contracts",
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _problem(
            file, "not-utf8", "the sheet is UTF-16 (Unicode text)", 'save it as "CSV UTF-8"', 1, 1
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        utf8 = fault
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError as fault:
        # In the encoding that the sheet is in, reading gets further before the broken byte.
        return (
            _undecodable(file, content, "utf-8", utf8.start)
            if utf8.start > fault.start
            else (_undecodable(file, content, "gb18030", fault.start))
        )


def _undecodable(file: str, content: bytes, encoding: str, at: int) -> Problem:
    before = content[:at].decode(encoding, errors="replace")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return _problem(
        file,
        "not-utf8",
        f"the sheet is neither UTF-8 nor GBK: byte {content[at]:#04x} cannot stand here",
        'retype what stands here, and save it as "CSV UTF-8"',
        *(line, column),
    )


def _delimiter(lines: list[str], is_header: Callable[[str], bool]) -> str:
    """What separates the cells: of the first lines, the one by which a column's name stands alone."""
    for line in lines[:100]:
        for delimiter in DELIMITERS:
            parts = line.split(delimiter, MAX_COLUMNS) if len(line) <= MAX_LINE else []
            if any(is_header(part.strip(' "')) for part in parts[:MAX_COLUMNS]):
                return delimiter
    return ","


class _Reader:
    """Takes lines apart into cells; a quoted cell may go on over several lines."""

    def __init__(self, file: str, delimiter: str) -> None:
        self.file = file
        self.delimiter = delimiter
        self.problems: list[Problem] = []
        self._nothing = delimiter + ' \t\n"'
        self._cell = re.compile(
            rf'[ ]*"([^"]*(?:""[^"]*)*)"[ ]*(?={re.escape(delimiter)}|\Z)|([^{re.escape(delimiter)}]*)'
        )

    def complain(self, code: str, message: str, hint: str, line: int, column: int) -> None:
        if len(self.problems) == MAX_PROBLEMS - 1:
            code, message = "too-many-problems", f"after {MAX_PROBLEMS} problems reading stops here"
            hint = "mend these first; perhaps this is not a CSV file"
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(_problem(self.file, code, message, hint, line, column))

    def rows(self, lines: list[str]) -> Iterator[Row]:
        """The rows that hold anything, at most one more than are allowed."""
        number, given, cells = 0, 0, 0
        while number < len(lines) and given <= MAX_ROWS and cells <= MAX_CELLS:
            if len(self.problems) >= MAX_PROBLEMS:
                return
            line = lines[number]
            number += 1
            if not line or _ONLY_BLANK.fullmatch(line):
                continue
            row, number = self._row(line, lines, number)
            if any(row.texts):
                given += 1
                cells += len(row)
                yield row

    def _row(self, line: str, lines: list[str], number: int) -> tuple[Row, int]:
        """The cells of the row that begins in this line, and the number of lines read with it."""
        began = number
        if len(line) > MAX_LINE:
            self.complain(
                "line-too-long",
                f"line {began} has {len(line)} characters; at most {MAX_LINE} are read",
                "one row of the sheet stands on one line; check for a missing line break",
                *(began, 1),
            )
            return _NO_ROW, number
        bad = _FORBIDDEN.search(line)
        if bad:
            self.complain(
                "control-character",
                f"the character U+{ord(bad[0]):04X} cannot stand in a number sheet",
                "delete it; it may be invisible in the editor",
                *(began, bad.start() + 1),
            )
            return _NO_ROW, number
        if '"' not in line:
            return self._plain(line, began), number
        parts, length, closed = [line], len(line), line.count('"') % 2 == 0
        while not closed and number < len(lines) and length <= MAX_LINE:
            parts.append(lines[number])
            length += len(lines[number]) + 1
            closed = lines[number].count('"') % 2 == 1
            number += 1
        if not closed:
            self.complain(
                "csv-quote",
                "a quotation mark opens a cell here and none closes it",
                'close the cell with "; a quotation mark within a cell is written twice',
                *(began, line.find('"') + 1),
            )
            return _NO_ROW, began
        return self._quoted("\n".join(parts), began), number

    def _plain(self, line: str, number: int) -> Row:
        """The row of a line without quotation marks."""
        texts = tuple(map(trimmed, line.split(self.delimiter, MAX_COLUMNS)))
        return self._bounded(_LineRow(number, texts, written=line, delimiter=self.delimiter))

    def _quoted(self, joined: str, line: int) -> Row:
        """The row of one or more lines that hold quotation marks."""
        cells = tuple(self._cells(joined, line))
        starts = tuple((cell.line, cell.column) for cell in cells)
        return self._bounded(_QuotedRow(line, tuple(cell.text for cell in cells), starts=starts))

    def _bounded(self, row: Row) -> Row:
        """The row; an empty one where it has too many cells. Blank ones at its end do not count."""
        if len(row) <= MAX_COLUMNS:
            return row
        if row.texts[MAX_COLUMNS].strip(self._nothing):
            self.complain(
                "too-many-columns",
                f"the row has more than {MAX_COLUMNS} cells",
                "delete what does not belong here, or the quotation mark that joins several rows",
                *row.at(MAX_COLUMNS),
            )
            return _NO_ROW
        return replace(row, texts=row.texts[:MAX_COLUMNS])

    def _cells(self, joined: str, line: int) -> Iterator[Cell]:
        """The cells of a row that holds quotation marks; what stands behind the last one allowed is one."""
        at, begin = 0, 0  # where the next cell begins, and the line in which it does
        for _ in range(MAX_COLUMNS):
            found = self._cell.match(joined, at)
            assert found is not None  # the second alternative matches the empty text
            column = at - begin + 1
            if found[1] is not None:
                yield Cell(trimmed(found[1].replace('""', '"')), line, column + found[0].index('"'))
            else:
                if '"' in found[2]:
                    self.complain(
                        "csv-quote",
                        "a quotation mark stands within a cell",
                        'put the whole cell in "; a quotation mark within it is written twice',
                        *(line, column + found[2].index('"')),
                    )
                yield Cell(trimmed(found[2]), line, column + _blanks_before(found[2]))
            line += found[0].count("\n")
            begin = max(begin, joined.rfind("\n", at, found.end()) + 1)
            at = found.end() + 1
            if at > len(joined):
                return
        yield Cell(joined[at:], line, at - begin + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _LineRow(Row):
    """A row of one line; where its cells begin is counted when it is asked."""

    written: str
    delimiter: str

    def at(self, index: int) -> tuple[int, int]:
        if index == 0 and not self.written[:1].isspace():
            return self.line, 1
        parts = self.written.split(self.delimiter, index + 1)
        before = sum(len(part) + 1 for part in parts[:index])
        return self.line, before + _blanks_before(parts[index]) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _QuotedRow(Row):
    """A row with quotation marks, which may go on over several lines."""

    starts: tuple[tuple[int, int], ...]

    def at(self, index: int) -> tuple[int, int]:
        return self.starts[index]


_NO_ROW = Row(0, ())


def _blanks_before(text: str) -> int:
    return len(text) - len(text.lstrip()) if text.strip() else 0
