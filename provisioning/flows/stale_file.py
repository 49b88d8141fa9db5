"""A contract file that does not know what was changed since it was recorded last (过期合同文件)."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.core.contract import Contract
from provisioning.core.document import to_document
from provisioning.core.seat_change import SeatChange, taken_back

_SHOWN = 10


def stale(coming: Contract, standing: Contract, filed: Contract) -> str | None:
    """What recording the file would undo, and how to bring it up to date; None for nothing.

    `filed` is what the file said when it was recorded last, `standing` the latest version, to which
    `contract change` may have brought it since.
    """
    told = list(_undone(coming, standing, filed))
    if not told:
        return None
    more = f"; and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return (
        f"contract {coming.id}: the file is older than what was changed with `contract change`, and would "
        f"take back: {'; '.join(told[:_SHOWN])}{more}. To bring it up to date, write the sheet that "
        f"site.numbers names anew with `seatline sheet new {coming.id} --to FILE.xlsx --force`, and correct "
        "what else the file says of changed numbers; if this is meant, --force takes it all back."
    )


def _undone(coming: Contract, standing: Contract, filed: Contract) -> Iterator[str]:
    for change in taken_back(filed.site.seats, standing.site.seats, coming.site.seats):
        yield _told(change)
    if filed.site.main_number == coming.site.main_number != standing.site.main_number:
        yield f"the main number, which would be {coming.site.main_number or 'none'} again"
    was, now, again = (to_document(one.payers) for one in (filed, standing, coming))
    if was == again != now:
        yield "payers, who would pay for the numbers from before again"


def _told(change: SeatChange) -> str:
    number = change.long_number
    if change.action == "remove":
        return f"{number}, added since, would be removed"
    if change.action == "add":
        return f"{number}, removed since, would be added"
    columns = ", ".join(value.column for value in change.values)
    return f"{number} would have its former {columns}"
