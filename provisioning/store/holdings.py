"""Who has which number on which days, as the versions of a contract give it (号码有效期)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from provisioning.core.contract import Contract, ContractVersion
from provisioning.core.site import Seat
from provisioning.store.periods import Content, Span, Stretch, revise
from provisioning.store.portions import portions
from provisioning.store.search import searched
from provisioning.store.tables import seat_period, site

MAIN_NUMBER = "总机"
"""The name under which the main number of a site is found, when no seat has it."""


def follow(connection: Connection, version: ContractVersion) -> None:
    """Makes the days of a contract's seats, main number and site those of its newest version."""
    contract = version.contract
    seats: dict[Hashable, Content] = {
        seat.long_number: _content(contract, seat) for seat in _seats_and_main(contract)
    }
    places: dict[Hashable, Content] = {
        contract.site.name: {
            "contract": contract.id,
            "name": contract.site.name,
            "area_code": contract.site.area_code,
        }
    }
    span = Span.of(version.effective, contract.term)
    _revise_table(connection, seat_period, "long_number", version, seats, span)
    _revise_table(connection, site, "name", version, places, span)


def rebuild(connection: Connection, contract: str, versions: Iterable[ContractVersion]) -> None:
    """Makes all days of a contract anew from its versions, in their order."""
    for table in (seat_period, site):
        connection.execute(delete(table).where(table.c.contract == contract))
    for version in versions:
        follow(connection, version)


def _seats_and_main(contract: Contract) -> tuple[Seat, ...]:
    """The seats, and the main number as one more, unless it is a seat's own."""
    seats, main = contract.site.seats, contract.site.main_number
    if main is None or any(main in (seat.long_number, seat.second_number) for seat in seats):
        return seats
    return (*seats, Seat(long_number=main, name=MAIN_NUMBER, remark=contract.customer.name))


def _content(contract: Contract, seat: Seat) -> Content:
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
        changed: Any = update(table).where(table.c.id == bindparam("row")).values(until=bindparam("last"))
        connection.execute(changed, [{"row": row, "last": last} for row, last in revision.last_days])
    if revision.opened and span is not None:
        days = {"since": span.since, "until": span.until}
        connection.execute(insert(table), [{**content, **days} for content in revision.opened])
