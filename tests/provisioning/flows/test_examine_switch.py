"""What doctor finds on a switch that answers this or that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from pbx.action import Action, Reply
from pbx.cdr_json import MAPPING
from provisioning.flows.examine_switch import Finding, examine

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DENIED = Reply({"Response": "Error", "Message": "Permission denied"})

Files = dict[str, dict[str, dict[str, str]]]


def sound() -> Files:
    """The configuration files of a switch that lacks nothing."""
    return {
        "asterisk.conf": {"options": {"systemname": "pbx"}},
        "cdr.conf": {
            "general": {"unanswered": "yes", "batch": "no"},
            "csv": {
                "usegmtime": "yes",
                "loguniqueid": "yes",
                "loguserfield": "yes",
                "newcdrcolumns": "yes",
                "accountlogs": "no",
            },
        },
        "cdr_custom.conf": {"seatline.json": {"format": "json", "fields": MAPPING}},
        "pjsip.conf": {
            "global": {"endpoint_identifier_order": "auth_username,ip"},
            "seatline-udp": {"type": "transport", "bind": "192.0.2.1:5060"},
        },
        "extensions.conf": {"globals": {}},
    }


SHARED, SITE = "seatline-extensions-0-shared.conf", "seatline-pjsip-0_zhaotong.conf"


def applied(*, included: tuple[str, ...] = ("pjsip.conf", "extensions.conf")) -> Files:
    """The files after an apply, those of `included` with the line that includes ours."""
    files = sound()
    files[SHARED] = {"seatline-emergency": {}}
    files[SITE] = {"line-zhaotong": {"type": "endpoint"}, "seat-08702120001": {"type": "endpoint"}}
    if "extensions.conf" in included:
        files["extensions.conf"] |= {"seatline-zhaotong-a-numbers": {}} | files[SHARED]
    if "pjsip.conf" in included:
        files["pjsip.conf"] |= files[SITE]
    return files


@dataclass
class Switch:
    """A switch with these files; `answers` overrides single actions."""

    files: Files = field(default_factory=sound)
    answers: Mapping[str, Reply] = field(default_factory=dict)
    name: str = "pbx"

    def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
        if action.name in self.answers:
            return self.answers[action.name]
        match action.name:
            case "CoreSettings":
                return Reply({"Response": "Success", "AsteriskVersion": "22.10.1"})
            case "Ping":
                return Reply({"Response": "Success", "Timestamp": f"{NOW.timestamp():.6f}"})
            case "GetConfig":
                return Reply({"Response": "Success"}, tuple(self._lines(dict(action.headers)["Filename"])))
            case "ListCategories":
                lines = self._lines(dict(action.headers)["Filename"])
                named = tuple(line for line in lines if line[0].startswith("Category"))
                return Reply({"Response": "Success" if named else "Error"}, named)
            case "PJSIPShowEndpoint":
                return Reply({"Response": "Error", "Message": "Unable to retrieve endpoint"})
            case "Command" | "Originate" | "Redirect" | "AGI":
                return DENIED
        return Reply({"Response": "Success"})

    def _lines(self, file: str) -> list[tuple[str, str]]:
        lines: list[tuple[str, str]] = []
        for number, (section, options) in enumerate(self.files.get(file, {}).items()):
            lines.append((f"Category-{number:06}", section))
            for place, (option, value) in enumerate(options.items()):
                lines.append((f"Line-{number:06}-{place:06}", f"{option}={value}"))
        return lines

    def close(self) -> None: ...


def finding(switch: Switch, check: str) -> Finding:
    return next(one for one in examine(switch, NOW) if one.check == f"pbx: {check}")


def test_a_switch_that_lacks_nothing() -> None:
    """Every check of a sound switch is ok."""
    assert [one.verdict for one in examine(Switch(), NOW)] == ["ok"] * 11
    assert {one.verdict for one in examine(Switch(applied()), NOW)} == {"ok"}


@pytest.mark.parametrize(
    ("file", "section", "option", "value", "said"),
    [
        ("cdr.conf", "csv", "accountlogs", "yes", "[csv] accountlogs=no"),
        ("cdr.conf", "csv", "newcdrcolumns", "no", "[csv] newcdrcolumns=yes"),
        ("cdr.conf", "csv", "usegmtime", "no", "[csv] usegmtime=yes"),
        ("cdr.conf", "general", "batch", "yes", "[general] batch=no"),
        ("cdr.conf", "general", "enable", "no", "no call leaves a record"),
        ("cdr.conf", "general", "initiatedseconds", "yes", "[general] initiatedseconds=yes"),
        ("cdr.conf", "general", "ignoredialchanges", "1", "legs of a forked call"),
        ("cdr.conf", "general", "ignorestatechanges", "on", "legs of a transferred call"),
        ("cdr.conf", "general", "congestion", "no", "[general] congestion=no"),
        ("cdr_custom.conf", "seatline.json", "fields", MAPPING.replace("src, dst", "dst, src"), MAPPING),
        ("pjsip.conf", "global", "endpoint_identifier_order", "ip,username", "auth_username"),
        ("pjsip.conf", "seatline-udp", "type", "endpoint", "[seatline-udp] with type=transport"),
        ("asterisk.conf", "options", "systemname", "", "systemname"),
    ],
)
def test_a_setting_that_billing_or_calls_stand_on(
    file: str, section: str, option: str, value: str, said: str
) -> None:
    """A switch set otherwise is bad, and the option to mend is named."""
    files = sound()
    files[file][section][option] = value
    bad = [one for one in examine(Switch(files), NOW) if one.verdict == "bad"]
    assert len(bad) == 1
    assert said in bad[0].text


@pytest.mark.parametrize(
    ("action", "reply", "check", "verdict", "said"),
    [
        ("CoreSettings", {"AsteriskVersion": "22.9.0"}, "version", "bad", "older than 22.10.0"),
        ("CoreSettings", {"AsteriskVersion": "22.10.0"}, "version", "bad", "upgrade it to 22.10.1"),
        ("CoreSettings", {"AsteriskVersion": "22.10.0"}, "version", "bad", "CVE-2026-57191"),
        ("CoreSettings", {"AsteriskVersion": "22.11.0"}, "version", "ok", "no advisory known"),
        ("CoreSettings", {}, "version", "bad", "does not say"),
        ("Ping", {"Timestamp": f"{NOW.timestamp() + 3600:.6f}"}, "clock", "bad", "3600 s"),
        ("Ping", {}, "clock", "warning", "time"),
        ("PJSIPShowEndpoint", {"Response": "Success"}, "guests", "bad", "anonymous"),
        ("Command", {"Response": "Success"}, "rights", "warning", "write=command as well"),
        ("Originate", {"Message": "Channel not specified"}, "rights", "warning", "write=originate as well"),
        ("Redirect", {"Message": "Channel not specified"}, "rights", "warning", "write=call as well"),
        ("AGI", {"Message": "Both, Channel and Command are *required*"}, "rights", "warning", "=agi as"),
        ("AGI", {"Message": "Invalid/unknown command: AGI. Use Action: List"}, "rights", "ok", "no"),
        ("ListCategories", {"Response": "Error", "Message": "Permission denied"}, "rights", "bad", "config"),
        ("PJSIPShowAors", {"Response": "Error", "Message": "Permission denied"}, "rights", "bad", "system"),
    ],
)
def test_an_answer_that_is_not_right(
    action: str, reply: dict[str, str], check: str, verdict: str, said: str
) -> None:
    """An old version, a wrong clock, guests and wrong rights are each a finding of their own."""
    found = finding(Switch(answers={action: Reply(reply)}), check)
    assert found.verdict == verdict
    assert said in found.text


def test_rights_are_looked_at_without_doing_anything() -> None:
    """What shows a right we should not have names no channel and no number: nothing can come of it."""
    asked: list[Action] = []

    class Noted(Switch):
        def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
            asked.append(action)
            return super().send(action, timeout=timeout)

    success = Reply({"Response": "Success"})
    switch = Noted(answers=dict.fromkeys(("Command", "Originate", "Redirect", "AGI"), success))
    assert "write=command,originate,call,agi as well" in finding(switch, "rights").text
    probes = {one.name: one.headers for one in asked}
    assert [probes[name] for name in ("Originate", "Redirect", "AGI")] == [(), (), ()]


def test_a_switch_without_microseconds_is_warned_about() -> None:
    """Without our cdr_custom mapping calls can be billed, by whole seconds only."""
    files = sound()
    del files["cdr_custom.conf"]
    assert finding(Switch(files), "cdr_custom.conf").verdict == "warning"


def test_before_the_first_apply_nobody_knows_about_the_include_lines() -> None:
    """A fresh switch is not alarmed, and told which two lines its files should end in."""
    found = finding(Switch(), "include lines")
    assert found.verdict == "ok"
    assert "cannot be told before the first apply" in found.text
    assert "pjsip.conf ends in #tryinclude seatline-pjsip-*.conf" in found.text
    assert "extensions.conf ends in #tryinclude seatline-extensions-*.conf" in found.text


@pytest.mark.parametrize("lost", ["pjsip.conf", "extensions.conf"])
def test_a_switch_that_does_not_include_our_files(lost: str) -> None:
    """Files that are written and not read are bad, and the line to add is named with its file."""
    files = applied(included=tuple({"pjsip.conf", "extensions.conf"} - {lost}))
    found = finding(Switch(files), "include lines")
    assert found.verdict == "bad"
    assert (
        f"#tryinclude seatline-{lost.removesuffix('.conf')}-*.conf as the last line of {lost}" in found.text
    )
    assert found.text.count("#tryinclude") == 1


@pytest.mark.parametrize(("shown", "verdict"), [(True, "ok"), (False, "bad")])
def test_a_site_in_files_of_an_earlier_version(shown: bool, verdict: str) -> None:
    """The include lines are proved by the files of an earlier version, too."""
    files = applied(included=("pjsip.conf", "extensions.conf") if shown else ("extensions.conf",))
    files["seatline-pjsip-zhaotong-01.conf"] = files.pop(SITE)
    assert finding(Switch(files), "include lines").verdict == verdict


def test_a_switch_that_includes_nothing_of_ours() -> None:
    """Where neither line is there both are named, the one that cannot be proved as a thing to look at."""
    found = finding(Switch(applied(included=())), "include lines")
    assert found.verdict == "bad"
    assert found.text.count("#tryinclude") == 2


def test_a_switch_whose_sites_are_all_gone() -> None:
    """With the shared dialplan alone there is nothing that pjsip.conf could show, and no alarm."""
    files = applied()
    for file in (SITE, f"staged-{SHARED}"):
        files[file] = {}
    files["pjsip.conf"] = sound()["pjsip.conf"]
    files["extensions.conf"] = {"globals": {}} | files[SHARED]
    assert finding(Switch(files), "include lines").verdict == "ok"


def test_an_apply_that_was_taken_back_is_a_warning() -> None:
    """Where only the staged files are left, the include lines are the first thing to look at."""
    files = sound()
    files[f"staged-{SHARED}"] = {"seatline-emergency": {}}
    found = finding(Switch(files), "include lines")
    assert found.verdict == "warning"
    assert found.text.count("#tryinclude") == 2


def test_a_site_that_was_taken_back_is_a_warning() -> None:
    """Where a site's dialplan was read and its objects are staged only, pjsip.conf's line is named."""
    files = applied()
    files[f"staged-{SITE}"] = files.pop(SITE)
    files["pjsip.conf"] = sound()["pjsip.conf"]
    found = finding(Switch(files), "include lines")
    assert found.verdict == "warning"
    assert found.text.endswith("pjsip.conf ends in #tryinclude seatline-pjsip-*.conf")


def test_a_switch_without_our_transport() -> None:
    """Seats and lines name the transport seatline-udp: without it nobody can call."""
    files = sound()
    del files["pjsip.conf"]["seatline-udp"]
    found = finding(Switch(files), "pjsip.conf")
    assert found.verdict == "bad"
    assert "[seatline-udp]" in found.text


def test_registrations_that_are_not_in_force() -> None:
    """Of our registrations those that are not in force are named; those of others are not looked at."""

    def said(*states: tuple[str, str]) -> Finding:
        events = tuple({"ObjectName": name, "Status": state} for name, state in states)
        answers = {"PJSIPShowRegistrationsOutbound": Reply({"Response": "Success"}, (), events)}
        return finding(Switch(answers=answers), "registrations")

    assert said(("08702120001-ims", "Registered"), ("foreign", "Rejected")).text == (
        "1 in force at the operator"
    )
    found = said(("08702120001-ims", "Registered"), ("line-zhaotong-ims", "Rejected"))
    assert (found.verdict, found.text[:40]) == ("warning", "1 of 2 are not in force: line-zhaotong-i")
    many = said(*((f"0870212000{n}-ims", "Stopped") for n in range(6)))
    assert "and 2 more" in many.text


@dataclass
class Without(Switch):
    """A switch that has not loaded these modules."""

    modules: tuple[str, ...] = ()

    def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
        if action.name == "ModuleCheck" and dict(action.headers)["Module"] in self.modules:
            return Reply({"Response": "Error", "Message": "Module not loaded"})
        return super().send(action, timeout=timeout)


@pytest.mark.parametrize(
    ("modules", "verdict", "said"),
    [
        (("func_groupcount", "app_stack"), "bad", "not loaded: app_stack, func_groupcount;"),
        (("res_pjsip_header_funcs", "res_pjsip_notify"), "bad", "not loaded: res_pjsip_header_funcs;"),
        (("res_pjsip_outbound_registration",), "bad", "not loaded: res_pjsip_outbound_registration;"),
        (("res_pjsip_notify",), "warning", "seatline iad --offer"),
        (("app_voicemail",), "ok", "are loaded"),
    ],
)
def test_modules_that_are_not_loaded(modules: tuple[str, ...], verdict: str, said: str) -> None:
    """A module that our calls stand on is named where it is not loaded; one for offers is a warning."""
    found = finding(Without(modules=modules), "modules")
    assert found.verdict == verdict
    assert said in found.text


def test_modules_we_may_not_ask_for() -> None:
    """Without the right to ask, it is the rights that are bad, and no module is said to be missing."""
    assert finding(Switch(answers={"ModuleCheck": DENIED}), "modules").verdict == "ok"
