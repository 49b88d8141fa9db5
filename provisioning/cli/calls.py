"""Call records and money: rate, bill."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioning.cli import screens
from provisioning.cli.collect import RECORDS
from provisioning.cli.options import Config, Json

if TYPE_CHECKING:
    from provisioning.flows.ports import Ledger


def rate(
    again: Annotated[
        bool, typer.Option("--again", help="All calls anew, but those on a closed bill or in dispute.")
    ] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Attribute and price what is collected (批价).

    Exit code 1 while any call has no owner or no price, or waits for a person: they are shown, never dropped.

    Examples: seatline rate   |   seatline rate --again
    """
    from provisioning import wiring
    from provisioning.flows.rate_calls import rate_calls

    settings = wiring.load_settings(config)
    progress = screens.Progress(quiet=json)
    ledger = wiring.open_ledger(settings)
    with wiring.locks(settings).held(RECORDS):
        verdicts = rate_calls(ledger, again=again, progress=progress)
    progress.finish()
    if json:
        screens.print_json(verdicts.document())
    else:
        counts = verdicts.document()
        screens.line("  ".join(f"{counts[outcome]} {outcome}" for outcome in counts))
    if verdicts.complete:
        return
    _show_unpriced(ledger, json)
    raise typer.Exit(1)


def _show_unpriced(ledger: Ledger, json: bool) -> None:
    if json:
        return
    from provisioning.core.cycle import shanghai_time

    screens.table(
        ("answered", "from", "to", "verdict", "why"),
        [
            (
                shanghai_time(cdr.answer or cdr.start).strftime("%Y-%m-%d %H:%M:%S"),
                cdr.src,
                cdr.dst,
                call.outcome,
                call.reason,
            )
            for cdr, call in ledger.unpriced()
        ],
        title="Calls that are on no bill (the newest)",
    )


def bill(
    contract: Annotated[str, typer.Argument(metavar="CONTRACT", help="The contract's id.")],
    cycle: Annotated[str, typer.Option("--cycle", help="The month, as 2025-07.")],
    close: Annotated[bool, typer.Option("--close", help="Fix the bill for good.")] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """The bill of a contract for a month (账单).

    Example: seatline bill zhaotong-2025 --cycle 2025-07
    """
    from provisioning import wiring
    from provisioning.core.cycle import Cycle
    from provisioning.flows.make_bill import bill_of_cycle

    try:
        month = Cycle.parse(cycle)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--cycle") from None
    settings = wiring.load_settings(config)
    ledger = wiring.open_ledger(settings)
    with wiring.locks(settings).held(RECORDS) if close else nullcontext():
        made = bill_of_cycle(ledger, contract, month, close=close, now=wiring.now(), who=wiring.who())
    if json:
        screens.print_json(dict(made.document))
    else:
        _show_bill(dict(made.document))
    if made.waiting:
        screens.say(f"{made.waiting} calls of this month have no price yet and are not on it: seatline rate")
    if made.stale:
        stale = screens.counted(made.stale, "call record")
        screens.say(f"{stale}, not rated since collected, may change this bill: run seatline rate")
    if made.uncounted:
        late = screens.counted(made.uncounted, "late call")
        screens.say(
            f"{late} of months whose records were removed: nobody can tell what was left of their included "
            "minutes, so no bill adjusts them"
        )
    if made.late:
        goes = "goes" if made.late == 1 else "go"
        screens.say(f"{screens.counted(made.late, 'late call')} of this closed month {goes} to the next bill")


def _show_bill(document: dict[str, Any]) -> None:
    rows: list[tuple[object, ...]] = []
    for fee in document["recurring"]:
        price = f"{fee['quantity']} x {fee['unit']}" if fee.get("unit") else fee["quantity"]
        rows.append((fee["name"], price, fee["amount"]))
    rows += [(fee["name"], "once", fee["amount"]) for fee in document["once"]]
    rows += [(f"calls {line['zone']}", _call_words(line), line["amount"]) for line in document["calls"]]
    rows += [
        (f"late calls {line['cycle']} {line['zone']}", _call_words(line), line["amount"])
        for line in document["adjustments"]
        if "dispute" not in line
    ]
    rows += [
        (f"credit {line['cycle']}", f"dispute {line['dispute']} was upheld", line["amount"])
        for line in document["adjustments"]
        if "dispute" in line
    ]
    state = "closed" if document["closed"] else "open"
    screens.table(
        ("item", "how", "CNY>"),
        [*rows, ("total", "", document["amount"]), *_disputed_rows(document)],
        title=f"{document['contract']}  {document['cycle']}  ({state})",
    )


def _disputed_rows(document: dict[str, Any]) -> list[tuple[object, ...]]:
    """What of the bill is disputed, and what is asked for until that is decided."""
    if "disputes" not in document:
        return []
    return [
        *(
            (f"dispute {one['id']}", f"{one['about']}: {one['why']}", one["amount"])
            for one in document["disputes"]
        ),
        ("disputed", "not asked for until it is decided", document["disputed"]),
        ("undisputed", "to be paid", document["undisputed"]),
    ]


def _call_words(line: dict[str, Any]) -> str:
    return f"{screens.counted(line['calls'], 'call')}, {line['minutes']} min x {line['rate']}"
