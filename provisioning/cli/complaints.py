"""Complaints about calls from a number: registered, and looked at."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from provisioning.cli import screens
from provisioning.cli.at_once import NoApply, put_in_force
from provisioning.cli.options import Config, Json
from provisioning.cli.status import MOMENTS, Way, document
from provisioning.flows.errors import FlowError

app = typer.Typer(help="Complaints about calls from a number (投诉).", no_args_is_help=True)


@app.command()
def add(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The number people were called from.")],
    about: Annotated[str, typer.Option("--about", metavar="TEXT", help="What was complained of.")] = "",
    received: Annotated[
        datetime | None,
        typer.Option(
            "--received",
            formats=MOMENTS,
            metavar="TIME",
            help="When, in Shanghai (default: now).",
            show_default=False,
        ),
    ] = None,
    way: Annotated[
        Way, typer.Option("--way", help="What is stopped: all calls, or outgoing ones only.")
    ] = Way.BOTH,
    no_stop: Annotated[bool, typer.Option("--no-stop", help="Only register it; nothing is stopped.")] = False,
    no_apply: NoApply = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Register a complaint; the number's service stops at once (投诉登记).

    It comes back by itself after three working days without another complaint. More than ten complaints
    about a contract in one month raise an alarm.

    Example: seatline complaint add 08702120001 --about "called three times in one evening"
    """
    from provisioning import wiring
    from provisioning.flows.register_complaint import register_complaint

    settings = wiring.load_settings(config)
    ledger = wiring.open_ledger(settings)
    made = register_complaint(
        number,
        about=about,
        received=wiring.in_shanghai(received),
        way=None if no_stop else way.value,
        is_working_day=wiring.is_working_day,
        ledger=ledger,
        now=wiring.now(),
        who=wiring.who(),
    )
    complaint = made.complaint
    if not json:
        screens.line(
            f"complaint about {complaint.number} ({complaint.contract}), "
            f"number {made.in_month} in {complaint.month}"
        )
        if made.stop is not None and made.stop.until is not None:
            back = f"{made.stop.until:%Y-%m-%d}"
            screens.line(f"{complaint.number}: stopped now, back from {back} on if nobody complains again")
        else:
            screens.line(f"{complaint.number}: not stopped")
    if made.alarm is not None:
        screens.say(f"ALARM: {made.alarm}")
    code, switches = 0, []
    if made.stop is not None:
        done = put_in_force(settings, ledger, complaint.contract, json=json, no_apply=no_apply)
        code, switches = done.exit_code, list(done.switches)
    if json:
        told = {
            "contract": complaint.contract,
            "number": complaint.number,
            "received": complaint.received.isoformat(),
            "stop": None if made.stop is None else document(made.stop),
            "in_month": made.in_month,
            "alarm": made.alarm,
            "switches": switches,
        }
        screens.print_json(told)
    if code:
        raise typer.Exit(code)


@app.command("list")
def list_(
    contract: Annotated[
        str | None, typer.Argument(metavar="[CONTRACT]", help="Only this contract.", show_default=False)
    ] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """All complaints, and the months with more than ten (投诉清单).

    Example: seatline complaint list zhaotong-2025
    """
    from provisioning import wiring
    from provisioning.core.cycle import SHANGHAI
    from provisioning.core.status import COMPLAINTS_A_MONTH, alarms

    ledger = wiring.open_ledger(wiring.load_settings(config))
    if contract is not None and not ledger.versions(contract):
        raise FlowError(f"there is no contract {contract} in the ledger; `seatline contract list` shows all")
    found = ledger.complaints(contract)
    over = alarms(found)
    if json:
        screens.print_json(
            {
                "complaints": [
                    {
                        "contract": one.contract,
                        "number": one.number,
                        "received": one.received.isoformat(),
                        "about": one.about,
                    }
                    for one in found
                ],
                "alarms": [
                    {"contract": contract, "month": str(month), "complaints": count}
                    for (contract, month), count in over.items()
                ],
            }
        )
        return
    columns = ("contract", "long number", "received", "about")
    rows = [
        [one.contract, one.number, f"{one.received.astimezone(SHANGHAI):%Y-%m-%d %H:%M}", one.about]
        for one in found
    ]
    if rows:
        screens.table(columns, rows)
    else:
        screens.say("no complaint is registered")
    for (of, month), count in over.items():
        screens.say(f"ALARM: contract {of}: {count} complaints in {month}, more than {COMPLAINTS_A_MONTH}")
