"""What doctor finds on a real switch."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)


@pytest.fixture
def seatline(pbx: Any, tmp_path: Path) -> Any:
    """Runs a command where the switch is set up and the ledger is fresh."""
    (tmp_path / "seatline.toml").write_text(
        f'[switches.pbx]\nami = "{pbx.ami_host}:{pbx.ami_port}"\nsecret_file = "{pbx.secret_file}"\n'
        f'records = ["{pbx.log}"]\nevents = ["{pbx.log}/cel-custom/seatline-events.json"]\n',
        encoding="utf-8",
    )

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("SEATLINE")}
        return subprocess.run(
            [sys.executable, "-m", "provisioning", *command],
            cwd=tmp_path, env=clean, capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert run("db", "upgrade").returncode == 0
    return run


@pytest.fixture
def findings(pbx: Any, seatline: Any) -> Any:
    """Runs doctor against the switch: verdict and text by check."""

    def look() -> dict[str, tuple[str, str]]:
        done = seatline("doctor", "--json")
        assert pbx.secret not in done.stdout + done.stderr
        return {one["check"]: (one["verdict"], one["text"]) for one in json.loads(done.stdout)["findings"]}

    return look


def test_our_own_switch_lacks_nothing(findings: Any, seatline: Any) -> None:
    """The switch of docker/pbx is all that doctor asks for, once the ledger is backed up."""
    verdict, text = findings()["backup"]
    assert (verdict, "no backup on record" in text) == ("warning", True)
    assert seatline("db", "backup", "ledger-backup.db").returncode == 0
    found = {check: said for check, said in findings().items() if check != "disk"}
    assert {check: said for check, said in found.items() if said[0] != "ok"} == {}


def test_a_cdr_conf_set_otherwise_is_named(findings: Any, pbx: Any) -> None:
    """accountlogs=yes writes every record twice: doctor says so."""
    wrong = "sed -i 's/accountlogs = no/accountlogs = yes/' /etc/asterisk/cdr.conf"
    pbx.shell(f"cp /etc/asterisk/cdr.conf /tmp/kept && {wrong}")
    try:
        verdict, text = findings()["pbx: cdr.conf"]
    finally:
        pbx.shell("cat /tmp/kept > /etc/asterisk/cdr.conf")
    assert verdict == "bad"
    assert "accountlogs=no" in text


@pytest.mark.parametrize(("module", "verdict"), [("func_groupcount", "bad"), ("res_pjsip_notify", "warning")])
def test_a_module_that_is_not_loaded_is_named(findings: Any, pbx: Any, module: str, verdict: str) -> None:
    """Our AMI user may ask which modules run, and one of ours that does not is named."""
    assert findings()["pbx: modules"][0] == "ok"
    pbx.cli(f"module unload {module}.so")
    try:
        said, text = findings()["pbx: modules"]
    finally:
        pbx.cli(f"module load {module}.so")
    assert (said, module in text) == (verdict, True)


def test_include_lines_that_are_missing_are_named(findings: Any, pbx: Any) -> None:
    """A switch that does not read our files after an apply is told which line to write into which file."""
    book = sites.Book((sites.contract(),))
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        assert not [outcome.fault for outcome in sites.apply_to(ami, book).outcomes if outcome.fault]
    assert findings()["pbx: include lines"] == ("ok", "pjsip.conf and extensions.conf include our files")
    said = {}
    for file in ("pjsip.conf", "extensions.conf"):
        pbx.shell(f"cd /etc/asterisk && cp {file} /tmp/kept && sed -i '/#tryinclude seatline/d' {file}")
        try:
            said[file] = findings()["pbx: include lines"]
        finally:
            pbx.shell(f"cat /tmp/kept > /etc/asterisk/{file}")
    for file, (verdict, text) in said.items():
        assert verdict == "bad"
        assert f"as the last line of {file}" in text


def test_an_apply_to_a_switch_without_the_lines_is_explained(findings: Any, pbx: Any) -> None:
    """After a first apply that was taken back for want of the include lines doctor names them."""
    book = sites.Book((sites.contract(),))
    pbx.shell("cp /etc/asterisk/pjsip.conf /tmp/kept && sed -i '/#tryinclude/d' /etc/asterisk/pjsip.conf")
    try:
        with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
            assert [outcome.fault for outcome in sites.apply_to(ami, book).outcomes if outcome.fault]
        verdict, text = findings()["pbx: include lines"]
    finally:
        pbx.shell("cat /tmp/kept > /etc/asterisk/pjsip.conf")
    assert (verdict, "pjsip.conf ends in #tryinclude seatline-pjsip-*.conf" in text) == ("warning", True)
