"""What people decide about a service: suspend, resume, close, and what is stopped now."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioning.cli import screens
from provisioning.cli.at_once import Done, NoApply, put_in_force
from provisioning.cli.options import Config, Json
from provisioning.flows.errors import FlowError

if TYPE_CHECKING:
    from provisioning.core.status import Stop

Contract = Annotated[str, typer.Argument(metavar="CONTRACT", help="The contract's id.")]
Seat = Annotated[
    str | None,
    typer.Option(
        "--seat", metavar="NUMBER", help="Only this seat, by its long or short number.", show_default=False
    ),
]
MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
On = Annotated[
    datetime | None,
    typer.Option(
        "--on",
        formats=MOMENTS,
        metavar="DATE",
        help="From that day on, or from a time of it in Shanghai, 2025-10-01T18:00 (default: at once).",
        show_default=False,
    ),
]


class Way(StrEnum):
    """How a service is stopped."""

    OUT = "out"
    BOTH = "both"


def suspend(
    contract: Contract,
    seat: Seat = None,
    on: On = None,
    way: Annotated[
        Way, typer.Option("--way", help="out: no outgoing call but emergency; both: no incoming call either.")
    ] = Way.BOTH,
    retain: Annotated[
        bool,
        typer.Option("--retain", help="The customer keeps the number for the retention fee (停机保号)."),
    ] = False,
    why: Annotated[
        str, typer.Option("--why", metavar="WORD", help="customer, arrears, or a word of your own.")
    ] = "customer",
    no_apply: NoApply = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Stop a contract's service, or one seat's, at once or on a date (停机).

    Calls that are up go on. Emergency calls are always possible. The switch of the site is brought up to date
    at once; a stop on a date comes into force there by itself.

    Examples: seatline suspend zhaotong-2025 --why arrears --way out   |
    seatline suspend zhaotong-2025 --seat 6001 --on 2025-10-01 --retain
    """
    from provisioning import wiring
    from provisioning.core.status import CLOSED, COMPLAINT, RETENTION
    from provisioning.flows.suspend_service import suspend as stop_service

    if retain and way is Way.OUT:
        raise FlowError("--retain keeps a number that is not used: it goes with --way both")
    if why in (CLOSED, COMPLAINT):
        raise FlowError(f"--why {why}: that is what `seatline {'close' if why == CLOSED else why}` is for")
    if not why or len(why) > 64 or not why.isprintable():
        raise FlowError("--why is a word or a few, at most 64 characters")
    settings = wiring.load_settings(config)
    ledger = wiring.open_ledger(settings)
    made = stop_service(
        contract,
        seat=seat,
        way=way.value,
        why=RETENTION if retain else why,
        on=wiring.in_shanghai(on),
        ledger=ledger,
        now=wiring.now(),
        who=wiring.who(),
    )
    for note in made.notes:
        screens.say(note)
    if not json:
        screens.line(f"{_told(made.stop)}{': stopped so already' if made.former else ''}")
    done = put_in_force(settings, ledger, contract, json=json, no_apply=no_apply)
    _end({"stop": document(made.stop), "recorded": not made.former}, done, json=json)


