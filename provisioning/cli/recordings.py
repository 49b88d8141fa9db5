"""Recorded calls: which there are, handing one out, holding them in a dispute, removing what is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioning.cli import screens
from provisioning.cli.options import Config, Json

if TYPE_CHECKING:
    from provisioning.flows.find_recordings import RecordedCall, RecordingBook, Wanted
    from provisioning.flows.sweep_recordings import Swept
    from provisioning.settings import Settings

app = typer.Typer(help="Recorded calls (通话录音).", no_args_is_help=True)

Id = Annotated[int, typer.Argument(metavar="ID", help="The number of the recording, as list shows it.")]
Ids = Annotated[
    list[int] | None,
    typer.Argument(metavar="[ID]...", help="The numbers of the recordings.", show_default=False),
]
Site = Annotated[str | None, typer.Option("--site", metavar="SITE", help="Of that site.", show_default=False)]
Seat = Annotated[
    str | None,
    typer.Option("--seat", metavar="NUMBER", help="Of that seat, by its long number.", show_default=False),
]
From = Annotated[
    datetime | None,
    typer.Option(
        "--from", formats=["%Y-%m-%d"], metavar="DATE", help="From that day on.", show_default=False
    ),
]
To = Annotated[
    datetime | None,
    typer.Option(
        "--until", formats=["%Y-%m-%d"], metavar="DATE", help="Up to that day, included.", show_default=False
    ),
]


@app.command("list")
def list_(
    site: Site = None,
    seat: Seat = None,
    since: From = None,
    until: To = None,
    held: Annotated[bool, typer.Option("--held", help="Only those held in a dispute.")] = False,
    removed: Annotated[bool, typer.Option("--removed", help="Those that were removed, too.")] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Which recordings there are; the audit notes that you looked (录音查询).

    Example: seatline recording list --seat 08702120001 --from 2025-10-01
    """
    from provisioning import wiring
    from provisioning.flows.find_recordings import listed

    _, book = _opened(config)
    wanted = _wanted((), site, seat, since, until, held=held, removed=removed)
    found = listed(book, wanted, at=wiring.now(), who=wiring.who())
    _show(found, json=json)


@app.command()
def show(id: Id, json: Json = False, config: Config = None) -> None:
    """One recording, and who has ever done what with it (录音调取记录).

    Example: seatline recording show 12
    """
    from provisioning import wiring
    from provisioning.flows.find_recordings import shown

    _, book = _opened(config)
    call, accesses = shown(book, id, at=wiring.now(), who=wiring.who())
    if json:
        told = [
            {"at": one.at.isoformat(), "who": one.who, "event": one.event, "why": one.why} for one in accesses
        ]
        screens.print_json({**_told(call), "accesses": told})
        return
    for key, value in _told(call).items():
        screens.line(f"{key:14} {'' if value is None else value}")
    rows = [(f"{one.at:%Y-%m-%d %H:%M:%S}", one.who, one.event, one.why) for one in accesses]
    screens.table(("at (GMT)", "who", "what", "why"), rows)


@app.command()
def get(
    id: Id,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Write it there (WAV).")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="What for; it stands in the audit.")],
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    config: Config = None,
) -> None:
    """Hand out a recording, once it is proved unchanged; the audit has it first (录音调取).

    The file is for your eyes only (mode 0600).

    Example: seatline recording get 12 --to call.wav --why "dispute of 2025-11-03"
    """
    from provisioning import wiring
    from provisioning.documents import new_file
    from provisioning.flows.find_recordings import fetched, switch_of

    settings, book = _opened(config)
    switch = wiring.switch_named(settings, switch_of(book, id))
    content = fetched(book, wiring.recording_folder(switch), id, why, at=wiring.now(), who=wiring.who())
    new_file.write(to, content, replace=force, mode=0o600)
    screens.say(f"recording {id}: {to}, {len(content)} bytes, as it was recorded")


