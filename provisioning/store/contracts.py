"""Contracts and their versions, each recorded after the former or in its place (合同版本)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from provisioning.core.contract import Contract, ContractVersion
from provisioning.core.cycle import Cycle
from provisioning.core.document import from_document, to_document
from provisioning.flows.errors import ChangedMeanwhile, FlowError
from provisioning.store import contract_files, holdings, overlaps, sip_secrets, status, trail
from provisioning.store import ims_passwords as passwords
from provisioning.store.portions import portions
from provisioning.store.succession import Past, Standing, Step, step
from provisioning.store.tables import bill, call_record, contract_version, rated_call, seat_period
from provisioning.store.tables import contract as contract_table


def versions(connection: Connection, contract: str | None) -> tuple[ContractVersion, ...]:
    """All versions of one contract or of all, by contract id, then number."""
    asked = select(contract_version)
    if contract is not None:
        asked = asked.where(contract_version.c.contract == contract)
    found = [_version(row) for row in connection.execute(asked)]
    return tuple(sorted(found, key=lambda version: (version.contract.id, version.number)))


def record(
    connection: Connection,
    additions: Sequence[tuple[Contract, date]],
    *,
    new_secret: Callable[[], str],
    at: datetime,
    who: str,
    ims_passwords: Mapping[str, Mapping[str, str]],
    expected: Mapping[str, Sequence[ContractVersion]],
    from_file: bool,
    remade: Collection[str],
) -> tuple[ContractVersion, ...]:
    """Records each contract as `succession.step` says, after its latest version or in its place.

    Returns what was recorded; a contract that stands so from that day on already only gets the SIP secrets
    it may lack, say after a restore. Raises FlowError that lists everything in the way: a day that does not
    do, a number or a site that another contract has at the same time; ChangedMeanwhile where a contract's
    newest versions are not the `expected` ones. Then the caller's transaction is to be given up, and nothing
    is recorded.
    """
    _as_looked_at(connection, expected)
    writing = _Writing(connection=connection, new_secret=new_secret, at=at, who=who)
    steps: list[tuple[ContractVersion, Step]] = []
    moved: list[tuple[ContractVersion, Step]] = []
    obstacles: list[str] = []
    first_days = {contract.id: day for contract, day in reversed(additions)}
    for id in remade:
        writing.make_way(id, first_days[id])
    for contract, effective in additions:
        rows, past = _past(connection, contract.id)
        latest = rows[0] if rows else None
        document = to_document(contract)
        same = latest is not None and _says(latest.document, document)
        taken = step(contract, effective, past, same=same)
        if isinstance(taken, str):
            obstacles.append(taken)
            continue
        if taken is None:
            writing.secrets(contract, rows)
            continue
        version = ContractVersion(contract=contract, number=taken.number, effective=taken.effective)
        writing.version(version, taken, document, rows)
        steps.append((version, taken))
        if same:
            moved.append((version, taken))
    if len(moved) < len(steps):
        obstacles += [_not_alone(version, taken) for version, taken in moved]
    obstacles += _clashes(connection, steps)
    for version, taken in steps:
        obstacles += status.at_rest(connection, version.contract.id, taken.changed_from)
    if obstacles:
        raise FlowError("\n".join([*obstacles, "Nothing was recorded."]))
    for contract, _ in additions:
        if from_file:
            contract_files.keep(connection, contract.id, to_document(contract), at=at, who=who)
        passwords.keep(connection, contract.id, ims_passwords.get(contract.id, {}), at=at, who=who)
    return tuple(version for version, _ in steps)


def _as_looked_at(connection: Connection, expected: Mapping[str, Sequence[ContractVersion]]) -> None:
    """Raises ChangedMeanwhile where the newest versions of a contract are not the expected ones.

    Asked within the transaction that writes, of which there is one at a time: so no change is lost.
    """
    table = contract_version
    for contract, known in expected.items():
        asked = select(table).where(table.c.contract == contract).order_by(table.c.number)
        if known:
            asked = asked.where(table.c.number >= known[0].number)
        rows = list(connection.execute(asked))
        if len(rows) != len(known) or not all(map(_is, rows, known)):
            raise ChangedMeanwhile(
                f"contract {contract}: somebody else changed it meanwhile. Nothing was recorded; run the "
                "command again, and look at what it changes now."
            )


def _is(row: Any, version: ContractVersion) -> bool:
    same = (row.number, row.effective) == (version.number, version.effective)
    return same and _says(row.document, to_document(version.contract))


def _past(connection: Connection, contract: str) -> tuple[Sequence[Any], Past]:
    """The rows of the contract's last two versions, the latest first, and what is in the way of another."""
    table = contract_version
    asked = select(table).where(table.c.contract == contract).order_by(table.c.number.desc()).limit(2)
    rows = list(connection.execute(asked))
    closed = connection.execute(select(func.max(bill.c.cycle)).where(bill.c.contract == contract)).scalar()
    latest, former = [Standing(number=row.number, effective=row.effective) for row in rows] + [None] * (
        2 - len(rows)
    )
    past = Past(latest=latest, former=former, closed=None if closed is None else Cycle.parse(closed))
    return rows, past


def _says(document: Any, now: Any) -> bool:
    """Whether a document says the same as one that is written today: an older seatline knew fewer fields."""
    return bool(document == now or to_document(from_document(Contract, document)) == now)


