"""The operator's passwords, from a sheet of their own beside the contract file (IMS 鉴权密码).

What stands in this sheet is never shown: no message quotes any of its cells, for a password may stand in
the wrong column. They are not part of the contract; the ledger keeps them apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from provisioning.core.problem import Place, Problem
from provisioning.intake import kinds, member_form, row_kinds
from provisioning.intake.headers import Columns, is_vague, names_password, plain
from provisioning.intake.operations import Fits
from provisioning.intake.paper import Paper
from provisioning.intake.sheet import HEADER_WITHIN, Row, Sheet
from provisioning.intake.sheet_file import read_sheet
from provisioning.intake.text_form import counted, half_width, without_invisible
from provisioning.intake.wrong import Wrong

_NO_COLUMN = re.compile("[单表]$|说明|须知|通知")
_LONGEST = 128
_NO_BEGINNING = ">"
"""What no value in Asterisk's files can begin with; nor can it begin or end with a blank."""
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Passwords:
    """The passwords of a sheet by long number, where each number stands, and what is wrong with the sheet."""

    by_number: Mapping[str, str] = field(default_factory=dict, repr=False)
    places: Mapping[str, Place] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read(file: str, content: bytes) -> Passwords:
    """The passwords of a CSV file or a spreadsheet with the columns 号码 and 密码, in any order."""
    sheet = read_sheet(file, content, _names_passwords)
    at = next((i for i, row in enumerate(sheet.rows[:HEADER_WITHIN]) if _is_header(row)), None)
    if at is None:
        if any(problem.severity == "error" for problem in sheet.problems):
            return Passwords(problems=sheet.problems)
        missing = Problem(
            code="no-header",
            message="no row names both a column of long numbers and a column of passwords",
            hint="write a header row with 号码 (or long_number) and 密码 (password)",
            place=sheet.place(sheet.rows[0][0]) if sheet.rows and len(sheet.rows[0]) else Place(file=file),
        )
        return Passwords(problems=(*sheet.problems, missing))
    twice = tuple(_twice(sheet, sheet.rows[at]))
    if twice:
        return Passwords(problems=(*sheet.problems, *twice))
    reader = _Reader(sheet, sheet.rows[at])
    for row in sheet.rows[at + 1 :]:
        if reader.is_seal(row):
            break
        reader.take(row)
    return Passwords(
        by_number=MappingProxyType(reader.found),
        places=MappingProxyType(reader.places),
        problems=(*sheet.problems, *reader.problems),
    )


