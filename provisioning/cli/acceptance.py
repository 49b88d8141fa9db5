"""What an engineer runs before leaving a site: accept."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioning.cli import screens
from provisioning.cli.options import Config, Json

if TYPE_CHECKING:
    from provisioning.acceptance.report import Report


def _text(name: str, what: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(name, metavar="TEXT", help=what, show_default=False)
    return option


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """A while in which SIGTERM, and a terminal that is closed, end us as Ctrl-C does: a telephone whose place
    was taken gets it back then too."""
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGHUP)}
    for one, handler in before.items():
        if handler != signal.SIG_IGN:  # nohup stays nohup
            signal.signal(one, signal.default_int_handler)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def accept(
    site: Annotated[str, typer.Argument(metavar="SITE", help="The site, by its name in the contract file.")],
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", metavar="FILE.pdf", help="Write the report; a .json beside it.", show_default=False
        ),
    ] = None,
    seat: Annotated[
        list[str] | None,
        typer.Option("--seat", metavar="LONG_NUMBER", help="The seat to be called (may be given again)."),
    ] = None,
    keep_telephones: Annotated[
        bool, typer.Option("--keep-telephones", help="Take the place of no telephone that is registered.")
    ] = False,
    outside: Annotated[
        str | None,
        typer.Option(
            "--outside",
            metavar="NUMBER",
            help="A telephone outside in your hand: it is called, and you call in from it.",
            show_default=False,
        ),
    ] = None,
    local_address: Annotated[str, _text("--local-address", "Where the site is.")] = "",
    remote_address: Annotated[str, _text("--remote-address", "Where its line ends at the operator.")] = "",
    order: Annotated[str, _text("--order", "The number of the order.")] = "",
    circuit: Annotated[str, _text("--circuit", "The number of the circuit.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Write over a report that is there.")] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Make all test calls that fit a site's contract, and write its acceptance report (验收).

    A softphone takes the place of one seat's telephone for the while, of a seat without one if there is any;
    what was registered is put back. Calls out by the line are charged. Emergency numbers are never called.
    Exit code 1 if a test failed.

    Examples: seatline accept zhaotong --report zhaotong.pdf   |   seatline accept zhaotong --keep-telephones
    """
    from provisioning import wiring, wiring_acceptance
    from provisioning.acceptance.report import Papers, to_json
    from provisioning.cli.meant import meant
    from provisioning.flows.accept_site import Wishes, accept_site
    from provisioning.flows.errors import FlowError

    settings = wiring.load_settings(config)
    files = wiring_acceptance.report_files(report, replace=force) if report else None
    ledger, chosen, direct = meant(settings, [site])
    if direct:
        raise FlowError(f"site {site} has no switch: its IADs register straight to the operator")
    papers = Papers(
        local_address=local_address,
        remote_address=remote_address,
        order=order,
        circuit=circuit,
        engineer=wiring.who(),
    )
    progress = screens.Progress(quiet=json)
    switch = chosen[0][0]

    def ask(text: str) -> None:
        progress.finish()
        screens.say(text)

    with wiring.locks(settings).held(f"accept-{site}"), _ended_like_ctrl_c():
        session = wiring.connect(switch)
        try:
            found = accept_site(
                session,
                ledger,
                site,
                hand_written=wiring.hand_written_dialplan(),
                equipment=wiring_acceptance.equipment(settings, switch, number=outside, ask=ask),
                wishes=Wishes(seats=tuple(seat or ()), displace=not keep_telephones, papers=papers),
                who=wiring.who(),
                progress=progress,
            )
        finally:
            session.close()
            progress.finish()
    screens.print_json(to_json(found)) if json else _show(found)
    if files is not None:  # only now: what was found is told even where the disk is full
        wiring_acceptance.write_report(found, files, replace=force)
        screens.say(f"written: {files[0]}, {files[1]}")
    if not found.passed:
        raise typer.Exit(1)


def _show(found: Report) -> None:
    from provisioning.acceptance.judge import Verdict
    from provisioning.acceptance.trials import TRIALS

    rows = [
        (
            one.verdict.value,
            TRIALS[one.trial].name.english,
            one.found.english,
            TRIALS[one.trial].reference.english,
        )
        for one in found.results
    ]
    screens.table(("verdict", "test", "result", "reference"), rows)
    for note in found.notes:
        screens.line(note.english)
    counted = ", ".join(f"{count} {verdict.value}" for verdict, count in found.counts.items())
    whole = found.passed and Verdict.NOT_MADE not in found.counts
    colour = "green" if whole else "yellow" if found.passed else "bold red"
    screens.coloured(f"{found.site}: {counted}: {found.conclusion.english}", colour)