def _version(row: Any) -> ContractVersion:
    return ContractVersion(
        contract=from_document(Contract, row.document), number=row.number, effective=row.effective
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writing:
    """One recording: into which ledger, when, by whom."""

    connection: Connection
    new_secret: Callable[[], str]
    at: datetime
    who: str

    def make_way(self, contract: str, day: date) -> None:
        """Takes back the versions from after that day, each kept in the audit: others come in their place."""
        table = contract_version
        later = (table.c.contract == contract, table.c.effective > day)
        for row in list(self.connection.execute(select(table).where(*later).order_by(table.c.number))):
            detail = {"version": row.number, "former": _former(row)}
            self._note("contract-remade", contract, detail)
        self.connection.execute(delete(table).where(*later))
        holdings.rebuild(self.connection, contract, versions(self.connection, contract))

    def version(self, version: ContractVersion, taken: Step, document: Any, rows: Sequence[Any]) -> None:
        """Writes a version with the days of its numbers, its secrets, and its line in the audit.

        `rows` are the last two versions so far, the latest first.
        """
        former = rows if taken.replaces is not None else rows[:1]
        secrets = self.secrets(version.contract, former)  # asks who had the numbers so far
        detail = {
            "version": version.number,
            "effective": version.effective.isoformat(),
            "seats": len(version.contract.site.seats),
            "new_secrets": secrets,
        }
        if taken.replaces is None:
            event = "contract-recorded"
            self._insert(version, document)
            holdings.follow(self.connection, version)
        else:
            event = "contract-replaced"
            detail["former"] = _former(rows[0])
            self._replace(version, document)
            holdings.rebuild(
                self.connection, version.contract.id, versions(self.connection, version.contract.id)
            )
        _rate_anew(self.connection, version.contract.id, taken.changed_from)
        self._note(event, version.contract.id, detail)

    def _note(self, event: str, contract: str, detail: Mapping[str, Any]) -> None:
        trail.note(self.connection, event=event, subject=contract, detail=detail, at=self.at, who=self.who)

    def secrets(self, contract: Contract, former: Sequence[Any]) -> int:
        """Issues the secrets that the seats lack; a number that was another customer's gets a new one.

        A number of the `former` versions, which end where this one begins, has stayed with its customer.
        """
        numbers = [seat.long_number for seat in contract.site.seats]
        had = {seat.long_number for row in former for seat in _version(row).contract.site.seats}
        gained = [number for number in numbers if number not in had]
        sip_secrets.forget(self.connection, _from_other_customers(self.connection, contract, gained))
        return sip_secrets.issue(self.connection, numbers, new_secret=self.new_secret, at=self.at)

    def _insert(self, version: ContractVersion, document: Any) -> None:
        contract = version.contract.id
        if version.number == 1:
            self.connection.execute(insert(contract_table).values(id=contract, recorded_at=self.at))
        key = {"contract": contract, "number": version.number}
        self.connection.execute(insert(contract_version).values(**key, **self._row(version, document)))

    def _replace(self, version: ContractVersion, document: Any) -> None:
        table = contract_version
        this = (table.c.contract == version.contract.id, table.c.number == version.number)
        self.connection.execute(update(table).where(*this).values(**self._row(version, document)))

    def _row(self, version: ContractVersion, document: Any) -> dict[str, Any]:
        return {
            "effective": version.effective,
            "document": document,
            "recorded_at": self.at,
            "recorded_by": self.who,
        }


def _former(row: Any) -> dict[str, Any]:
    """A version that another takes the place of, whole, for the audit."""
    return {
        "effective": row.effective.isoformat(),
        "recorded_at": row.recorded_at.isoformat(),
        "recorded_by": row.recorded_by,
        "document": row.document,
    }


def _from_other_customers(connection: Connection, contract: Contract, numbers: Sequence[str]) -> list[str]:
    """Those of the numbers that a contract of another customer has or had."""
    held: list[tuple[str, str]] = []
    for some in portions(numbers):
        asked = select(seat_period.c.long_number, seat_period.c.contract).distinct()
        asked = asked.where(seat_period.c.long_number.in_(some), seat_period.c.contract != contract.id)
        held += [(row.long_number, row.contract) for row in connection.execute(asked)]
    others = {
        other
        for other in {holder for _, holder in held}
        if versions(connection, other)[-1].contract.customer.name != contract.customer.name
    }
    return sorted({number for number, holder in held if holder in others})


def _rate_anew(connection: Connection, contract: str, first: date) -> None:
    """Lets the next `rate` take up the contract's calls from that day on, unless they stand on a bill."""
    theirs = select(rated_call.c.record).where(
        rated_call.c.contract == contract, rated_call.c.day >= first, rated_call.c.bill.is_(None)
    )
    connection.execute(update(call_record).where(call_record.c.id.in_(theirs)).values(settled=False))


def _not_alone(version: ContractVersion, taken: Step) -> str:
    former = taken.effective if taken.replaces is None else taken.replaces.effective
    return (
        f"contract {version.contract.id}: recorded so already, as version {version.number} from {former} on. "
        f"Leave it out; or, to move that version to {version.effective}, record it apart from new ones."
    )


def _clashes(connection: Connection, steps: Sequence[tuple[ContractVersion, Step]]) -> list[str]:
    """The numbers and sites of these contracts that another has in the same days, each pair once."""
    found: dict[tuple[str, frozenset[str]], str] = {}
    for version, taken in steps:
        contract = version.contract.id
        for one in overlaps.of_contract(connection, contract, taken.changed_from):
            days = f"from {one.since} " + ("on" if one.until is None else f"to {one.until}")
            told = (
                f"contract {contract}: {one.what}{one.role} belongs to contract {one.other} "
                f"{days}{one.other_role}."
            )
            found.setdefault((one.what, frozenset((contract, one.other))), told)
    return list(found.values())
