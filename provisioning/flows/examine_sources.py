"""Whether what a switch writes of its calls is what is collected of it: a line a check (话单来源检查)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pbx import cel
from pbx.action import Action
from provisioning.flows.examine_switch import Finding, Verdict, options_of, runs
from provisioning.flows.ports import Switch
from provisioning.flows.source_text import SourceWrong, scheme_of, shown
from provisioning.flows.table_source import SCHEMES, table_source

Options = Mapping[tuple[str, str], str]
"""(section, option) → value of a file of the switch; a value may be a password and is never shown."""

FILES = ("csv", "custom")
"""Kinds of source that are files; the others are tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One thing into which a switch writes its call records: "csv", "custom", "postgresql" or "sqlite", the
    name of its file, or its table; `by` is the module. `zone` is that of its times, "" where nobody knows."""

    kind: str
    name: str
    by: str
    zone: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.by})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A source of the settings, and the names of the files it means; None where nobody can look."""

    text: str
    names: tuple[str, ...] | None = None


def examine_sources(
    switch: Switch, records: Sequence[Listed], events: Sequence[Listed]
) -> tuple[Finding, ...]:
    """Compares what the settings list of a switch with what it has enabled, over its AMI; changes nothing."""
    checks: Mapping[str, Callable[[], tuple[Verdict, str]]] = {
        "records": lambda: _records(switch, records),
        "tables": lambda: _tables(switch),
        "events": lambda: _events(switch, events),
    }
    findings = []
    for check, look in checks.items():
        verdict, text = look()
        findings.append(Finding(check=f"{switch.name}: {check}", verdict=verdict, text=text))
    return tuple(findings)


def _records(switch: Switch, records: Sequence[Listed]) -> tuple[Verdict, str]:
    if switch.send(Action("CoreSettings")).fields.get("CoreCDRenabled", "Yes").lower() == "no":
        return "bad", "call records are switched off: set enable = yes in cdr.conf and reload cdr"
    written = tuple(_written(switch))
    if not written:
        return "bad", "no call record is written: load cdr_custom.so and cdr_csv.so, as docker/pbx/etc does"
    lost = [one for one in records if not any(_means(one, thing) for thing in written)]
    missed = [thing for thing in written if not any(_means(one, thing) for one in records)]
    wrong = [text for one in records for thing in written if (text := _zones_apart(one, thing))]
    if lost or wrong:
        said = [
            f"{shown(one.text)} is collected and nothing writes it: is it what is meant, and is the module "
            "loaded that writes it?"
            for one in lost
        ]
        return "bad", "; ".join([*said, *wrong])
    if missed:
        names = ", ".join(map(str, missed))
        return (
            "warning",
            f"{names}: written and not collected; add to records in seatline.toml, so that what one loses "
            "is in another, or do not write it",
        )
    return "ok", f"all it writes is collected: {', '.join(map(str, written))}"


def _means(one: Listed, thing: Written) -> bool:
    """Whether a source of the settings is that thing. Only names can be compared: where a switch's folders
    are for us, nobody can say."""
    scheme = scheme_of(one.text)
    if scheme not in SCHEMES:
        return thing.kind in FILES and (one.names is None or thing.name in one.names)
    try:
        table = table_source(one.text)
    except SourceWrong:
        return False
    if scheme == "postgresql":
        return thing.kind == scheme and thing.name == table.table
    name = (table.file or "").rpartition("/")[2]
    return thing.kind == scheme and thing.name == f"{name}:{table.table}"


def _zones_apart(one: Listed, thing: Written) -> str | None:
    """Says where the settings read the times of a table in another zone than it is written in."""
    if scheme_of(one.text) != "postgresql" or not thing.zone or not _means(one, thing):
        return None
    times = table_source(one.text).times
    if not times or _plain_zone(times) == _plain_zone(thing.zone):
        return None
    return (
        f"{shown(one.text)}: read as {times}, but {thing.by} writes it in {thing.zone}: all calls would be "
        "hours off; correct &times="
    )


def _plain_zone(name: str) -> str:
    return "gmt" if name.lower() in ("utc", "gmt", "etc/utc", "etc/gmt") else name.lower()


def _written(switch: Switch) -> Iterator[Written]:
    """All that a switch writes its call records into, as its modules and their files say."""
    if runs(switch, "cdr_csv") and any(section == "csv" for section, _ in options_of(switch, "cdr.conf")):
        yield Written(kind="csv", name="Master.csv", by="cdr_csv")
    if runs(switch, "cdr_custom"):
        for section, option in options_of(switch, "cdr_custom.conf"):
            if option == "fields" or section == "mappings":
                name = option if section == "mappings" else section
                yield Written(kind="custom", name=name, by="cdr_custom")
    if runs(switch, "cdr_pgsql") and (pgsql := options_of(switch, "cdr_pgsql.conf")):
        yield Written(
            kind="postgresql",
            name=pgsql.get(("global", "table"), "cdr"),
            by="cdr_pgsql",
            zone=pgsql.get(("global", "timezone"), ""),
        )
    if runs(switch, "cdr_adaptive_odbc"):
        odbc = options_of(switch, "cdr_adaptive_odbc.conf")
        for section, option in odbc:
            if option == "connection":
                gmt = odbc.get((section, "usegmtime"), "").lower() in ("yes", "true", "1", "on")
                table = odbc.get((section, "table"), "cdr")
                yield Written(
                    kind="postgresql", name=table, by="cdr_adaptive_odbc", zone="gmt" if gmt else ""
                )
    if runs(switch, "cdr_sqlite3_custom"):
        for (section, option), table in options_of(switch, "cdr_sqlite3_custom.conf").items():
            if option == "table":
                name = section.rpartition("/")[2]
                file = name if name.endswith(".db") else f"{name}.db"
                yield Written(kind="sqlite", name=f"{file}:{table}", by="cdr_sqlite3_custom")


