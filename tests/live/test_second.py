"""Several switches under one ledger, from the command line: one down, one that refuses, and AMI over TLS."""

from __future__ import annotations

import importlib.util
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_spec = importlib.util.spec_from_file_location("live_second", Path(__file__).with_name("second.py"))
assert _spec is not None
assert _spec.loader is not None
second = sys.modules.setdefault("live_second", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(second)

_desks_spec = importlib.util.spec_from_file_location("live_desks", Path(__file__).with_name("desk.py"))
assert _desks_spec is not None
assert _desks_spec.loader is not None
desks = sys.modules.setdefault("live_desks", importlib.util.module_from_spec(_desks_spec))
_desks_spec.loader.exec_module(desks)

pytestmark = pytest.mark.live

CONTRACT = """\
contract: {site}-2025
customer: {{name: 某办公室}}
operator: {{name: 中国移动}}
term: {{from: 2025-01-01, to: 2099-12-31}}
calls:
  increment: 60
  rates: {{internal: "0", local: "0.06", domestic: "0.06", service: "0.06"}}
  incoming: "0"
site:
  name: {site}
  area_code: "{area}"
  short_numbers: {{digits: 4, first: "6"}}
  {ims}
  numbers:
    - {{long_number: "{area}2120001", short_number: "6001"}}
    - {{long_number: "{area}2120002", short_number: "6002"}}
"""


IMS = f'ims: {{domain: ims.example.net, proxy: "sip:{second.NET}.2:5070"}}'


def certificate(folder: Path, host: str, *days: str) -> str:
    """A certificate of that address, signed by itself, and its key, in PEM."""
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *files, *(days or ("-days", "90")),
         "-subj", f"/CN={host}", "-addext", f"subjectAltName=IP:{host}"],
        check=True, capture_output=True,
    )  # fmt: skip
    return (folder / "certificate.pem").read_text() + (folder / "key.pem").read_text()


