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
        "pjsip.conf": {"global": {"endpoint_identifier_order": "auth_username,ip"}},
    }


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
            case "PJSIPShowEndpoint":
                return Reply({"Response": "Error", "Message": "Unable to retrieve endpoint"})
            case "Command":
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
    assert [one.verdict for one in examine(Switch(), NOW)] == ["ok"] * 8


@pytest.mark.parametrize(
    ("file", "section", "option", "value", "said"),
    [
        ("cdr.conf", "csv", "accountlogs", "yes", "[csv] accountlogs=no"),
        ("cdr.conf", "csv", "newcdrcolumns", "no", "[csv] newcdrcolumns=yes"),
        ("cdr.conf", "csv", "usegmtime", "no", "[csv] usegmtime=yes"),
        ("cdr.conf", "general", "batch", "yes", "[general] batch=no"),
        ("cdr_custom.conf", "seatline.json", "fields", MAPPING.replace("src, dst", "dst, src"), MAPPING),
        ("pjsip.conf", "global", "endpoint_identifier_order", "ip,username", "auth_username"),
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
        ("CoreSettings", {}, "version", "bad", "does not say"),
        ("Ping", {"Timestamp": f"{NOW.timestamp() + 3600:.6f}"}, "clock", "bad", "3600 s"),
        ("Ping", {}, "clock", "warning", "time"),
        ("PJSIPShowEndpoint", {"Response": "Success"}, "guests", "bad", "anonymous"),
        ("Command", {"Response": "Success"}, "rights", "warning", "run commands"),
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


def test_a_switch_without_microseconds_is_warned_about() -> None:
    """Without our cdr_custom mapping calls can be billed, by whole seconds only."""
    files = sound()
    del files["cdr_custom.conf"]
    assert finding(Switch(files), "cdr_custom.conf").verdict == "warning"