def _tables(switch: Switch) -> tuple[Verdict, str]:
    """Settings by which records are lost, doubled or spoiled on their way into a table; all were tried."""
    wrong = []
    if runs(switch, "cdr_pgsql"):
        encoding = options_of(switch, "cdr_pgsql.conf").get(("global", "encoding"), "")
        if not re.fullmatch(r"utf-?8", encoding, re.IGNORECASE):
            wrong.append("set encoding=UTF8 in cdr_pgsql.conf: Chinese names are spoiled without")
    if runs(switch, "cdr_adaptive_odbc"):
        wrong += _adaptive(switch)
    if runs(switch, "cdr_odbc"):
        wrong.append("cdr_odbc.so writes neither linkedid nor sequence: load cdr_adaptive_odbc.so instead")
    if wrong:
        return "bad", "; ".join(wrong)
    return "ok", "no setting spoils what is written into tables"


def _adaptive(switch: Switch) -> Iterator[str]:
    held = options_of(switch, "cdr_adaptive_odbc.conf")
    sections = [section for section, option in held if option == "connection"]
    for section in sections:
        if held.get((section, "quoted_identifiers"), "") != '"':
            yield (
                f'set quoted_identifiers=" in [{section}] of cdr_adaptive_odbc.conf: PostgreSQL refuses '
                "every record without, for its column is called end"
            )
        if filters := [option for name, option in held if name == section and option.startswith("filter")]:
            yield f"take {', '.join(filters)} out of [{section}] of cdr_adaptive_odbc.conf: it drops records"
    places = [(held[name, "connection"], held.get((name, "table"), "cdr")) for name in sections]
    for connection, table in sorted({place for place in places if places.count(place) > 1}):
        yield f"cdr_adaptive_odbc.conf names table {table} of {connection} twice: it has each call twice"
    odbc = options_of(switch, "res_odbc.conf")
    for name in sorted({connection for connection, _ in places}):
        if odbc.get((name, "backslash_is_escape"), "").lower() not in ("no", "false", "0", "off"):
            yield f"set backslash_is_escape=no in [{name}] of res_odbc.conf: backslashes are doubled without"


def _events(switch: Switch, events: Sequence[Listed]) -> tuple[Verdict, str]:
    """Channel events tell of the calls whose record was lost."""
    general = options_of(switch, "cel.conf")
    enabled = general.get(("general", "enable"), "no").lower() in ("yes", "true", "1", "on")
    held = options_of(switch, "cel_custom.conf") if runs(switch, "cel_custom") else {}
    files = [
        option if section == "mappings" else section
        for section, option in held
        if option == "fields" or section == "mappings"
    ]
    if not enabled or not files:
        said = "set enable = yes in cel.conf, and load cel_custom.so with a file in cel_custom.conf"
        if events:
            return "bad", f"events are collected and the switch writes none: {said}"
        return "warning", f"no channel events: nobody would know of a call whose record was lost; {said}"
    lost = [one for one in events if one.names is not None and not set(one.names) & set(files)]
    if lost:
        names = ", ".join(shown(one.text) for one in lost)
        return "bad", f"{names}: collected and not written; the switch writes {', '.join(files)}"
    grave: Verdict = "bad" if events else "warning"
    if untold := _untold(general.get(("general", "events"), "")):
        return grave, f"{untold} not asked for: set events = {cel.EVENTS} in [general] of cel.conf"
    readable = [file for file in files if _is_ours(held, file)]
    meant = [file for one in events for file in one.names or () if file in files]
    if not readable or not set(meant) <= set(readable):
        named = ", ".join(sorted(set(meant) - set(readable))) or ", ".join(files)
        return (
            grave,
            f"{named}: its lines cannot be read; write format = json and fields = {cel.MAPPING} in "
            "cel_custom.conf",
        )
    if not events:
        return (
            "warning",
            f"{', '.join(readable)}: written and not collected; add to events in seatline.toml",
        )
    return "ok", f"{', '.join(files)} tells of the calls whose record was lost"


def _untold(said: str) -> str:
    """The events without which a call's life is not told, of those that cel.conf does not ask for."""
    asked = {event.strip() for event in said.split(",")}
    return "" if "ALL" in asked else ", ".join(kind for kind in cel.Kind if kind not in asked)


def _is_ours(held: Options, file: str) -> bool:
    fields = [field.strip() for field in held.get((file, "fields"), "").split(",")]
    return held.get((file, "format"), "").lower() == "json" and ", ".join(fields) == cel.MAPPING
