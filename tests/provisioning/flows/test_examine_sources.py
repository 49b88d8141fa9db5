"""What doctor says of a switch that writes other sources than are collected of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from pbx import cel
from pbx.action import Action, Reply
from provisioning.flows.examine_sources import Listed, examine_sources

Files = dict[str, dict[str, dict[str, str]]]
PASSWORD = "Geheim0Wort"


def files() -> Files:
    """A switch that writes two files and three tables, all as they should be."""
    return {
        "cdr.conf": {"general": {"enable": "yes"}, "csv": {"usegmtime": "yes"}},
        "cdr_custom.conf": {"seatline.json": {"format": "json", "fields": "..."}},
        "cdr_pgsql.conf": {
            "global": {"table": "cdr", "password": PASSWORD, "encoding": "UTF8", "timezone": "UTC"}
        },
        "cdr_adaptive_odbc.conf": {
            "first": {
                "connection": "calls", "table": "odbc", "usegmtime": "yes", "quoted_identifiers": '"',
            }
        },
        "res_odbc.conf": {"calls": {"backslash_is_escape": "no", "password": PASSWORD}},
        "cdr_sqlite3_custom.conf": {"master": {"table": "cdr", "columns": "..."}},
        "cel.conf": {"general": {"enable": "yes", "events": cel.EVENTS}},
        "cel_custom.conf": {"seatline.cel": {"format": "json", "fields": cel.MAPPING}},
    }  # fmt: skip


LOADED = ("cdr_csv", "cdr_custom", "cdr_pgsql", "cdr_adaptive_odbc", "cdr_sqlite3_custom", "cel_custom")
ALL = (
    Listed(text="/log/cdr-custom/seatline.json", names=("seatline.json",)),
    Listed(text="sftp://pbx@192.0.2.1/log/Master.csv", names=("Master.csv",)),
    Listed(text="postgresql://u@h/d?table=cdr&times=gmt", names=None),
    Listed(text="postgresql://u@h/d?table=odbc&times=gmt", names=None),
    Listed(text="sqlite:///log/master.db", names=("master.db",)),
)
EVENTS = (Listed(text="/log/cel-custom/seatline.cel", names=("seatline.cel",)),)


@dataclass
class Switch:
    """A switch with these files and modules."""

    files: Files = field(default_factory=files)
    modules: tuple[str, ...] = LOADED
    settings: Mapping[str, str] = field(default_factory=dict)
    name: str = "pbx"

    def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
        said = dict(action.headers)
        match action.name:
            case "CoreSettings":
                return Reply({"Response": "Success", **self.settings})
            case "ModuleCheck":
                return Reply({"Response": "Success" if said["Module"] in self.modules else "Error"})
            case "GetConfig":
                return Reply({"Response": "Success"}, tuple(self._lines(said["Filename"])))
        raise AssertionError(action.name)

    def _lines(self, file: str) -> Any:
        for number, (section, options) in enumerate(self.files.get(file, {}).items()):
            yield f"Category-{number:06}", section
            for line, (option, value) in enumerate(options.items()):
                yield f"Line-{number:06}-{line:06}", f"{option}={value}"

    def send_all(self, actions: Any, *, timeout: float = 10.0) -> list[Reply]:
        return [self.send(action) for action in actions]

    def close(self) -> None: ...


def found(switch: Switch, records: Any = ALL, events: Any = EVENTS) -> dict[str, tuple[str, str]]:
    told = {one.check: (one.verdict, one.text) for one in examine_sources(switch, records, events)}
    assert PASSWORD not in str(told)
    return told


def test_a_switch_of_which_all_is_collected_is_in_order():
    """Files, tables and events that are written are listed, and the other way round."""
    assert {verdict for verdict, _ in found(Switch()).values()} == {"ok"}


@pytest.mark.parametrize(
    ("left_out", "named"),
    [
        (0, "seatline.json (cdr_custom)"),
        (1, "Master.csv (cdr_csv)"),
        (2, "cdr (cdr_pgsql)"),
        (3, "odbc (cdr_adaptive_odbc)"),
        (4, "master.db:cdr (cdr_sqlite3_custom)"),
    ],
)
def test_a_source_that_is_written_and_not_collected_is_named(left_out: int, named: str):
    """What is missing in the settings could have what another source lost."""
    records = tuple(one for place, one in enumerate(ALL) if place != left_out)
    verdict, text = found(Switch(), records)["pbx: records"]
    assert (verdict, text.startswith(f"{named}: written and not collected")) == ("warning", True)


@pytest.mark.parametrize("module", [name for name in LOADED if name.startswith("cdr")])
def test_a_source_that_is_collected_and_not_written_is_named(module: str):
    """A module that is not loaded writes nothing: its source stays empty, and nobody would notice."""
    modules = tuple(name for name in LOADED if name != module)
    verdict, text = found(Switch(modules=modules))["pbx: records"]
    assert (verdict, "is collected and nothing writes it" in text) == ("bad", True)


def test_a_folder_that_nobody_can_look_into_may_hold_any_file():
    """A folder on another machine is taken for what it says."""
    folder = Listed(text="sftp://pbx@192.0.2.1/var/log/asterisk", names=None)
    assert found(Switch(), (folder, *ALL[2:]))["pbx: records"][0] == "ok"


def test_a_table_read_in_another_zone_than_it_is_written_in_is_named():
    """usegmtime=yes and times=Asia/Shanghai: every call would be eight hours off."""
    wrong = Listed(text="postgresql://u@h/d?table=odbc&times=Asia/Shanghai")
    verdict, text = found(Switch(), (*ALL[:3], wrong, ALL[4]))["pbx: records"]
    assert (verdict, "all calls would be hours off" in text) == ("bad", True)


def test_call_records_that_are_switched_off_are_named():
    """CoreCDRenabled: No."""
    verdict, text = found(Switch(settings={"CoreCDRenabled": "No"}))["pbx: records"]
    assert (verdict, "switched off" in text) == ("bad", True)


@pytest.mark.parametrize(
    ("file", "section", "option", "value", "said"),
    [
        ("cdr_pgsql.conf", "global", "encoding", "", "encoding=UTF8"),
        ("cdr_pgsql.conf", "global", "encoding", "LATIN9", "encoding=UTF8"),
        ("cdr_adaptive_odbc.conf", "first", "quoted_identifiers", "", "quoted_identifiers"),
        ("cdr_adaptive_odbc.conf", "first", "filter src", "123", "it drops records"),
        ("res_odbc.conf", "calls", "backslash_is_escape", "yes", "backslash_is_escape=no"),
    ],
)
def test_what_loses_or_spoils_records_in_a_table_is_named(
    file: str, section: str, option: str, value: str, said: str
):
    """Each of these was tried with a real Asterisk, and lost or spoiled records without a word."""
    held = files()
    held[file][section][option] = value
    verdict, text = found(Switch(files=held))["pbx: tables"]
    assert (verdict, said in text) == ("bad", True)


def test_a_table_that_is_named_twice_has_each_call_twice():
    """Two sections of cdr_adaptive_odbc.conf with one connection and table."""
    held = files()
    held["cdr_adaptive_odbc.conf"]["second"] = dict(held["cdr_adaptive_odbc.conf"]["first"])
    assert "names table odbc of calls twice" in found(Switch(files=held))["pbx: tables"][1]


def test_events_that_are_collected_and_not_written_are_named():
    """Without channel events nobody would know of a call whose record was lost."""
    off = files() | {"cel.conf": {"general": {"enable": "no"}}}
    assert found(Switch(files=off))["pbx: events"][0] == "bad"
    assert found(Switch(files=off), events=())["pbx: events"][0] == "warning"
    other = (Listed(text="/log/other.cel", names=("other.cel",)),)
    assert found(Switch(), events=other)["pbx: events"][0] == "bad"
    assert "written and not collected" in found(Switch(), events=())["pbx: events"][1]


@pytest.mark.parametrize(
    ("file", "section", "option", "value", "said"),
    [
        ("cel.conf", "general", "events", cel.EVENTS.replace(",CHAN_END", ""), "CHAN_END not asked for"),
        ("cel.conf", "general", "events", "", "set events = CHAN_START,"),
        ("cel_custom.conf", "seatline.cel", "fields", "eventtype, eventtime", "cannot be read"),
        ("cel_custom.conf", "seatline.cel", "format", "dsv", "cannot be read"),
    ],
)
def test_events_that_tell_too_little_or_cannot_be_read_are_named(file, section, option, value, said):
    """A file of events that is written and collected tells of no call where its lines are others, or where
    the end of a channel is none of its events."""
    held = files()
    held[file][section][option] = value
    verdict, text = found(Switch(files=held))["pbx: events"]
    assert (verdict, said in text) == ("bad", True), text
    assert found(Switch(files=held), events=())["pbx: events"][0] == "warning"


def test_a_switch_that_asks_for_all_events_asks_for_ours():
    """events = ALL in cel.conf is enough."""
    held = files()
    held["cel.conf"]["general"]["events"] = "ALL"
    assert found(Switch(files=held))["pbx: events"][0] == "ok"
