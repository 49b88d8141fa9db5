"""Lines in quarantine: which there are, what they hold, and what a person decides of them (隔离话单)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioning.cli import screens
from provisioning.cli.collect import RECORDS
from provisioning.cli.options import Config, Json

if TYPE_CHECKING:
    from pbx.cdr import Cdr
    from provisioning.flows.decide_held import Held, QuarantineBook, Shown, Wanted
    from provisioning.settings import Settings

app = typer.Typer(help="Lines of call records that are kept and not billed (隔离话单).", no_args_is_help=True)

LISTED = 50
"""Lines shown to a person; --json and --limit have more."""

Id = Annotated[int, typer.Argument(metavar="ID", help="The number of the line, as list shows it.")]
Ids = Annotated[
    list[int] | None,
    typer.Argument(metavar="[ID]...", help="The numbers of the lines.", show_default=False),
]
Switch = Annotated[
    str | None, typer.Option("--switch", metavar="SWITCH", help="Of that switch.", show_default=False)
]
Code = Annotated[
    str | None,
    typer.Option(
        "--code", metavar="CODE", help="Held for that: torn, conflict, columns, ...", show_default=False
    ),
]
SourceOf = Annotated[
    str | None,
    typer.Option("--source", metavar="SOURCE", help="Read from there.", show_default=False),
]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="What for; it stands in the audit.")]


@app.command("list")
def list_(
    switch: Switch = None,
    code: Code = None,
    source: SourceOf = None,
    every: Annotated[bool, typer.Option("--all", help="Those that are decided, too.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", metavar="N", min=1, help="At most so many, the oldest first.", show_default=False
        ),
    ] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Which lines are held, why, and for how long (隔离清单).

    Example: seatline quarantine list --code conflict
    """
    from provisioning import wiring
    from provisioning.flows.decide_held import Wanted

    _, book = _opened(config)
    shown = limit or (None if json else LISTED)
    wanted = Wanted(switch=switch, code=code, path=source, decided=every, limit=shown)
    lines, total = book.held_lines(wanted), book.held_total(wanted)
    if json:
        screens.print_json({"lines": [_told(line) for line in lines], "total": total})
        return
    now = wiring.now()
    screens.table(
        ("id>", "switch", "source", "byte>", "held for", "age>", "state", "why"),
        [
            (
                line.id,
                line.switch,
                line.path,
                line.offset,
                line.code,
                _age(now - line.held_at),
                line.state.value,
                line.reason,
            )
            for line in lines
        ],
    )
    if total > len(lines):
        screens.say(f"and {total - len(lines)} more; --limit shows more, --json all of them")
    elif not lines:
        screens.say("no line is held" if not every else "no line was ever held")


@app.command()
def show(id: Id, json: Json = False, config: Config = None) -> None:
    """One line: its bytes, what the ledger has under its key, and what was decided (隔离详情).

    Example: seatline quarantine show 12
    """
    from provisioning.flows.decide_held import shown

    _, book = _opened(config)
    found = shown(book, id)
    if json:
        screens.print_json(_document(found))
    else:
        _print(found)


