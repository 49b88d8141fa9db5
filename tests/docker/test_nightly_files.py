"""What is shipped to run the nightly job on a machine: units, cron, compose, alerts, dashboard."""

from __future__ import annotations

import configparser
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from provisioning.documents.metrics import metrics

NIGHTLY = Path(__file__).parents[2] / "docker" / "nightly"
REPORT: dict[str, Any] = {
    "began": "2025-11-20T02:10:00+08:00",
    "code": 0,
    "steps": [{"step": "collect", "state": "done", "sources": [{"switch": "pbx", "error": None}]}],
}


def known() -> set[str]:
    """The names of all metrics there are, whether a night has any of them or not."""
    text = metrics(REPORT, last_good=None).decode()
    return {family.name for family in text_string_to_metric_families(text)}


def named(text: str) -> set[str]:
    return set(re.findall(r"seatline_[a-z_]+", text))


def unit(name: str) -> configparser.RawConfigParser:
    class Many(dict):  # a key may stand several times in a unit
        def __setitem__(self, key, value):
            if isinstance(value, list) and isinstance(self.get(key), list):
                value = self[key] + value
            super().__setitem__(key, value)

    read = configparser.RawConfigParser(dict_type=Many, strict=False)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read_string((NIGHTLY / name).read_text(encoding="utf-8"))
    return read


def test_the_timer_makes_up_for_a_night_off() -> None:
    """It starts each night by the clocks in Shanghai, also one on which the machine was off."""
    timer = unit("seatline-nightly.timer")["Timer"]
    assert timer["Persistent"] == "true"
    assert timer["OnCalendar"].endswith("Asia/Shanghai")


def test_the_service_may_do_nothing_but_its_work() -> None:
    """It runs once, as nobody special, writes into its own folder only, and 75 and 6 are tried again."""
    service = unit("seatline-nightly.service")["Service"]
    assert (service["Type"], service["User"], service["Restart"]) == ("oneshot", "seatline", "on-failure")
    assert service["ExecStart"].endswith("seatline nightly")
    hardened = ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "ProtectKernelModules", "RestrictNamespaces")
    assert {service[key] for key in hardened} == {"yes"}
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    assert service["SuccessExitStatus"] == "3"
    assert not {"6", "75"} & set(service["RestartPreventExitStatus"].split())


def test_cron_has_a_time_a_user_and_the_command() -> None:
    """Each line but settings and comments is five fields of time, a user, and what is run."""
    lines = (NIGHTLY / "seatline-nightly.cron").read_text(encoding="utf-8").splitlines()
    (line,) = [one for one in lines if one and not re.match(r"#|[A-Z_]+=", one)]
    *when, user, command = line.split(maxsplit=6)
    assert (when, user) == (["10", "2", "*", "*", "*"], "seatline")
    done = subprocess.run(["sh", "-n", "-c", command], capture_output=True, check=False)
    assert done.returncode == 0


def test_alerts_ask_for_metrics_that_are_there() -> None:
    """Each rule has an expression over metrics that a night writes, how grave it is, and what to do."""
    rules = YAML(typ="safe").load(NIGHTLY / "alerts.yml")["groups"][0]["rules"]
    assert len(rules) >= 9
    for rule in rules:
        assert named(rule["expr"])
        assert named(rule["expr"]) <= known(), rule["alert"]
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"].keys() == {"summary", "description"}


def test_the_dashboard_shows_metrics_that_are_there() -> None:
    """Each panel asks for metrics that a night writes; together they show each of them but one."""
    board = json.loads((NIGHTLY / "grafana-dashboard.json").read_text(encoding="utf-8"))
    asked = set()
    for panel in board["panels"]:
        for target in panel["targets"]:
            assert named(target["expr"]), panel["title"]
            asked |= named(target["expr"])
    assert asked <= known()
    assert known() - asked == {"seatline_nightly_under_way_since_timestamp_seconds"}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_the_container_is_closed() -> None:
    """The compose service has no rights, a root that it cannot write to, and reads records only."""
    service = YAML(typ="safe").load(NIGHTLY / "compose.yaml")["services"]["nightly"]
    assert (service["cap_drop"], service["read_only"]) == (["ALL"], True)
    assert service["volumes"][1].endswith(":ro")


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[Path]:
    """A folder with a `seatline` that notes each call and ends with the next code of a list."""
    (tmp_path / "seatline").write_text(
        '#!/bin/sh\ncd "$(dirname "$0")"\necho "$@" >> calls\n'
        'code=$(head -n 1 codes); sed -i 1d codes; [ "$code" = wait ] && exec sleep 600; exit "${code:-0}"\n'
    )
    (tmp_path / "seatline").chmod(0o755)
    return tmp_path


def start(stub: Path, **more: str) -> subprocess.Popen[str]:
    environment = {"PATH": f"{stub}:{os.environ['PATH']}", "SEATLINE_NIGHTLY_RETRY": "0.05"} | more
    return subprocess.Popen(
        ["sh", NIGHTLY / "every-night.sh"], env=environment, stderr=subprocess.PIPE, text=True
    )


def wait_for_calls(stub: Path, count: int) -> None:
    end = time.monotonic() + 60
    while not (stub / "calls").exists() or len((stub / "calls").read_text().splitlines()) < count:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_container_tries_again_while_the_ledger_is_out_of_reach(stub: Path) -> None:
    """It runs at once; after 75 again and again, and after 6: the run of a container that was killed is over
    in a quarter of an hour. After anything else not before its time; SIGTERM ends it."""
    (stub / "codes").write_text("75\n6\n1\n")
    process = start(stub)
    wait_for_calls(stub, 3)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
    assert (stub / "calls").read_text() == "nightly\n" * 3


def test_a_run_under_way_is_ended_with_the_container(stub: Path) -> None:
    """SIGTERM reaches the run itself and is waited for."""
    (stub / "codes").write_text("wait\n")
    process = start(stub)
    wait_for_calls(stub, 1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143


@pytest.mark.parametrize("at", ["2:10", "24:00", "02:60", "tonight"])
def test_a_time_that_is_none(stub: Path, at: str) -> None:
    """It says what a time looks like, and runs nothing."""
    process = start(stub, SEATLINE_NIGHTLY_AT=at)
    said = process.communicate(timeout=60)[1]
    assert (process.returncode, "is a time like 02:10" in said) == (1, True)
    assert not (stub / "calls").exists()
