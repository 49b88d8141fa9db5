"""The ledger's database: upgrade, backup, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioning.cli import screens
from provisioning.cli.options import Config, Json

app = typer.Typer(help="The ledger's database (台账).", no_args_is_help=True)


@app.command()
def upgrade(json: Json = False, config: Config = None) -> None:
    """Bring the ledger's tables to this version; all or nothing (升级).

    Example: seatline db upgrade
    """
    from provisioning import wiring

    before, after = wiring.upgrade_ledger(wiring.load_settings(config))
    if json:
        screens.print_json({"before": before, "after": after})
    else:
        screens.line(f"already at {after}" if before == after else f"from {before or 'nothing'} to {after}")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="A new file; it holds SIP secrets, keep it safe.")],
    json: Json = False,
    config: Config = None,
) -> None:
    """Copy the ledger while it is in use, and prove the copy readable (备份).

    Example: seatline db backup ledger-2025-07-31.db
    """
    from provisioning import wiring

    made = wiring.back_up_ledger(wiring.load_settings(config), file)
    if json:
        screens.print_json({"file": str(made), "bytes": made.stat().st_size})
    else:
        screens.line(f"{made}: {made.stat().st_size} bytes, verified")


@app.command()
def verify(json: Json = False, config: Config = None) -> None:
    """Check that the ledger can be trusted: raw records, verdicts, sums, history (台账核验).

    Exit code 1 if it cannot.

    Example: seatline db verify
    """
    from provisioning import wiring

    findings = wiring.verify_ledger(wiring.load_settings(config))
    if json:
        screens.print_json({"findings": [{"code": one.code, "message": one.message} for one in findings]})
    else:
        for one in findings:
            screens.line(f"{one.code}: {one.message}")
        if not findings:
            screens.line("the ledger is sound")
    if findings:
        raise typer.Exit(1)