@app.command()
def hold(
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The dispute they are kept for.")],
    ids: Ids = None,
    site: Site = None,
    seat: Seat = None,
    since: From = None,
    until: To = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Keep recordings beyond their time, until they are released (争议保留).

    Example: seatline recording hold --seat 08702120001 --from 2025-10-01 --until 2025-10-31 --why "bill 10"
    """
    _hold(_wanted(tuple(ids or ()), site, seat, since, until), why, json=json, config=config)


@app.command()
def release(
    ids: Ids = None,
    site: Site = None,
    seat: Seat = None,
    since: From = None,
    until: To = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Let go of held recordings: those whose time is over are removed by the next sweep (解除保留).

    Example: seatline recording release 12 13
    """
    _hold(_wanted(tuple(ids or ()), site, seat, since, until, held=not ids), None, json=json, config=config)


@app.command()
def sweep(
    verify: Annotated[bool, typer.Option("--verify", help="Compare each file with its hash.")] = False,
    json: Json = False,
    config: Config = None,
) -> None:
    """Take up new recordings with their hash, remove what is due, see that none is lost (录音清理).

    Safe to run twice; `seatline nightly` does it each night. Ends with 1 where a recording is gone before its
    time or is not what was recorded.

    Example: seatline recording sweep --verify
    """
    from provisioning import wiring
    from provisioning.flows.errors import FlowError

    settings = wiring.load_settings(config)
    progress = screens.Progress(quiet=json)
    swept = wiring.sweep_recordings(settings, verify=verify, progress=progress)
    progress.finish()
    if not swept:
        raise FlowError(
            "no switch of seatline.toml says where it records calls: set recordings = DIR in [switches.NAME]"
        )
    if json:
        screens.print_json([document(one) for one in swept])
    else:
        _show_swept(swept)
    if not all(one.is_sound for one in swept):
        raise typer.Exit(1)


def document(swept: Swept) -> dict[str, Any]:
    """A sweep as `recording sweep --json` prints it."""
    return {
        "switch": swept.switch,
        "taken": list(swept.taken),
        "removed": list(swept.removed),
        "kept": swept.kept,
        "bytes": swept.bytes,
        "held": swept.held,
        "unfinished": swept.unfinished,
        "empty": swept.empty,
        "no_contract": list(swept.nobodys),
        "strange": list(swept.strange),
        "missing": list(swept.missing),
        "altered": list(swept.altered),
        "short": list(swept.short),
        "free": round(swept.free, 3),
    }


def _show_swept(swept: Sequence[Swept]) -> None:
    from provisioning.flows.sweep_recordings import lines_of

    columns = (
        "switch",
        "new>",
        "removed>",
        "kept>",
        "MB>",
        "free>",
        "held>",
        "going on>",
        "missing>",
        "altered>",
    )
    rows = [
        (
            *(one.switch, len(one.taken), len(one.removed), one.kept, f"{one.bytes / 1e6:.1f}"),
            *(f"{one.free:.0%}", one.held, one.unfinished, len(one.missing), len(one.altered)),
        )
        for one in swept
    ]
    screens.table(columns, rows)
    for one in swept:
        for text in lines_of(one):
            screens.line(text)


def _opened(config: Path | None) -> tuple[Settings, RecordingBook]:
    from provisioning import wiring

    settings = wiring.load_settings(config)
    return settings, wiring.open_recordings(settings)


def _wanted(
    ids: tuple[int, ...],
    site: str | None,
    seat: str | None,
    since: datetime | None,
    until: datetime | None,
    *,
    held: bool = False,
    removed: bool = False,
) -> Wanted:
    from provisioning import wiring
    from provisioning.flows.find_recordings import Wanted

    return Wanted(
        ids=ids,
        site=site,
        seat=seat,
        since=wiring.in_shanghai(since),
        until=wiring.in_shanghai(until + timedelta(days=1)) if until is not None else None,
        held=held,
        removed=removed,
    )


def _hold(wanted: Wanted, why: str | None, *, json: bool, config: Path | None) -> None:
    from provisioning import wiring
    from provisioning.flows.find_recordings import held

    _, book = _opened(config)
    found, changed = held(book, wanted, why, at=wiring.now(), who=wiring.who())
    if json:
        screens.print_json({"recordings": [one.recording.id for one in found], "changed": list(changed)})
        return
    done = "released" if why is None else "held"
    screens.line(f"{len(found)} recordings {done}, {len(changed)} of them anew")


def _show(found: Sequence[RecordedCall], *, json: bool) -> None:
    if json:
        screens.print_json([_told(one) for one in found])
        return
    rows = []
    for one in found:
        told = _told(one)
        rows.append(
            [
                told[key]
                for key in ("id", "site", "seat", "began", "seconds", "src", "dst", "keep_until", "held")
            ]
        )
    columns = ("id>", "site", "seat", "began", "s>", "caller", "called", "kept until", "held")
    screens.table(columns, rows)


def _told(call: RecordedCall) -> dict[str, Any]:
    """A recording as --json prints it."""
    from provisioning.core.cycle import SHANGHAI

    one = call.recording
    return {
        "id": one.id,
        "switch": one.switch,
        "site": one.site,
        "contract": one.contract,
        "seat": one.seat,
        "began": f"{one.started.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
        "seconds": one.milliseconds // 1000,
        "src": call.src,
        "dst": call.dst,
        "path": one.path,
        "bytes": one.size,
        "sha256": one.sha256.hex(),
        "keep_until": str(one.keep_until) if one.keep_until is not None else None,
        "held": one.held,
        "removed": one.removed_at.isoformat(timespec="seconds") if one.removed_at is not None else None,
    }
