"""The command line itself: the commands by name, and how a fault of the world becomes an exit code."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pbx.errors import SwitchError
from provisioning.cli import calls, contracts, faults, ledger, numbers, screens, switch
from provisioning.flows.errors import FlowError

app = typer.Typer(
    name="seatline",
    help="From a telephony contract to an Asterisk PBX, its call records and the bill.",
    epilog="A first walk: seatline check FILE, contract add FILE, plan, apply, collect, rate, bill.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(contracts.app, name="contract")
app.add_typer(ledger.app, name="db")
app.command("check")(contracts.check)
app.command("plan")(switch.plan)
app.command("apply")(switch.apply)
app.command("drift")(switch.drift)
app.command("doctor")(switch.doctor)
app.command("collect")(calls.collect)
app.command("rate")(calls.rate)
app.command("bill")(calls.bill)
app.command("lookup")(numbers.lookup)


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
    sys.exit(_outcome())


def _outcome() -> int:
    try:
        return app(standalone_mode=False) or 0
    except (FlowError, SwitchError) as fault:
        screens.say(faults.told(fault))
        return faults.code_of(fault)
    except typer.TyperException as fault:
        show = getattr(fault, "show", None)  # a wrong option shows the command's usage
        show() if show else screens.say(f"seatline: {fault}")
        return 1
    except typer.Abort:
        screens.say("seatline: nothing was done")
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        screens.say("seatline: interrupted")
        return 130
