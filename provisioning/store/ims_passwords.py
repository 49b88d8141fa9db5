"""The operator's passwords of a contract's numbers: kept, handed to an IAD's file, never shown (IMS 密码)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from provisioning.store import trail
from provisioning.store.insertion import insertion
from provisioning.store.sip_secrets import Secrets
from provisioning.store.tables import ims_password as table


def of_contract(connection: Connection, contract: str) -> Secrets:
    """The passwords of a contract by long number."""
    asked = select(table.c.long_number, table.c.password).where(table.c.contract == contract)
    return Secrets({row.long_number: row.password for row in connection.execute(asked)}, "IMS passwords")


def keep(
    connection: Connection, contract: str, passwords: Mapping[str, str], *, at: datetime, who: str
) -> None:
    """Keeps those that are new or others than before; numbers that are not named keep theirs."""
    known = of_contract(connection, contract)
    changed = {number: word for number, word in passwords.items() if known.get(number) != word}
    if not changed:
        return
    adding = insertion(connection, table)
    adding = adding.on_conflict_do_update(
        index_elements=("contract", "long_number"),
        set_={"password": adding.excluded.password, "made_at": adding.excluded.made_at},
    )
    rows = [
        {"contract": contract, "long_number": number, "password": word, "made_at": at}
        for number, word in changed.items()
    ]
    connection.execute(adding, rows)
    detail = {"new": sum(number not in known for number in changed), "recorded": len(changed)}
    trail.note(connection, event="ims-passwords-recorded", subject=contract, detail=detail, at=at, who=who)
