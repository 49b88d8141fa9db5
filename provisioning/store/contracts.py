"""Contracts and their versions, and the numbers they give validity (合同版本, 号码有效期)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, or_, select, update

from provisioning.core.contract import Contract, ContractVersion
from provisioning.core.document import from_document, to_document
from provisioning.flows.errors import FlowError
from provisioning.store import sip_secrets, trail
from provisioning.store.periods import Content, Span, Stretch, revise
from provisioning.store.portions import portions
from provisioning.store.search import searched
from provisioning.store.tables import contract as contract_table
from provisioning.store.tables import contract_version, seat_period, site


def versions(connection: Connection, contract: str | None) -> tuple[ContractVersion, ...]:
    """All versions of one contract or of all, by contract id, then number."""
    asked = select(contract_version)
    if contract is not None:
        asked = asked.where(contract_version.c.contract == contract)
    found = [
        ContractVersion(
            contract=from_document(Contract, row.document), number=row.number, effective=row.effective
        )
        for row in connection.execute(asked)
    ]
    return tuple(sorted(found, key=lambda version: (version.contract.id, version.number)))


def record(
    connection: Connection,
    additions: Sequence[tuple[Contract, date]],
    *,
    new_secret: Callable[[], str],
    at: datetime,
    who: str,
) -> tuple[ContractVersion, ...]:
    """Records each contract as its next version, if it differs from its latest; returns those recorded.

    A contract equal to its latest version only gets the SIP secrets it may lack, say after a restore.
    Raises FlowError that lists everything in the way: a day that is not after the latest version's, a
    number or a site that another contract has at the same time. Then the caller's transaction is to be
    given up, and nothing is recorded.
    """
    recorded: list[ContractVersion] = []
    obstacles: list[str] = []
    for contract, effective in additions:
        document = to_document(contract)
        latest = _latest(connection, contract.id)
        numbers = [seat.long_number for seat in contract.site.seats]
        if latest is not None and latest.document == document:
            sip_secrets.issue(connection, numbers, new_secret=new_secret, at=at)
            continue
        if latest is not None and effective <= latest.effective:
            obstacles.append(
                f"contract {contract.id}: version {latest.number} is in force from {latest.effective} on; "
                f"another version cannot begin on {effective}. Give a later day with --from."
            )
            continue
        number = 1 if latest is None else latest.number + 1
        version = ContractVersion(contract=contract, number=number, effective=effective)
        _write_version(connection, version, document, at=at, who=who)
        _write_periods(connection, version, Span.of(effective, contract.term))
        secrets = sip_secrets.issue(connection, numbers, new_secret=new_secret, at=at)
        detail = {
            "version": number,
            "effective": effective.isoformat(),
            "seats": len(numbers),
            "new_secrets": secrets,
        }
        trail.note(connection, event="contract-recorded", subject=contract.id, detail=detail, at=at, who=who)
        recorded.append(version)
    obstacles += _clashes(connection, recorded)
    if obstacles:
        raise FlowError("\n".join([*obstacles, "Nothing was recorded."]))
    return tuple(recorded)


def _latest(connection: Connection, contract: str) -> Any:
    table = contract_version
    asked = select(table.c.number, table.c.effective, table.c.document)
    return connection.execute(
        asked.where(table.c.contract == contract).order_by(table.c.number.desc()).limit(1)
    ).first()


def _write_version(
    connection: Connection, version: ContractVersion, document: Any, *, at: datetime, who: str
) -> None:
    if version.number == 1:
        connection.execute(insert(contract_table).values(id=version.contract.id, recorded_at=at))
    connection.execute(
        insert(contract_version).values(
            contract=version.contract.id,
            number=version.number,
            effective=version.effective,
            document=document,
            recorded_at=at,
            recorded_by=who,
        )
    )


def _clashes(connection: Connection, recorded: Sequence[ContractVersion]) -> list[str]:
    """The numbers and sites of these versions that another contract has in the same days, each pair once."""
    found: dict[tuple[str, frozenset[str]], str] = {}
    for version in recorded:
        contract = version.contract
        span = Span.of(version.effective, contract.term)
        if span is None:
            continue
        numbers = [seat.long_number for seat in contract.site.seats]
        rows = [
            (row.long_number, row)
            for some in portions(numbers)
            for row in _others(
                connection, seat_period, seat_period.c.long_number.in_(some), contract.id, span
            )
        ]
        named = site.c.name == contract.site.name
        rows += [(f"the site {row.name}", row) for row in _others(connection, site, named, contract.id, span)]
        for what, row in rows:
            told = f"contract {contract.id}: {what} belongs to contract {row.contract} {_days(row)}."
            found.setdefault((what, frozenset((contract.id, row.contract))), told)
    return list(found.values())


def _others(connection: Connection, table: Table, condition: Any, contract: str, span: Span) -> list[Any]:
    asked = select(table).where(
        condition,
        table.c.contract != contract,
        or_(table.c.until.is_(None), table.c.until >= span.since),
    )
    if span.until is not None:
        asked = asked.where(table.c.since <= span.until)
    return list(connection.execute(asked.order_by(table.c.id)))


def _days(row: Any) -> str:
    return f"from {row.since} on" if row.until is None else f"from {row.since} to {row.until}"


def _write_periods(connection: Connection, version: ContractVersion, span: Span | None) -> None:
    contract = version.contract
    seats: dict[Hashable, Content] = {
        seat.long_number: _seat_content(contract, seat) for seat in contract.site.seats
    }
    places: dict[Hashable, Content] = {
        contract.site.name: {
            "contract": contract.id,
            "name": contract.site.name,
            "area_code": contract.site.area_code,
        }
    }
    _revise_table(connection, seat_period, "long_number", version, seats, span)
    _revise_table(connection, site, "name", version, places, span)


def _seat_content(contract: Contract, seat: Any) -> Content:
    return {
        "contract": contract.id,
        "long_number": seat.long_number,
        "short_number": seat.short_number,
        "name": seat.name,
        "department": seat.department,
        "remark": seat.remark,
        "iad": seat.iad,
        "port": seat.port,
        "mobile": seat.mobile,
        "second_number": seat.second_number,
        "extra": dict(seat.extra),
        "site": contract.site.name,
        "searched": searched(contract, seat),
    }


def _revise_table(
    connection: Connection,
    table: Table,
    key: str,
    version: ContractVersion,
    wanted: Mapping[Hashable, Content],
    span: Span | None,
) -> None:
    stored = [
        Stretch(
            row=row["id"],
            key=row[key],
            content={k: v for k, v in row.items() if k not in ("id", "since", "until")},
            since=row["since"],
            until=row["until"],
        )
        for row in connection.execute(select(table).where(table.c.contract == version.contract.id)).mappings()
    ]
    revision = revise(stored, wanted, effective=version.effective, span=span)
    for some in portions(revision.dropped):
        connection.execute(delete(table).where(table.c.id.in_(some)))
    if revision.last_days:
        changed = update(table).where(table.c.id == bindparam("row")).values(until=bindparam("last"))
        connection.execute(changed, [{"row": row, "last": last} for row, last in revision.last_days])
    if revision.opened and span is not None:
        days = {"since": span.since, "until": span.until}
        connection.execute(insert(table), [{**content, **days} for content in revision.opened])
