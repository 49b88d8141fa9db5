"""What a contract's file said when it was recorded last; `contract change` leaves it alone (合同文件)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from provisioning.core.contract import Contract
from provisioning.core.document import from_document
from provisioning.store.insertion import insertion
from provisioning.store.tables import contract_file as table


def of_contract(connection: Connection, contract: str) -> Contract | None:
    """The contract as its file had it; None where none was recorded."""
    found = connection.execute(select(table.c.document).where(table.c.contract == contract)).scalar()
    return None if found is None else from_document(Contract, found)


def keep(connection: Connection, contract: str, document: Any, *, at: datetime, who: str) -> None:
    """Keeps what the file says now."""
    adding = insertion(connection, table)
    values = {"document": document, "recorded_at": at, "recorded_by": who}
    adding = adding.values(contract=contract, **values)
    kept = {name: adding.excluded[name] for name in values}
    connection.execute(adding.on_conflict_do_update(index_elements=("contract",), set_=kept))
