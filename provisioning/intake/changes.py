"""A contract with what a form or a number sheet changes of its seats, judged by the contract's rules (变更).

A row changes the columns that it fills in, and nothing else. Pure: the contract as it stands and the rows
in, the changed contract or the problems out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioning.core.contract import Contract
from provisioning.core.iad_model import Models
from provisioning.core.problem import Place, Problem, Severity
from provisioning.core.site import Seat
from provisioning.intake import recorded
from provisioning.intake.across import across
from provisioning.intake.contract_file import RULES
from provisioning.intake.fields import Fields
from provisioning.intake.near_numbers import one_slip_away
from provisioning.intake.operations import CLEARS, Entry, Operation
from provisioning.intake.paper import Paper
from provisioning.intake.row_kinds import MAX_PROBLEMS
from provisioning.intake.text_form import counted, shown

_STATED = frozenset({"stated-month-differs", "stated-term-differs"})
"""What the paper stated was for the seats it listed: with others it differs, and nothing is wrong."""

_EMPTY = frozenset({"no-numbers"})
_MOST_GUESSES = 10
"""For so many unknown numbers it is worth saying which one was probably meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The contract as changed, where there is no problem, and which seats have another number: new to old."""

    contract: Contract | None
    former: Mapping[str, str]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def merged(
    contract: Contract,
    entries: Sequence[Entry],
    *,
    standing: str,
    others: Sequence[tuple[Contract, str]] = (),
    models: Models | None = None,
    force: bool = False,
) -> Merged:
    """The contract with the entries applied, or everything that is in the way; faulty ones are left out.

    `standing` and the texts in `others` name contracts of the ledger as places. Whatever was wrong or odd
    before the change is not told again. With `force` a contract may lose all its seats.
    """
    board = _Board(contract, standing)
    board.take([entry for entry in entries if not entry.faulty])
    if contract.site.seats and not board.left() and not force:
        return Merged(contract=None, former={}, problems=(*board.problems, _emptied(entries[0], contract)))
    changed = board.contract()
    before = replace(recorded.paper(contract, standing), models=models)
    after = replace(recorded.paper(changed, standing), rows=board.rows(), models=models)
    papers = [recorded.paper(other, name) for other, name in others]
    told = list(_new(_judged(before, papers), _judged(after, papers)))
    if force and not changed.site.seats:
        told = [problem for problem in told if problem.code not in _EMPTY]
    problems = (*board.problems, *(problem for problem in told if problem.severity == "error"))
    return Merged(
        contract=None if problems else changed,
        former=board.former,
        problems=problems,
        warnings=tuple(problem for problem in told if problem.severity == "warning"),
    )


def _judged(paper: Paper, others: Sequence[Paper]) -> list[Problem]:
    found = [problem for rule in RULES for problem in rule(paper)]
    return [*found, *across([*others, paper])]


def _new(before: Sequence[Problem], after: Sequence[Problem]) -> Iterator[Problem]:
    """What is wrong or odd after the change and was not so before."""
    known = {(problem.code, problem.message) for problem in before}
    for problem in after:
        if (problem.code, problem.message) not in known:
            milder: Severity = "warning" if problem.code in _STATED else problem.severity
            yield replace(problem, severity=milder)


class _Board:
    """The seats of a contract by their number, while entries are applied one by one."""

    def __init__(self, contract: Contract, standing: str) -> None:
        self._contract = contract
        self._standing = standing
        self._had = {seat.long_number: seat for seat in contract.site.seats}
        self._rows = {seat.long_number: recorded.row(seat, standing) for seat in contract.site.seats}
        self._seats: dict[str, tuple[Seat, Fields | None]] = {
            number: (seat, None) for number, seat in self._had.items()
        }
        """Each seat under the number it has had, or under its own where it is new; its row if it changes."""
        self._named: dict[tuple[str, str], Place] = {}
        self._leaving: set[str] = set()
        """The numbers whose seats get another one by these entries, or go: they are free again."""
        self._removed: set[str] = set()
        self._guesses = 0
        self.former: dict[str, str] = {}
        self.problems: list[Problem] = []

    def take(self, entries: Sequence[Entry]) -> None:
        """Applies the entries, and says what is in the way of which."""
        for entry in entries:
            if entry.former is not None:
                self._leaving.add(entry.former)
            elif entry.operation is Operation.REMOVE and entry.long_number is not None:
                self._removed.add(entry.long_number)
        self._leaving |= self._removed
        for entry in entries:
            if len(self.problems) >= MAX_PROBLEMS:
                stops = f"after {MAX_PROBLEMS} problems reading stops here"
                self._complain(entry, "too-many-problems", stops, "mend these first")
                break
            self._take(entry)

    def _take(self, entry: Entry) -> None:
        number = entry.long_number
        if number is None or self._twice(entry):
            return
        if entry.former is not None:
            self._renumber(entry, number, entry.former)
            return
        operation = entry.operation or (Operation.CHANGE if number in self._had else Operation.ADD)
        if operation is Operation.ADD and number in self._had and number in self._leaving:
            self._reused(entry, number)
        elif operation is Operation.ADD and number in self._had:
            self._complain(entry, "seat-there", f"{number} is a seat of {self._contract.id} already", _CHANGE)
        elif operation is Operation.ADD:
            self._seats[number] = (recorded.seat(entry.row), entry.row)
        elif number not in self._had:
            self._no_seat(entry, number)
        elif operation is Operation.REMOVE and not self._another_short(entry, number):
            del self._seats[number]
        elif operation is Operation.CHANGE:
            self._change(entry, number)

    def left(self) -> int:
        return len(self._seats)

    def rows(self) -> tuple[Fields, ...]:
        """The seats as rows: those that stay as they are before those that a problem should name."""
        seats = self._followed()
        untouched = [recorded.row(seats[key], self._standing) for key in seats if self._seats[key][1] is None]
        touched = ((seats[key], row) for key, (_, row) in self._seats.items() if row is not None)
        return (*untouched, *(recorded.as_now(row, seat) for seat, row in touched))

    def contract(self) -> Contract:
        """The contract with its seats as they are now; who named a changed number names the new one."""
        now = {old: new for new, old in self.former.items()}
        seats = tuple(self._followed().values())
        site = self._contract.site
        main = site.main_number if site.main_number is None else now.get(site.main_number, site.main_number)
        board = site.switchboard
        if board is not None:
            board = replace(board, operators=tuple(now.get(number, number) for number in board.operators))
        payers = tuple(replace(p, seat=now.get(p.seat, p.seat)) for p in self._contract.payers)
        site = replace(site, seats=seats, main_number=main, switchboard=board)
        return replace(self._contract, payers=payers, site=site)

    def _followed(self) -> dict[str, Seat]:
        """The seats as they are when all is done: who named a changed number names the new one."""
        shorter = {
            had.short_number: seat.short_number
            for key, (seat, _) in self._seats.items()
            if (had := self._had.get(key)) is not None and had.short_number and seat.short_number
        }
        long = {old: new for new, old in self.former.items()}
        now = {old: new for old, new in (long | shorter).items() if old != new}
        return {
            key: recorded.following(seat, now, self._kept_columns(key))
            for key, (seat, _) in self._seats.items()
        }

    def _twice(self, entry: Entry) -> bool:
        """Whether a seat is changed by two rows, or a number is given to two."""
        gets = None if entry.operation is Operation.REMOVE else entry.long_number
        named = [("long_number", "gets", gets)]
        if entry.former is not None:
            named.append(("former", "of", entry.former))
        elif entry.operation is not Operation.ADD:
            named.append(("long_number", "of", entry.long_number))
        for column, role, number in named:
            if number is None:
                continue
            first = self._named.setdefault((role, number), entry.place(column))
            if first != entry.place(column):
                self._complain(
                    entry,
                    "number-twice",
                    f"{number} stands twice; first at {first}",
                    "write each number once; what is to be done with it in one row",
                    column,
                )
                return True
        return False

    def _renumber(self, entry: Entry, number: str, former: str) -> None:
        """The seat keeps all but its number; a notice of just this new number has done its duty."""
        if entry.operation in (Operation.ADD, Operation.REMOVE):
            said = f"the row says {entry.operation} and names a former number, {former}"
            self._complain(
                entry, "operation-unclear", said, "write 变更 (change), or leave 原号码 empty", "former"
            )
        elif former not in self._had:
            self._no_seat(entry, former, "former")
        elif number in self._removed and recorded.refers_to(self._contract, number):
            self._reused(entry, number)
        elif number in self._had and number not in self._leaving:
            self._complain(
                entry,
                "seat-there",
                f"{number} cannot be the new number of {former}: it is a seat of {self._contract.id} already",
                "write the new number in the first column, the one the seat has had under 原号码",
            )
        else:
            if number != former:
                self.former[number] = former
            notice = frozenset({"changed_to"} if self._had[former].changed_to == number else ())
            self._change(replace(entry, clears=entry.clears | notice), former)

    def _change(self, entry: Entry, former: str) -> None:
        """Lays the filled cells over the seat; a port without its IAD would be one of another device."""
        if self._another_short(entry, former):
            return
        old, row = self._rows[former], entry.row
        gone = {clear for clear in entry.clears if self._is_there(former, clear)}
        moved = "iad" in row.values and row.get("iad") != old.get("iad")
        if (moved or "iad" in gone) and "port" not in row.values:
            gone.add("port")
        at = row.values["long_number"]
        values = {column: replace(at, value=found.value) for column, found in old.values.items()}
        values |= row.values
        now = Fields(
            *(row.file, row.line, row.column),
            values={column: found for column, found in values.items() if column not in gone},
            extra={name: text for name, text in {**old.extra, **row.extra}.items() if name not in gone},
            sheet=row.sheet,
        )
        seat = recorded.seat(now)
        self._seats[former] = (seat, None) if seat == self._had[former] else (seat, now)

    def _another_short(self, entry: Entry, number: str) -> bool:
        """Whether the row says of the seat a short number that it does not have: another may be meant."""
        (column, said), has = entry.short_so_far, self._had[number].short_number
        if said not in (None, has):
            whose = f"{number} has {has or 'none'} for its short number, not {shown(said or '')}"
            self._complain(entry, "short-number-differs", whose, _COMPARE, column)
        return said not in (None, has)

    def _is_there(self, number: str, column: str) -> bool:
        """Whether there is something to clear; a text that is a mere "-" is what the cell says already."""
        row = self._rows[number]
        value = row.get(column) if column in row.values else row.extra.get(column)
        return value is not None and value not in CLEARS

    def _kept_columns(self, key: str) -> tuple[str, ...]:
        """The columns that name other seats as before; what the change itself says is as when it is done."""
        had, seat = self._had.get(key), self._seats[key][0]
        if had is None:
            return ()
        return tuple(column for column in recorded.NAMING if getattr(had, column) == getattr(seat, column))

    def _reused(self, entry: Entry, number: str) -> None:
        self._complain(
            entry,
            "number-reused",
            f"{number} is released and given anew by the same file, and it is not clear which seat is meant",
            "record the release first, then the new number with a second file",
        )

    def _no_seat(self, entry: Entry, number: str, column: str = "long_number") -> None:
        self._guesses += 1
        close = one_slip_away(number, self._had) if self._guesses <= _MOST_GUESSES else None
        add = f"it has {counted(len(self._had), 'seat')}; write 增加 (add) to add this one"
        hint = f"did you mean {close}?" if close else _NO_SEAT.get(column, add)
        self._complain(entry, "seat-unknown", f"{number} is no seat of {self._contract.id}", hint, column)

    def _complain(
        self, entry: Entry, code: str, message: str, hint: str, column: str = "long_number"
    ) -> None:
        self.problems.append(Problem(code=code, message=message, hint=hint, place=entry.place(column)))


_COMPARE = "is another seat meant? Compare with `seatline contract show`, or leave it out"
_NO_SEAT = {"former": "leave 原号码 empty where the number stays; give a column of notes another name"}
_CHANGE = "write 变更 (change) to change it, or 删除 (remove) to remove it"


def _emptied(entry: Entry, contract: Contract) -> Problem:
    return Problem(
        code="contract-emptied",
        message=f"this removes all {counted(len(contract.site.seats), 'seat')} of {contract.id}",
        hint="if that is meant, say --force: no number of the contract works any more from that day on",
        place=entry.place("long_number"),
    )