def against(passwords: Passwords, paper: Paper) -> Iterator[Problem]:
    """Each password is of a number of the contract, and each number that registers has one."""
    site, ims = paper.site, paper.site.group("ims")
    seats = [number for row in paper.seats if (number := row.get("long_number")) is not None]
    second = [number for row in paper.seats if (number := row.get("second_number")) is not None]
    main: str | None = site.get("main_number")
    whole = paper.rows is not None and not any("long_number" in row.faulty for row in paper.seats)
    if whole:
        known = {*seats, *second, main}
        for number, place in passwords.places.items():
            if number not in known:
                yield Problem(
                    code="password-without-number",
                    message=f"{number} is no number of this contract, but a password is given for it",
                    hint="correct the number, or delete the row",
                    place=place,
                )
    by_seat = ims.get("register") != "trunk"
    switchboard = [main] if "switchboard" in {found.value for found in site.many("features")} else []
    by_itself = {number for number in (*seats, *second, *switchboard) if number is not None}
    registering = sorted(by_itself) if by_seat else [main or min(seats, default="")]
    missing = [number for number in registering if number and number not in passwords.places]
    if missing and whole and not passwords.problems:
        told = ", ".join(missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
        yield ims.warning(
            "passwords",
            "password-missing",
            f"the passwords' sheet has none for {counted(len(missing), 'number')} that register: {told}",
            "add them there; a number that has one in the ledger keeps it",
        )


def _names_passwords(header: str) -> bool:
    return names_password(header) and not _NO_COLUMN.search(plain(header))


def _twice(sheet: Sheet, header: Row) -> Iterator[Problem]:
    """A second column of numbers or of passwords: nobody knows which one is meant."""
    numbers = _numbers(header)
    passwords = [index for index, text in enumerate(header.texts) if names_password(text)]
    for what, columns in (("numbers", numbers), ("passwords", passwords)):
        for index in columns[1:]:
            yield sheet.problem(
                header[index],
                "duplicate-column",
                f"a second column of {what} stands here, and nobody knows which one is meant",
                "keep the one that is right, and delete the other",
            )


def _numbers(header: Row) -> list[int]:
    """The columns of numbers; a vague 电话号码 beside one that says more is a contact's."""
    found = [index for index, text in enumerate(header.texts) if member_form.names_numbers(text)]
    return [index for index in found if not is_vague(header.texts[index])] or found


def _is_header(row: Row) -> bool:
    return any(map(_names_passwords, row.texts)) and any(map(member_form.names_numbers, row.texts))


class _Reader:
    """Reads the rows below the header; complains without ever saying what stands in a cell."""

    def __init__(self, sheet: Sheet, header: Row) -> None:
        self._sheet = sheet
        self._number_at = _numbers(header)[0]
        self._password_at = _first(header, _names_passwords)
        self._columns = Columns({self._number_at: "long_number"}, {}, self._number_at)
        self.found: dict[str, str] = {}
        self.places: dict[str, Place] = {}
        self.problems: list[Problem] = []

    def is_seal(self, row: Row) -> bool:
        """Whether the list ends here, with seal and signature."""
        return not _text(row, self._password_at) and row_kinds.is_signature(self._columns, row)

    def take(self, row: Row) -> None:
        written, password = _text(row, self._number_at), _text(row, self._password_at)
        if not written and not password:
            return
        number = self._number(row, written)
        sound = bool(password) and self._sound(row, password)
        if number is None or not password:
            return
        place = self._place(row, self._number_at)
        if number in self.places:
            said = f"{number} stands twice in the passwords' sheet; first at {self.places[number]}"
            self._complain(row, self._number_at, "number-twice", said, "keep the row that is right")
            return
        self.places[number] = place
        if sound:
            self.found[number] = password

    def _number(self, row: Row, written: str) -> str | None:
        """The number, without a word of what else stands there."""
        at = self._number_at
        if not written:
            said = "a password stands here without a number"
            self._complain(row, at, "number-missing", said, "write the long number it belongs to")
        elif _kind(row, at) != "text":
            said = "the number is stored as a number or a date, not as text"
            hint = "give the column the cell format Text (文本) and type the numbers again, with their 0"
            self._complain(row, at, "number-not-text", said, hint)
        else:
            try:
                return str(kinds.LONG_NUMBER.read(half_width(without_invisible(written)).strip()))
            except Wrong as wrong:
                said = "there is no long number in this cell, or it is not written as one"
                hint = (
                    "write area code and number in digits, such as 08702120001; the password stands beside it"
                )
                self._complain(row, at, wrong.code, said, hint)
        return None

    def _sound(self, row: Row, password: str) -> bool:
        """Whether the password can be used as it is."""
        at = self._password_at
        if _kind(row, at) != "text":
            said = "the password is stored as a number, a date or a formula, not as text"
            hint = "give the column the cell format Text (文本) and type the passwords again, from the paper"
            self._complain(row, at, "password-not-text", said, hint)
        elif not password.isascii() or not password.isprintable():
            said = (
                "the password holds a character that no password has: full-width, invisible or a line break"
            )
            hint = "retype it with the input method switched to half-width"
            self._complain(row, at, "bad-password", said, hint)
        elif password[0] in _NO_BEGINNING or password != password.strip(" "):
            said = "the password begins with > or has a blank at an end: Asterisk would read another one"
            hint = "check it against the paper; if it is so, ask the operator for another one"
            self._complain(row, at, "bad-password", said, hint)
        elif len(password) > _LONGEST:
            said = f"the password is longer than {_LONGEST} characters"
            self._complain(row, at, "bad-password", said, "check that the cell holds the password alone")
        else:
            return True
        return False

    def _place(self, row: Row, index: int) -> Place:
        return self._sheet.place(row_kinds.at_or_first(row, index))

    def _complain(self, row: Row, index: int, code: str, message: str, hint: str) -> None:
        self.problems.append(Problem(code=code, message=message, hint=hint, place=self._place(row, index)))


def _first(header: Row, fits: Fits) -> int:
    return next(index for index, text in enumerate(header.texts) if fits(text))


def _text(row: Row, index: int) -> str:
    return row.texts[index] if index < len(row) else ""


def _kind(row: Row, index: int) -> str:
    return row.kinds.get(index, "text") if row.kinds else "text"
