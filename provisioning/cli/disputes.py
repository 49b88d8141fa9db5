"""Disputes over calls and fees: which there are, opened, decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioning.cli import screens
from provisioning.cli.collect import RECORDS
from provisioning.cli.options import Config, Json

if TYPE_CHECKING:
    from provisioning.core.cycle import Cycle
    from provisioning.core.dispute import CallFound, Dispute
    from provisioning.flows.settle_dispute import DisputeBook
    from provisioning.settings import Settings

app = typer.Typer(help="Disputes over what calls and fees cost (争议).", no_args_is_help=True)

Contract = Annotated[str, typer.Argument(metavar="CONTRACT", help="The contract's id.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; it stands in the audit.")]
Month = Annotated[
    str | None, typer.Option("--cycle", metavar="MONTH", help="The month, as 2025-07.", show_default=False)
]
Zone = Annotated[
    str | None,
    typer.Option(
        "--zone",
        metavar="ZONE",
        help="The calls of that zone, as the bill names it; incoming: incoming ones.",
        show_default=False,
    ),
]
Number = Annotated[
    str | None,
    typer.Option(
        "--number", metavar="NUMBER", help="The calls of that seat, or with that number.", show_default=False
    ),
]


@app.command("open")
def open_(
    contract: Contract,
    why: Why,
    cycle: Month = None,
    zone: Zone = None,
    call: Annotated[
        str | None,
        typer.Option(
            "--call",
            metavar="ID",
            help="One call: its number as `dispute calls` shows it, or its unique id.",
            show_default=False,
        ),
    ] = None,
    number: Number = None,
    item: Annotated[
        str | None,
        typer.Option("--item", metavar="ITEM", help="A fee, as the contract names it.", show_default=False),
    ] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Open a dispute: what it is about stands on the bill and is not asked for (提出争议).

    Without --zone, --call, --number or --item it is about all calls of the month; without --cycle one is
    opened for each month that has such calls. Until it is closed no record of the month is removed, and
    `rate` leaves the prices of what it is about alone.

    Example: seatline dispute open zhaotong-2025 --cycle 2025-07 --zone domestic --why "not our calls"
    """
    from provisioning import wiring
    from provisioning.flows.settle_dispute import Wish, open_dispute

    one_of = {"--zone": zone, "--call": call, "--number": number, "--item": item}
    given = [name for name, value in one_of.items() if value is not None]
    if len(given) > 1:
        raise typer.BadParameter("a dispute is about one of them", param_hint=" and ".join(given))
    wish = Wish(contract=contract, cycle=_month(cycle), zone=zone, call=call, number=number, item=item)
    settings, book = _opened(config)
    with wiring.locks(settings).held(RECORDS):
        opened = open_dispute(book, wish, why, now=wiring.now(), who=wiring.who())
    _show(opened, json=json)


