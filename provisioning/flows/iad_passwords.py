"""What the numbers on a site's IADs register with, and what to say where it is missing (注册密码)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from provisioning.core.contract import Contract
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import Ledger

SHOWN = 5
"""How many numbers without a password are named."""
_KEPT_AS = {"asterisk": "SIP secret", "none": "IMS password"}


def passwords_of(
    ledger: Ledger, contract: Contract, notes: list[str], wants: Collection[str] | None
) -> Mapping[str, str]:
    """What each seat registers with. Missing ones are a FlowError on a device that is wanted, else a note."""
    site = contract.site
    known = ledger.ims_passwords(contract.id) if site.switch == "none" else ledger.secrets(site.name)
    missing = [seat.long_number for seat in site.seats if not known.get(seat.long_number)]
    if not missing:
        return known
    where = {seat.long_number: seat.iad for seat in site.seats}
    needed = [n for n in missing if wants is not None and (where[n] is None or where[n] in wants)]
    if needed:
        raise FlowError(lacking(contract, needed))
    notes.append(lacking(contract, missing))
    return _WithGaps(known)


def shown(numbers: list[str]) -> str:
    """The first of the numbers."""
    return ", ".join(numbers[:SHOWN]) + (", ..." if len(numbers) > SHOWN else "")


def lacking(contract: Contract, missing: list[str]) -> str:
    """How many seats have no password, and how they get one."""
    site, seats = contract.site, len(contract.site.seats)
    mend = (
        "name a sheet with the columns long_number and password (号码, 密码) under site.ims.passwords in the "
        "contract file, and record it again with `seatline contract add`"
        if site.switch == "none"
        else "record the contract again with `seatline contract add`"
    )
    verb = "has" if len(missing) == 1 else "have"
    what = _KEPT_AS[site.switch]
    return f"site {site.name}: {len(missing)} of {seats} seats {verb} no {what} ({shown(missing)}); {mend}"


class _WithGaps(dict[str, str]):
    """The passwords that are known, and something in the place of the others that no file ever shows."""

    def get(self, key: str, default: Any = None) -> Any:
        return self[key]

    def __missing__(self, key: str) -> str:
        return "missing"

    def __repr__(self) -> str:
        return "<passwords, some missing>"
