"""What a switch still needs before it can be provisioned and billed from: a line a check (检查)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pbx import cdr_json
from pbx.action import Action, Reply
from provisioning.flows.examine_clock import clock_said, seconds_ahead
from provisioning.flows.known_advisories import MENDED_IN, open_in
from provisioning.flows.needed_modules import FOR_OFFERS, NEEDED
from provisioning.flows.ports import Switch
from provisioning.flows.read_switch import REGISTERED, registration_states
from provisioning.planning import names
from provisioning.planning.line import TRANSPORT
from provisioning.planning.old_layout import old_file

Verdict = Literal["ok", "warning", "bad"]

OLDEST = (22, 10, 0)
"""The oldest Asterisk that does what we need: 22.10 has cdr_custom's microseconds."""
MOST_NAMED = 4
"""Advisories and registrations a line names; it counts the others."""

_YES, _NO = ("yes", "true", "y", "t", "1", "on"), ("no", "false", "n", "f", "0", "off")
"""How Asterisk lets a switch be set (utils.c)."""

CDR_NEEDS: Mapping[tuple[str, str], str] = {
    ("general", "unanswered"): "yes",
    ("general", "batch"): "no",
    ("csv", "usegmtime"): "yes",
    ("csv", "loguniqueid"): "yes",
    ("csv", "loguserfield"): "yes",
    ("csv", "newcdrcolumns"): "yes",
    ("csv", "accountlogs"): "no",
}
"""Options of cdr.conf that billing stands on: without them a call is counted twice, or has no key."""

CDR_SPOILERS: Mapping[tuple[str, str], tuple[tuple[str, ...], str]] = {
    ("general", "enable"): (_NO, "no call leaves a record"),
    ("general", "channeldefaultenabled"): (_NO, "no call leaves a record"),
    ("general", "initiatedseconds"): (_YES, "whole seconds are rounded up and disagree with the exact times"),
    ("general", "ignorestatechanges"): (_YES, "the legs of a transferred call have no record of their own"),
    ("general", "ignoredialchanges"): (_YES, "the legs of a forked call have no record of their own"),
    ("general", "endbeforehexten"): (_YES, "what the dialplan does at a hangup is missing in the record"),
    ("general", "congestion"): (_NO, "calls that the operator had no line for are missing"),
}
"""Options of cdr.conf that may be left out and spoil the records where they are set so, and how."""


TOO_MUCH: Mapping[str, Action] = {
    "command": Action("Command", (("Command", "core show uptime"),)),
    "originate": Action("Originate"),
    "call": Action("Redirect"),
    "agi": Action("AGI"),
}
"""Rights we do not need, each with an action that does nothing: it names no channel (多余权限)."""

INCLUDES: Mapping[str, str] = {
    "pjsip.conf": "#tryinclude seatline-pjsip-*.conf",
    "extensions.conf": "#tryinclude seatline-extensions-*.conf",
}
"""The last line of each file of the switch's own through which our files come in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check and what it found; `text` says what is wrong and how to mend it."""

    check: str
    verdict: Verdict
    text: str


def examine(switch: Switch, now: datetime) -> tuple[Finding, ...]:
    """Every check of one switch, over its AMI; changes nothing.

    A check that the switch will not answer is a finding itself, and the others go on. Raises Unreachable
    when the switch stops answering.
    """
    checks: Mapping[str, Callable[[], tuple[Verdict, str]]] = {
        "version": lambda: _version(switch),
        "clock": lambda: _clock(switch, now),
        "systemname": lambda: _systemname(switch),
        "cdr.conf": lambda: _cdr_conf(switch),
        "cdr_custom.conf": lambda: _cdr_custom(switch),
        "pjsip.conf": lambda: _pjsip_conf(switch),
        "include lines": lambda: _include_lines(switch),
        "guests": lambda: _guests(switch),
        "rights": lambda: _rights(switch),
        "modules": lambda: _modules(switch),
        "registrations": lambda: _registrations(switch),
    }
    findings = []
    for check, look in checks.items():
        verdict, text = look()
        findings.append(Finding(check=f"{switch.name}: {check}", verdict=verdict, text=text))
    return tuple(findings)


def unreachable(name: str, why: str) -> Finding:
    """The finding for a switch that could not be asked at all."""
    return Finding(check=f"{name}: AMI", verdict="bad", text=why)


