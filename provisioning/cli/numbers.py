"""The helpdesk's question: who has which number."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioning.cli import screens
from provisioning.cli.options import Config, Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioning.core.status import Stop

MOST = 50
"""Seats shown at once: a lookup answers a question, it is no export."""


def lookup(
    text: Annotated[
        str,
        typer.Argument(metavar="TEXT", help="A short or long number, a name, a port, a mobile, a contract."),
    ],
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], help="On that day (default: today).", show_default=False),
    ] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Who has which number, now or on a date (查号).

    Examples: seatline lookup 6001   |   seatline lookup 08702120001 --on 2025-08-15
    """
    from provisioning import wiring
    from provisioning.flows.look_up import look_up

    ledger = wiring.open_ledger(wiring.load_settings(config))
    found = look_up(text, ledger=ledger, today=wiring.today(), on=on.date() if on else None, limit=MOST + 1)
    if len(found) > MOST:
        screens.say(f"more than {MOST} match; only the first {MOST} are shown: ask more precisely")
        del found[MOST:]
    if json:
        screens.print_json(found)
        return
    stops = ledger.stops() if found else ()
    moment = wiring.in_shanghai(on) or wiring.now()
    for seat in found:
        place = screens.port(seat["iad"], seat["port"])
        about = [seat[key] for key in ("name", "department", "remark") if seat[key]]
        until = seat["until"] or ""
        parts = [f"{seat['short_number'] or '-':>6}", seat["long_number"], *about, place, seat["site"]]
        parts += [seat["contract"], f"{seat['since']}..{until}", _stopped(seat, stops, moment)]
        screens.line("  ".join(part for part in parts if part))
    if not found:
        screens.say(f"nobody has {text!r} {f'on {on:%Y-%m-%d}' if on else 'today'}")


def _stopped(seat: dict[str, Any], stops: Sequence[Stop], moment: datetime) -> str | None:
    """What of the seat's service is stopped at that moment, and why (停机)."""
    found = [
        stop
        for stop in stops
        if stop.contract == seat["contract"]
        and stop.seat in (None, seat["long_number"])
        and stop.in_force(moment)
    ]
    if not found:
        return None
    way = "stopped" if any(stop.way == "both" for stop in found) else "outgoing calls stopped"
    return f"{way} ({', '.join(dict.fromkeys(stop.why for stop in found))})"
