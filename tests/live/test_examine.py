"""What doctor finds on a real switch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def findings(pbx: Any, tmp_path: Path) -> Any:
    """Runs doctor against the switch: verdict and text by check."""
    (tmp_path / "seatline.toml").write_text(
        f'[switches.pbx]\nami = "{pbx.ami_host}:{pbx.ami_port}"\nsecret_file = "{pbx.secret_file}"\n',
        encoding="utf-8",
    )

    def look() -> dict[str, tuple[str, str]]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("SEATLINE")}
        done = subprocess.run(
            [sys.executable, "-m", "provisioning", "doctor", "--json"],
            cwd=tmp_path, env=clean, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert pbx.secret not in done.stdout + done.stderr
        return {one["check"]: (one["verdict"], one["text"]) for one in json.loads(done.stdout)["findings"]}

    return look


def test_our_own_switch_lacks_nothing(findings: Any) -> None:
    """The switch of docker/pbx is all that doctor asks for."""
    assert {verdict for check, (verdict, _) in findings().items() if check != "disk"} == {"ok"}


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