def _version(switch: Switch) -> tuple[Verdict, str]:
    said = switch.send(Action("CoreSettings")).fields.get("AsteriskVersion", "")
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", said)
    if not found:
        return "bad", f"Asterisk does not say its version ({said or 'no answer'})"
    version = (int(found[1]), int(found[2]), int(found[3]))
    unmended = open_in(version)
    flaws = f"; it has the known flaws {_named(unmended)}" if unmended else ""
    if version < OLDEST:
        return "bad", f"Asterisk {said} is older than {'.'.join(map(str, OLDEST))}: upgrade it{flaws}"
    if unmended:
        return "bad", f"Asterisk {said}: upgrade it to {'.'.join(map(str, max(MENDED_IN)))}{flaws}"
    return "ok", f"Asterisk {said}, no advisory known that it has not mended"


def _registrations(switch: Switch) -> tuple[Verdict, str]:
    """Whether the operator has all our registrations; others on the switch are nobody's business."""
    states = registration_states(switch)
    ours = {name: state for name, state in states.items() if names.registers_ours(name)}
    missing = [name for name, state in ours.items() if state != REGISTERED]
    if not ours:
        return "ok", "no registration at an operator"
    if missing:
        text = f"{len(missing)} of {len(ours)} are not in force: {_named(missing)}; see seatline drift"
        return "warning", text
    return "ok", f"{len(ours)} in force at the operator"


def _named(things: Sequence[str]) -> str:
    more = f" and {len(things) - MOST_NAMED} more" if len(things) > MOST_NAMED else ""
    return ", ".join(things[:MOST_NAMED]) + more


def _clock(switch: Switch, now: datetime) -> tuple[Verdict, str]:
    ahead = seconds_ahead(switch, lambda: now)
    if ahead is None:
        return "warning", "the switch does not tell its time"
    wrong = clock_said(ahead)
    return ("bad", wrong) if wrong else ("ok", "its clock and ours agree")


def _systemname(switch: Switch) -> tuple[Verdict, str]:
    name = options_of(switch, "asterisk.conf").get(("options", "systemname"))
    if not name:
        return (
            "bad",
            "set systemname in asterisk.conf: without it, unique ids of two switches can be the same",
        )
    return "ok", f"systemname is {name}"


def _cdr_conf(switch: Switch) -> tuple[Verdict, str]:
    held = options_of(switch, "cdr.conf")
    wrong = [
        f"[{section}] {option}={value}"
        for (section, option), value in CDR_NEEDS.items()
        if held.get((section, option), "").lower() != value
    ]
    if wrong:
        return "bad", f"call records cannot be billed from; set in cdr.conf: {', '.join(wrong)}"
    spoiled = [
        f"[{section}] {option}={held[section, option]}: {harm}"
        for (section, option), (values, harm) in CDR_SPOILERS.items()
        if held.get((section, option), "").lower() in values
    ]
    if spoiled:
        return "bad", f"call records are spoiled by cdr.conf: {'; '.join(spoiled)}; take these out"
    return "ok", "Master.csv has 21 columns in GMT, each call once"


def _cdr_custom(switch: Switch) -> tuple[Verdict, str]:
    held = options_of(switch, "cdr_custom.conf")
    mappings = {file: value for (file, option), value in held.items() if option == "fields"}
    ours = [file for file, value in mappings.items() if _plain(value) == _plain(cdr_json.MAPPING)]
    if any(held.get((file, "format"), "").lower() == "json" for file in ours):
        return "ok", f"{ours[0]} has every call to the microsecond"
    if any(value.lower() == "json" for (_, option), value in held.items() if option == "format"):
        return "bad", f"no line of cdr_custom.conf's mapping can be read; write fields = {cdr_json.MAPPING}"
    return (
        "warning",
        "no JSON mapping in cdr_custom.conf: calls are charged by whole seconds of Master.csv only",
    )


def _plain(fields: str) -> str:
    """A list of fields as cdr_custom reads it: blanks between them do not count."""
    return ",".join(field.strip() for field in fields.split(","))


def _pjsip_conf(switch: Switch) -> tuple[Verdict, str]:
    held = options_of(switch, "pjsip.conf")
    orders = [value for (_, option), value in held.items() if option == "endpoint_identifier_order"]
    missing = []
    if not orders or not orders[-1].startswith("auth_username"):
        missing.append("set endpoint_identifier_order=auth_username,ip in [global] of pjsip.conf")
    if held.get((TRANSPORT, "type"), "").lower() != "transport":
        missing.append(
            f"write a section [{TRANSPORT}] with type=transport, protocol=udp and bind=<address>:<port> "
            "into pjsip.conf and restart Asterisk: seats and lines use the transport of that name"
        )
    if missing:
        return "bad", "; ".join(missing)
    return "ok", f"seats are known by their digest user and use the transport {TRANSPORT}"