@app.command()
def retry(
    ids: Ids = None,
    switch: Switch = None,
    code: Code = None,
    source: SourceOf = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Read held lines again, as after an upgrade: what is a call record now becomes one (重新解析).

    Without any number or option, all that are open.

    Examples: seatline quarantine retry   |   seatline quarantine retry 12 13
    """
    from provisioning import wiring
    from provisioning.flows.decide_held import State
    from provisioning.flows.decide_held import retry as again

    settings, book = _opened(config)
    with wiring.locks(settings).held(RECORDS):
        done = again(book, _wanted(ids, switch, code, source), at=wiring.now(), who=wiring.who())
    if json:
        screens.print_json({state.value: done[state] for state in (State.ADMITTED, State.KNOWN, State.OPEN)})
        return
    screens.line(
        f"{screens.counted(done[State.ADMITTED], 'line')} became call records, {done[State.KNOWN]} were "
        f"known already, {done[State.OPEN]} are held as before"
    )
    if done[State.ADMITTED]:
        screens.say("`seatline rate` prices them")


@app.command()
def release(id: Id, why: Why, json: Json = False, config: Config = None) -> None:
    """Make this line the call record of its key; what stood there goes into quarantine instead (放行).

    Of a conflict just one of the two payloads is billed: the released one. Of a call that the ledger has as
    another switch's, this line's switch is the right one. Not where the call stands on a closed bill, or a
    dispute is about it.

    Example: seatline quarantine release 12 --why "the switch wrote the first line with a wrong clock"
    """
    from provisioning import wiring
    from provisioning.flows.decide_held import release as released

    settings, book = _opened(config)
    with wiring.locks(settings).held(RECORDS):
        line = released(book, id, why, at=wiring.now(), who=wiring.who())
    if json:
        screens.print_json(_told(line))
    else:
        screens.line(f"line {id} is the call record of its key; `seatline rate` prices it")


@app.command()
def void(
    why: Why,
    ids: Ids = None,
    switch: Switch = None,
    code: Code = None,
    source: SourceOf = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Decide that these lines are never billed; they are kept all the same (作废).

    Examples: seatline quarantine void 12 --why "torn, its call is in seatline.json"   |
    seatline quarantine void --code columns --source /var/log/asterisk/cdr-csv/Master.csv --why "of 2019"
    """
    from provisioning import wiring
    from provisioning.flows.decide_held import void as voided

    wanted = _wanted(ids, switch, code, source)
    if not wanted.is_narrow:
        raise typer.BadParameter("say which lines: by their numbers, --switch, --code or --source")
    settings, book = _opened(config)
    with wiring.locks(settings).held(RECORDS):
        lines = voided(book, wanted, why, at=wiring.now(), who=wiring.who())
    if json:
        screens.print_json({"voided": [line.id for line in lines]})
    else:
        screens.line(f"{screens.counted(len(lines), 'line')} will never be billed")


def _opened(config: Any) -> tuple[Settings, QuarantineBook]:
    from provisioning import wiring

    settings = wiring.load_settings(config)
    return settings, wiring.open_quarantine(settings)


def _wanted(ids: list[int] | None, switch: str | None, code: str | None, source: str | None) -> Wanted:
    from provisioning.flows.decide_held import Wanted

    return Wanted(ids=tuple(dict.fromkeys(ids or ())), switch=switch, code=code, path=source)


def _age(span: Any) -> str:
    return f"{span.days} d" if span.days else f"{int(span.total_seconds()) // 3600} h"


def _told(line: Held) -> dict[str, Any]:
    return {
        "id": line.id,
        "switch": line.switch,
        "source": line.path,
        "offset": line.offset,
        "code": line.code,
        "reason": line.reason,
        "uniqueid": None if line.key is None else line.key[0],
        "sequence": None if line.key is None else line.key[1],
        "held_at": line.held_at.isoformat(),
        "state": line.state.value,
    }


def _document(found: Shown) -> dict[str, Any]:
    from provisioning.flows.decide_held import fields_of, readable_raw

    line, standing = found.line, found.standing
    record = line.record
    return {
        **_told(line),
        "raw": readable_raw(line.raw),
        "raw_hex": line.raw.hex(),
        "record": None if record is None else dict(fields_of(record)),
        "standing": None
        if standing is None
        else {
            "switch": standing.switch,
            "bill": standing.bill,
            "dispute": standing.dispute,
            "raw": readable_raw(standing.record.raw),
            "record": dict(fields_of(standing.record)),
        },
        "differing": list(found.differing),
        "decisions": [
            {"state": one.state.value, "why": one.why, "at": one.at.isoformat(), "who": one.who}
            for one in found.decisions
        ],
    }


def _print(found: Shown) -> None:
    from provisioning.flows.decide_held import readable_raw

    line, standing = found.line, found.standing
    for name, value in (
        ("line", line.id),
        ("state", line.state.value),
        ("switch", line.switch),
        ("source", f"{line.path}, byte {line.offset}"),
        ("held", f"{line.held_at:%Y-%m-%d %H:%M:%S} GMT, {line.code}: {line.reason}"),
        ("bytes", len(line.raw)),
    ):
        screens.line(f"{name:8} {value}")
    screens.line(f"\n{readable_raw(line.raw)}\n")
    record = line.record
    if record is not None and standing is not None:
        stands = f", on the closed bill {standing.bill}" if standing.bill else ""
        stands += f", disputed in dispute {standing.dispute}" if standing.dispute else ""
        screens.line(f"The ledger has under this key, as switch {standing.switch}'s{stands}:")
        screens.line(f"\n{readable_raw(standing.record.raw)}\n")
        if found.differing:
            screens.table(
                ("field", "in the ledger", "in this line"),
                [(name, _value(standing.record, name), _value(record, name)) for name in found.differing],
            )
        else:
            screens.line("Both tell the same call.\n")
    elif record is not None:
        screens.line("The ledger has no call record under this key.\n")
    if found.decisions:
        screens.table(
            ("at (GMT)", "who", "decided", "why"),
            [(f"{one.at:%Y-%m-%d %H:%M:%S}", one.who, one.state.value, one.why) for one in found.decisions],
        )


def _value(record: Cdr, name: str) -> str:
    from datetime import UTC

    from pbx.cdr import SECOND, TIMES
    from provisioning.flows.decide_held import readable_raw

    value = getattr(record, name)
    if name not in TIMES:
        return readable_raw(str(value).encode())
    if value is None:
        return ""
    moment = datetime.fromtimestamp(value // SECOND, UTC)
    rest = f".{value % SECOND:06d}" if record.exact else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{rest} GMT"
