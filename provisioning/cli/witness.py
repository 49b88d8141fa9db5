"""What the sources of call records tell of each other: `seatline witness list` and `settle` (核对)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from provisioning.cli import screens
from provisioning.cli.collect import RECORDS
from provisioning.cli.options import Config, Json
from provisioning.flows.errors import FlowError

FOUND = 3
"""The exit code where a person has to look at calls."""
SHOWN = 200

app = typer.Typer(name="witness", help="Calls that only some sources know of.", no_args_is_help=True)


@app.command("list")
def list_(
    switch: Annotated[
        str | None, typer.Option("--switch", help="Only of this switch.", show_default=False)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="DATE", help="Calls from that day on; else of 31 days.", show_default=False
        ),
    ] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """List the calls on which the sources do not agree (来源核对).

    Calls that began and have no record, calls whose record disagrees with the channel events or in which the
    clock was set back, calls that AMI showed and nobody recorded, and those that one source of two has lost.
    Nothing is invented and nothing changed. Exit code 3 where a person has to look at a call.

    Examples: seatline witness list   |   seatline witness list --since 2025-07-01 --json
    """
    from provisioning import wiring, wiring_witness
    from provisioning.flows.reconcile_sources import reconcile_sources, shown

    settings = wiring.load_settings(config)
    book = wiring_witness.open_witnesses(settings)
    if switch is not None and switch not in book.witnessed_switches():
        wiring.switch_named(settings, switch)  # a slip here would find nothing wrong
    switches = None if switch is None else (switch,)
    told = reconcile_sources(book, now=wiring.now(), since=_since(since), switches=switches)
    if json:
        screens.print_json(told.document())
    else:
        screens.line(told.said())
        if told.findings:
            screens.table(
                ("call", "began", "from", "to", "answered", "what", "why"),
                [
                    (
                        one.call,
                        shown(one.began),
                        one.src,
                        one.dst,
                        (shown(one.answered) or "no")[-8:],
                        one.what,
                        one.said,
                    )
                    for one in told.findings[:SHOWN]
                ],
            )
        if len(told.findings) > SHOWN:
            screens.say(f"... and {len(told.findings) - SHOWN} more; --json has them")
    if told.grave:
        screens.say(
            "seatline: nobody is charged for calls without a record or in doubt; `seatline witness settle` "
            "says what becomes of them"
        )
        raise typer.Exit(FOUND)


@app.command("settle")
def settle(
    call: Annotated[
        str, typer.Argument(metavar="CALL", help="As `witness list` names it: pbx/pbx-1751342531.4#7")
    ],
    why: Annotated[str, typer.Option("--why", help="Stands in the audit.")],
    bill: Annotated[
        bool, typer.Option("--bill", help="It is billed as it is recorded, whatever the events say.")
    ] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Decide of an odd call: it is dealt with and never billed, or with --bill billed as recorded (核对处理).

    A call without a record is listed no more; what is owed for it is an adjustment of its contract. A record
    is rated anew by the next `seatline rate`. It stands in the audit; a later decision replaces this one,
    until the bill is closed.

    Examples: seatline witness settle pbx/pbx-1751342531.4 --why "adjusted on the next bill"
    """
    from provisioning import wiring, wiring_witness
    from provisioning.flows.settle_call import settle as decide

    settings = wiring.load_settings(config)
    book = wiring_witness.open_witnesses(settings)
    with wiring.locks(settings).held(RECORDS):
        done = decide(book, call, billed=bill, why=why, now=wiring.now(), who=wiring.who())
    if json:
        screens.print_json({"call": call, "billed": done.billed, "why": done.why})
    else:
        screens.line(f"{call}: {'billed as recorded' if done.billed else 'not billed'}: {done.why}")


def _since(text: str | None) -> datetime | None:
    from provisioning.core.cycle import SHANGHAI

    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise FlowError(f"--since {text} is no day; write it as 2025-07-01") from None