def _include_lines(switch: Switch) -> tuple[Verdict, str]:
    """Whether our files are read with the switch's own.

    AMI shows no #include line, but with a file the sections of those it includes: one of ours that is
    written and does not show there is not included. Before the first apply there is none to look for.
    """
    shown = {file: _sections(switch, file) for file in INCLUDES}
    sites = {site for name in shown["extensions.conf"] if (site := names.site_of(name)) is not None}
    sites |= {name.removeprefix("line-") for name in shown["pjsip.conf"] if name.startswith("line-")}
    ours = {
        "pjsip.conf": [names.pjsip_file(site) for site in sorted(sites)],
        "extensions.conf": [names.SHARED_FILE],
    }
    written = {file: _sections(switch, *ours[file]) for file in INCLUDES}
    written["pjsip.conf"] |= _sections(switch, *(old_file(site, 1) for site in sites))
    staged = {file: _sections(switch, *map(names.staged, ours[file])) for file in INCLUDES}
    lost = [file for file in INCLUDES if written[file] and not written[file] & shown[file]]
    unseen = [file for file in INCLUDES if not written[file]]
    see = "see that " + " and ".join(f"{file} ends in {INCLUDES[file]}" for file in unseen)
    if lost:
        lines = " and ".join(f"{INCLUDES[file]} as the last line of {file}" for file in lost)
        more = f"; and {see}" if unseen else ""
        return "bad", f"the switch does not read our files; write {lines}, and apply again{more}"
    if not unseen:
        return "ok", f"{' and '.join(INCLUDES)} include our files"
    if any(staged[file] for file in unseen):
        return "warning", f"the last apply was taken back, perhaps for want of a line: {see}"
    return "ok", f"cannot be told before the first apply: {see}"


def _guests(switch: Switch) -> tuple[Verdict, str]:
    if switch.send(Action("PJSIPShowEndpoint", (("Endpoint", "anonymous"),))).ok:
        return "bad", "there is an endpoint [anonymous]: anybody may call; take it out of pjsip.conf"
    return "ok", "no anonymous endpoint"


def _rights(switch: Switch) -> tuple[Verdict, str]:
    needed = {
        "config": Action("ListCategories", (("Filename", "pjsip.conf"),)),
        "system": Action("PJSIPShowAors"),
    }
    denied = [right for right, action in needed.items() if "ermission" in switch.send(action).message]
    if denied:
        return "bad", f"our AMI user lacks write={','.join(denied)} in manager.conf"
    if too_much := [right for right, action in TOO_MUCH.items() if _may(switch, action)]:
        rights = ",".join(too_much)
        return "warning", f"our AMI user has write={rights} as well: write=config,system is enough"
    return "ok", "our AMI user may configure and look, and neither run commands nor make calls"


def _may(switch: Switch, action: Action) -> bool:
    """Whether we have the right to an action; one that the switch does not know nobody has."""
    said = switch.send(action).message
    return "ermission" not in said and "unknown command" not in said


def _modules(switch: Switch) -> tuple[Verdict, str]:
    """Whether the modules run that our calls stand on: without one a call fails in its middle."""
    missing = [name for name in NEEDED if not runs(switch, name)]
    if missing:
        return "bad", f"not loaded: {', '.join(missing)}; write load = NAME.so into modules.conf and restart"
    if not runs(switch, FOR_OFFERS):
        return "warning", f"{FOR_OFFERS} is not loaded: `seatline iad --offer` cannot tell IADs to fetch"
    return "ok", f"the {len(NEEDED) + 1} modules that we need are loaded"


def runs(switch: Switch, module: str) -> bool:
    """Whether a module is loaded; where we may not ask, that is the rights' affair."""
    reply = switch.send(Action("ModuleCheck", (("Module", module),)))
    return reply.ok or "ermission" in reply.message


def options_of(switch: Switch, file: str) -> dict[tuple[str, str], str]:
    """(section, option) → value of a file of the switch; nothing when it would not give it."""
    reply: Reply = switch.send(Action("GetConfig", (("Filename", file),)))
    sections: dict[str, str] = {}
    options: dict[tuple[str, str], str] = {}
    for key, value in reply.lines:
        heading, _, number = key.partition("-")
        if heading == "Category":
            sections[number] = value
        elif heading == "Line":
            option, _, content = value.partition("=")
            options[sections.get(number[:6], ""), option.strip().lower()] = content.strip()
    return options


def _sections(switch: Switch, *files: str) -> set[str]:
    """The names of the sections of files and of those they include; none where a file is not there."""
    replies = [switch.send(Action("ListCategories", (("Filename", file),))) for file in files]
    return {name for reply in replies for key, name in reply.lines if key.startswith("Category-")}