def resume(
    contract: Contract,
    seat: Seat = None,
    on: On = None,
    no_apply: NoApply = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Let a stopped contract or seat call and be called again, at once or on a date (复机).

    Ends what stops the contract as a whole or, with --seat, that seat; stops that were to begin later are
    taken back. What was closed does not come back.

    Examples: seatline resume zhaotong-2025   |   seatline resume zhaotong-2025 --seat 6001 --on 2025-12-01
    """
    from provisioning import wiring
    from provisioning.flows.suspend_service import resume as restore

    settings = wiring.load_settings(config)
    ledger = wiring.open_ledger(settings)
    restored = restore(
        contract,
        seat=seat,
        on=wiring.in_shanghai(on),
        ledger=ledger,
        now=wiring.now(),
        who=wiring.who(),
    )
    ended, taken_back = restored.resumed.ended, restored.resumed.taken_back
    if not json:
        for stop in ended:
            screens.line(f"{_told(stop)}: ends {_time(restored.moment)}")
        for stop in taken_back:
            screens.line(f"{_told(stop)}: taken back")
        if not ended and not taken_back:
            screens.line("nothing was stopped, nothing was recorded")
    for note in restored.notes:
        screens.say(note)
    done = Done()
    if ended or taken_back:
        done = put_in_force(settings, ledger, contract, json=json, no_apply=no_apply)
    told = {
        "ended": [document(stop) for stop in ended],
        "taken_back": [document(stop) for stop in taken_back],
        "from": restored.moment.isoformat(),
    }
    _end(told, done, json=json)


def close(
    contract: Contract,
    seat: Seat = None,
    on: Annotated[
        datetime | None,
        typer.Option(
            "--on",
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="The first day without service (default: stopped at once, charged to the end of today).",
            show_default=False,
        ),
    ] = None,
    no_apply: NoApply = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Give a seat's number, or all numbers of a contract, back for good (销户).

    The contract goes on without the seat, or its term ends. Nobody can be given a number before 90 days have
    passed: `contract add` says when it is free again.

    Examples: seatline close zhaotong-2025 --seat 08702120001   |
    seatline close zhaotong-2025 --on 2025-12-01
    """
    from provisioning import wiring
    from provisioning.flows.close_service import Clerk, close_contract, close_seat

    settings = wiring.load_settings(config)
    ledger = wiring.open_ledger(settings)
    clerk = Clerk(ledger=ledger, now=wiring.now(), who=wiring.who(), new_secret=wiring.new_secret)
    day = on.date() if on else None
    if seat is None:
        made = close_contract(contract, on=day, clerk=clerk)
    else:
        made = close_seat(contract, seat, on=day, clerk=clerk)
    for note in made.notes:
        screens.say(note)
    if not json:
        for one in made.numbers:
            screens.line(f"{one.number}: closed from {one.closed} on, free again from {one.free} on")
        version = made.version
        screens.line(f"{contract}: version {version.number} from {version.effective}")
    done = put_in_force(settings, ledger, contract, json=json, no_apply=no_apply)
    told = {
        "stop": document(made.stop),
        "version": made.version.number,
        "from": made.version.effective.isoformat(),
        "numbers": [
            {"number": one.number, "closed": one.closed.isoformat(), "free": one.free.isoformat()}
            for one in made.numbers
        ],
    }
    _end(told, done, json=json)


def stops(
    contract: Annotated[
        str | None, typer.Argument(metavar="[CONTRACT]", help="Only this contract.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """What is stopped now, and what will be (停机清单).

    Example: seatline stops zhaotong-2025 --all
    """
    from provisioning import wiring

    now = wiring.now()
    ledger = wiring.open_ledger(wiring.load_settings(config))
    if contract is not None and not ledger.versions(contract):
        raise FlowError(f"there is no contract {contract} in the ledger; `seatline contract list` shows all")
    found = [stop for stop in ledger.stops(contract) if every or not stop.over(now)]
    if json:
        screens.print_json([{**document(stop), "in_force": stop.in_force(now)} for stop in found])
        return
    columns = ("contract", "long number", "way", "from", "to", "why", "now")
    rows = [
        [
            stop.contract,
            stop.seat or "all",
            stop.way,
            _time(stop.since),
            "" if stop.until is None else _time(stop.until),
            stop.why,
            "stopped" if stop.in_force(now) else "over" if stop.over(now) else "to come",
        ]
        for stop in found
    ]
    if rows:
        screens.table(columns, rows)
    else:
        screens.say("nothing is stopped")


def document(stop: Stop) -> dict[str, Any]:
    """A stop for programs."""
    return {
        "contract": stop.contract,
        "seat": stop.seat,
        "way": stop.way,
        "since": stop.since.isoformat(),
        "until": None if stop.until is None else stop.until.isoformat(),
        "why": stop.why,
    }


def _told(stop: Stop) -> str:
    from provisioning.flows.suspend_service import named

    way = "outgoing calls" if stop.way == "out" else "all calls"
    until = "" if stop.until is None else f" to {_time(stop.until)}"
    return f"{named(stop)}: {way} stopped from {_time(stop.since)}{until} ({stop.why})"


def _time(moment: datetime) -> str:
    from provisioning.core.cycle import SHANGHAI

    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _end(told: dict[str, Any], done: Done, *, json: bool) -> None:
    if json:
        screens.print_json({**told, "switches": list(done.switches)})
    if done.exit_code:
        raise typer.Exit(done.exit_code)
