"""Number sheets to fill in: sheet new."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioning.cli import screens
from provisioning.cli.options import Config, Json

app = typer.Typer(help="Number sheets to fill in (长短号开通明细).", no_args_is_help=True)


@app.callback()
def _sheet() -> None: ...


@app.command()
def new(
    contract: Annotated[
        str, typer.Argument(metavar="CONTRACT", help="A contract's id in the ledger, or a contract file.")
    ],
    to: Annotated[
        Path, typer.Option("--to", metavar="FILE.xlsx", help="The file to write.", show_default=False)
    ],
    change: Annotated[
        bool, typer.Option("--change", help="With columns for `contract change`: 操作, 原号码.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Write a number sheet as an Excel file, with the seats that are known so far (号码表样).

    All its columns are of the format Text; what may be typed is offered and checked. What it holds, `check`
    and `contract change` read back.

    Example: seatline sheet new zhaotong-2025 --to zhaotong-numbers.xlsx
    """
    from provisioning import wiring
    from provisioning.cli import problems
    from provisioning.flows import lay_out_sheet
    from provisioning.flows.errors import FlowError

    settings = wiring.load_settings(config)
    if to.suffix.lower() != ".xlsx":
        raise FlowError(f"{to}: a number sheet is written as an Excel file; give a name that ends in .xlsx")
    if Path(contract).suffix.lower() in (".yaml", ".yml") or Path(contract).is_file():
        outline = lay_out_sheet.of_file(contract, read=wiring.read_first, changes=change)
        if isinstance(outline, tuple):
            problems.show(outline, json=json)
            raise typer.Exit(3)
    else:
        ledger = wiring.open_ledger(settings)
        outline = lay_out_sheet.of_recorded(contract, ledger=ledger, changes=change)
    wiring.write_number_sheet(outline, to, replace=force)
    if json:
        screens.print_json({"file": str(to), "contract": outline.contract, "seats": len(outline.seats)})
    else:
        screens.line(f"{to}: {outline.contract}, {screens.counted(len(outline.seats), 'seat')}")
