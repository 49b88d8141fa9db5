"""Answers the helpdesk's question who has a number, a name or a port, on any date (查号)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.flows.errors import FlowError

if TYPE_CHECKING:
    from datetime import date

    from provisioning.flows.ports import Holding, Ledger


def look_up(
    text: str, *, ledger: Ledger, today: date, on: date | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """The seats the text names on that day (today, if none is given), as `lookup --json` prints them.

    `registered` is None: no switch was asked. FlowError for a text that asks for nothing.
    """
    if not text.strip():
        raise FlowError("lookup needs a number, a name, a port or a contract to look for.")
    return [_shown(holding) for holding in ledger.look_up(text, on or today, limit=limit)]


def _shown(holding: Holding) -> dict[str, Any]:
    return {
        "long_number": holding.long_number,
        "short_number": holding.short_number,
        "name": holding.name,
        "department": holding.department,
        "site": holding.site,
        "contract": holding.contract,
        "iad": holding.iad,
        "port": holding.port,
        "remark": holding.remark,
        "since": holding.since.isoformat(),
        "until": None if holding.until is None else holding.until.isoformat(),
        "registered": None,
    }