@app.command()
def close(
    ids: Annotated[
        list[int], typer.Argument(metavar="ID...", help="The numbers of the disputes, as list shows them.")
    ],
    why: Why,
    upheld: Annotated[
        bool | None,
        typer.Option("--upheld/--rejected", help="The customer is right, or is not.", show_default=False),
    ] = None,
    credit: Annotated[
        str | None,
        typer.Option(
            "--credit",
            metavar="CNY",
            help="What the customer gets back (default: all that it is about).",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Decide disputes: an upheld one is a credit on the contract's next bill (争议结案).

    Each is closed by itself; one that cannot be ends the command.

    Examples: seatline dispute close 3 --rejected --why "calls of the night guard, 值班室"   |
    seatline dispute close 4 --upheld --credit 0.60 --why "wrong rate"
    """
    from provisioning import wiring
    from provisioning.core.dispute import Result
    from provisioning.core.money import yuan
    from provisioning.flows.settle_dispute import close_dispute

    if upheld is None:
        raise typer.BadParameter("say how it was decided: one of the two", param_hint="--upheld / --rejected")
    try:
        given = None if credit is None else yuan(credit)
    except ValueError as fault:
        raise typer.BadParameter(f"{fault}; write it as 12.50", param_hint="--credit") from None
    result = Result.UPHELD if upheld else Result.REJECTED
    settings, book = _opened(config)
    with wiring.locks(settings).held(RECORDS):
        closed = [
            close_dispute(book, one, result, why, credit=given, now=wiring.now(), who=wiring.who())
            for one in dict.fromkeys(ids)
        ]
    _show(closed, json=json)


@app.command("list")
def list_(
    contract: Annotated[
        str | None, typer.Argument(metavar="[CONTRACT]", help="Only this contract.", show_default=False)
    ] = None,
    cycle: Month = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that are not decided.")] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Which disputes there are, and how they ended (争议清单).

    Example: seatline dispute list zhaotong-2025 --open
    """
    _, book = _opened(config)
    _known(book, contract)
    month = _month(cycle)
    found = [
        one
        for one in book.disputes(contract)
        if (one.is_open or not open_only) and month in (None, one.cycle)
    ]
    _show(found, json=json)


@app.command()
def calls(
    contract: Contract,
    cycle: Annotated[str, typer.Option("--cycle", metavar="MONTH", help="The month, as 2025-07.")],
    zone: Zone = None,
    number: Number = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """The calls of a month, to find the one that is disputed; the audit notes that you looked (通话详单).

    Example: seatline dispute calls zhaotong-2025 --cycle 2025-07 --number 13800138000
    """
    from provisioning import wiring
    from provisioning.flows.settle_dispute import Wish, calls_meant

    _, book = _opened(config)
    _known(book, contract)
    wish = Wish(contract=contract, cycle=_month(cycle), zone=zone, number=number)
    found = calls_meant(book, wish, now=wiring.now(), who=wiring.who())
    if json:
        screens.print_json([_call(one) for one in found])
        return
    columns = ("call>", "began", "seat", "direction", "other", "zone", "s>", "CNY>", "bill")
    keys = ("id", "began", "seat", "direction", "other", "zone", "seconds", "amount", "bill")
    screens.table(columns, [[told[key] for key in keys] for told in map(_call, found)])


def _opened(config: Path | None) -> tuple[Settings, DisputeBook]:
    from provisioning import wiring

    settings = wiring.load_settings(config)
    return settings, wiring.open_disputes(settings)


def _known(book: DisputeBook, contract: str | None) -> None:
    from provisioning.flows.errors import FlowError

    if contract is not None and not book.versions(contract):
        raise FlowError(f"there is no contract {contract} in the ledger; `seatline contract list` shows all")


def _month(text: str | None) -> Cycle | None:
    from provisioning.core.cycle import Cycle

    try:
        return None if text is None else Cycle.parse(text)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--cycle") from None


def _show(found: Sequence[Dispute], *, json: bool) -> None:
    if json:
        screens.print_json([document(one) for one in found])
        return
    if not found:
        screens.say("there is no such dispute")
        return
    columns = ("id>", "contract", "cycle", "about", "calls>", "CNY>", "opened", "state", "credit>", "on bill")
    keys = ("id", "contract", "cycle", "about", "calls", "amount", "opened", "state", "credit", "credited_on")
    screens.table(columns, [[told[key] for key in keys] for told in map(document, found)])


def document(dispute: Dispute) -> dict[str, Any]:
    """A dispute as --json prints it."""
    closing = dispute.closing
    return {
        "id": dispute.id,
        "contract": dispute.contract,
        "cycle": str(dispute.cycle),
        "about": str(dispute.about),
        "zone": dispute.about.zone,
        "call": dispute.about.record,
        "number": dispute.about.number,
        "item": dispute.about.item,
        "calls": dispute.calls,
        "amount": f"{dispute.amount:f}",
        "why": dispute.why,
        "opened": _day(dispute.at),
        "opened_by": dispute.who,
        "state": "open" if closing is None else closing.result.value,
        "closed": None if closing is None else _day(closing.at),
        "closed_by": None if closing is None else closing.who,
        "closed_why": None if closing is None else closing.why,
        "credit": None if closing is None else f"{closing.credit:.2f}",
        "credited_on": None if closing is None or closing.billed is None else str(closing.billed),
    }


def _day(moment: datetime) -> str:
    from provisioning.core.cycle import SHANGHAI

    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d}"


def _call(found: CallFound) -> dict[str, Any]:
    """A call as --json prints it; `amount` is its price before an allowance, None where it has none yet."""
    from provisioning.core.call import Outcome
    from provisioning.core.cycle import shanghai_time

    call = found.call
    return {
        "id": found.record,
        "switch": found.switch,
        "uniqueid": found.uniqueid,
        "sequence": found.sequence,
        "began": f"{shanghai_time(found.start):%Y-%m-%d %H:%M:%S}",
        "seat": call.seat,
        "direction": None if call.direction is None else call.direction.value,
        "other": call.other,
        "zone": None if call.zone is None else call.zone.value,
        "seconds": round(call.microseconds / 1_000_000, 6),
        "increments": call.increments,
        "rate": None if call.rate is None else f"{call.rate:f}",
        "amount": None if call.outcome in (Outcome.UNRATED, Outcome.REVIEW) else f"{call.amount:f}",
        "outcome": call.outcome.value,
        "bill": None if found.billed is None else str(found.billed),
    }
