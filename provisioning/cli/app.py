"""The command line itself: the commands by name, and how a fault of the world becomes an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from pbx.errors import SwitchError
from provisioning.cli import (
    acceptance,
    apply,
    calls,
    collect,
    complaints,
    contracts,
    disputes,
    faults,
    iads,
    ledger,
    nightly,
    numbers,
    quarantine,
    recordings,
    retention,
    screens,
    serve,
    sheets,
    sounds,
    status,
    switch,
    witness,
)
from provisioning.flows.errors import FlowError

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""

app = typer.Typer(
    name="seatline",
    help="From a telephony contract to an Asterisk PBX, its call records and the bill.",
    epilog="A first walk: seatline check FILE, contract add FILE, plan, apply, collect, rate, bill.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(contracts.app, name="contract")
app.add_typer(sheets.app, name="sheet")
app.add_typer(ledger.app, name="db")
app.add_typer(sounds.app, name="sound")
app.command("check")(contracts.check)
app.command("plan")(switch.plan)
app.command("apply")(apply.apply)
app.command("iad")(iads.iad)
app.command("serve")(serve.serve)
app.command("drift")(switch.drift)
app.command("doctor")(switch.doctor)
app.command("accept")(acceptance.accept)
app.command("collect")(collect.collect)
app.command("rate")(calls.rate)
app.command("bill")(calls.bill)
app.command("lookup")(numbers.lookup)
app.command("suspend")(status.suspend)
app.command("resume")(status.resume)
app.command("close")(status.close)
app.command("stops")(status.stops)
app.add_typer(complaints.app, name="complaint")
app.add_typer(recordings.app, name="recording")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(disputes.app, name="dispute")
app.command("retain")(retention.retain)
app.command("nightly")(nightly.nightly)
app.add_typer(witness.app, name="witness")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"seatline {version('seatline')}\n")
        raise typer.Exit


@app.callback()
def _seatline(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None: ...


def main() -> None:
    """Runs the command; a fault of the outside world is one clear line on stderr and its exit code.

    A wrong option or argument ends with 1, not with the 2 that means "changes found".
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal without Chinese
    try:
        code = _outcome()
        sys.stdout.flush()
    except OSError as fault:  # nobody reads on, or the disk is full
        sys.stderr.write(f"seatline: the output could not be written: {fault.strerror}\n")
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - so that leaving does not try again
        code = 1
    sys.exit(code)


def _outcome() -> int:
    try:
        code = app(standalone_mode=False) or 0
        if code == INTERRUPTED:  # typer has caught it
            screens.say("seatline: interrupted")
        return code
    except (FlowError, SwitchError) as fault:
        screens.say(faults.told(fault))
        return faults.code_of(fault)
    except typer.TyperException as fault:
        show = getattr(fault, "show", None)  # a wrong option shows the command's usage
        show() if show else screens.say(f"seatline: {fault}")
        return 1
    except typer.Abort:
        screens.say("seatline: stopped; nothing more was done")
        return 1
    except KeyboardInterrupt:
        screens.say("seatline: interrupted")
        return INTERRUPTED