@pytest.fixture(scope="module")
def switch_with_tls(image: str, alone: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A second switch, which speaks TLS as well."""
    folder = tmp_path_factory.mktemp("second")
    with second.second_switch(image, folder / "run", certificate=certificate(folder, second.HOST)) as found:
        (folder / "run" / "certificate.pem").write_text((folder / "certificate.pem").read_text())
        yield found


@pytest.fixture
def another(switch_with_tls: Any) -> Any:
    """The second switch with nothing provisioned on it."""
    switch_with_tls.wipe()
    return switch_with_tls


@pytest.fixture
def desk(pbx: Any, another: Any, tmp_path: Path) -> Any:
    """Two contracts in the ledger, a switch for each."""
    ami, other_ami = f"{pbx.ami_host}:{pbx.ami_port}", f"{second.HOST}:{second.AMI_PORT}"
    first = desks.switch_table("first", ami, pbx.secret_file, sites=["zhaotong"])
    other = desks.switch_table("second", other_ami, another.secret_file, sites=["qujing"])
    desk = desks.Desk(tmp_path, first + other)
    for site, area in (("zhaotong", "0870"), ("qujing", "0874")):
        text = CONTRACT.format(site=site, area=area, ims=IMS)
        (tmp_path / f"{site}.yaml").write_text(text, encoding="utf-8")
        desk("contract", "add", f"{site}.yaml")
    return desk


def test_one_switch_down_one_refuses_then_both_are_well(desk: Any, another: Any) -> None:
    """A switch that is down, or refuses its site, keeps nobody waiting: the other has its site, whole."""
    another.stop()
    said = desk.said("plan", code=4)
    assert "+ seat 08702120001 (6001)  [zhaotong]" in said
    assert "second" in said
    applied = json.loads(desk("apply", "--yes", "--json", code=4))["switches"]
    assert [(one["switch"], one["exit_code"]) for one in applied] == [("first", 0), ("second", 4)]
    assert applied[1]["error"]
    assert "first: holds" in desk.said("drift", "zhaotong")

    another.start()
    other = "[seat-08742120002]\ntype=endpoint\ncontext=elsewhere\n"
    script = f"printf '{other}' > /etc/asterisk/seatline-pjsip-zz.conf"
    another.run("exec", "-T", "pbx", "sh", "-c", script)
    another.cli("module reload res_pjsip.so")
    refused = json.loads(desk("apply", "--yes", "--json", code=5))["switches"]
    statuses = {one["switch"]: [site["status"] for site in one["sites"]] for one in refused}
    assert statuses == {"first": ["unchanged", "unchanged"], "second": ["applied", "rolled-back"]}
    assert "seat-08742120002" in refused[1]["sites"][1]["error"]

    another.run("exec", "-T", "pbx", "rm", "/etc/asterisk/seatline-pjsip-zz.conf")
    another.cli("module reload res_pjsip.so")
    assert json.loads(desk("apply", "--yes", "--json"))["switches"][1]["sites"][1]["status"] == "applied"
    desk("plan")
    assert json.loads(desk("plan", "--json"))["add"] == 0


def test_a_saved_plan_is_of_its_sites_alone(desk: Any, another: Any) -> None:
    """A plan of one site, applied without a site, is applied to that one; the ledger moving voids it."""
    desk("plan", "zhaotong", "--out", "zhaotong.plan", code=2)
    desk("apply", "--plan", "zhaotong.plan")
    assert "first: holds" in desk.said("drift", "zhaotong")
    assert "seat-08742120001" not in another.cli("pjsip show endpoints")
    assert "a plan of zhaotong" in desk.said("apply", "qujing", "--plan", "zhaotong.plan", code=1)

    desk("plan", "--out", "all.plan", code=2)
    contract = desk.folder / "qujing.yaml"
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text.replace('"6002"', '"6003"'), encoding="utf-8")
    desk("contract", "add", "qujing.yaml")
    assert "not the one that was approved" in desk.said("apply", "--plan", "all.plan", code=1)
    assert "seat-08742120001" not in another.cli("pjsip show endpoints")


def test_a_person_may_agree_to_one_switch_and_not_to_the_other(desk: Any, another: Any) -> None:
    """Who says no to the first switch is still asked about the second, and told what was not applied."""
    said = answered(desk.folder, "apply", answers=["n", "y"])
    assert "first: not applied, as you say" in said
    assert "second: qujing: applied" in said
    assert "seat-08742120001" in another.cli("pjsip show endpoints")
    desk("drift", "zhaotong", code=2)


def answered(folder: Path, *command: str, answers: list[str]) -> str:
    """What a command says on a terminal where a person answers its questions; it ends with exit code 1."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        for name in [name for name in os.environ if name.startswith("SEATLINE")]:
            del os.environ[name]
        os.execv(sys.executable, [sys.executable, "-m", "provisioning", *command])
    said, left = b"", list(answers)
    while True:
        try:
            said += (more := os.read(terminal, 4096))
        except OSError:  # Linux says so when the other end is closed
            break
        if not more:
            break
        if left and said.count(b"[y/N]:") > len(answers) - len(left):
            os.write(terminal, f"{left.pop(0)}\n".encode())
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    os.close(terminal)
    return said.decode()


def test_a_site_moves_from_one_switch_to_the_other(desk: Any, another: Any, pbx: Any) -> None:
    """A site that moved is reported on the switch it was on until it is taken off there, and not before."""
    desk("apply", "--yes")
    toml = desk.folder / "seatline.toml"
    text = toml.read_text(encoding="utf-8")
    assert "zhaotong" in desk.said("apply", "zhaotong", "--off", "first", code=1)
    toml.write_text(text.replace("['zhaotong']", "[]").replace("['qujing']", "['qujing', 'zhaotong']"))

    desk("apply", "zhaotong", "--yes", "--force")
    assert "seat-08702120001" in another.cli("pjsip show endpoints")
    reported = "site zhaotong is on first, which does not serve it any more"
    assert reported in desk.said("plan")
    assert reported in desk.said("drift", code=2)
    desk("apply", "--yes")
    assert "seat-08702120001" in pbx.cli("pjsip show endpoints")

    desk("apply", "zhaotong", "--off", "first", "--yes", "--force")
    assert "seat-08702120001" not in pbx.cli("pjsip show endpoints")
    assert "seat-08702120001" in another.cli("pjsip show endpoints")
    assert reported not in desk.said("plan")
    toml.write_text(text, encoding="utf-8")
    desk("apply", "zhaotong", "--off", "second", "--yes", "--force")
    assert "seat-08702120001" not in another.cli("pjsip show endpoints")


def test_ami_over_tls(another: Any, tmp_path: Path) -> None:
    """A switch is provisioned over TLS when its certificate is the one we know, and not otherwise."""
    ca = another.secret_file.parents[1] / "certificate.pem"
    ami = f"tls://{second.HOST}:{second.TLS_PORT}"

    def table(ami: str, trusted: str | None = None) -> str:
        more = {"ca_file": trusted} if trusted is not None else {}
        return desks.switch_table("second", ami, another.secret_file, sites=["qujing"], **more)

    desk = desks.Desk(tmp_path, table(ami, str(ca)))
    text = CONTRACT.format(site="qujing", area="0874", ims="")
    (tmp_path / "qujing.yaml").write_text(text, encoding="utf-8")
    desk("contract", "add", "qujing.yaml")
    desk("apply", "--yes", "--force")
    assert "second: holds and runs what the ledger says" in desk.said("drift")
    told = desk("doctor", "--json", code=None)  # how full this disk is decides nothing here
    findings = json.loads(told)["findings"]
    [shown] = [one for one in findings if one["check"] == "second: AMI certificate"]
    assert shown["verdict"] == "ok"
    assert "good until" in shown["text"]

    desk = desks.Desk(tmp_path, table(ami))
    assert "TLS could not be agreed on" in desk.said("plan", code=4)
    wrong = f"tls://{second.HOST}:{second.AMI_PORT}"
    desk = desks.Desk(tmp_path, table(wrong, str(ca)))
    assert "TLS could not be agreed on" in desk.said("plan", code=4)
    desk = desks.Desk(tmp_path, table(ami, "nowhere.pem"))
    assert "nowhere.pem cannot be read: No such file" in desk.said("plan", code=3)
