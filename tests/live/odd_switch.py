"""A customer's switch that is not as it should be, with an operator of its own, on addresses of their own.

What is odd about it says a piece of compose file: a disk that is too small, a clock that is set.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

sites = sys.modules["live_sites"]
DOCKER = Path(__file__).parents[2] / "docker"
ADDRESS, OPERATOR = f"{sites.NET}.11", f"{sites.NET}.12"
SIP_PORT, OPERATOR_PORT, AMI_PORT = 5160, 5070, 5138


@contextmanager
def odd_switches(switches: Any, image: str, folder: Path, oddity: str) -> Iterator[Any]:
    """Both Asterisks, new and empty, as `switches` has them; `oddity` is laid over docker/compose.yaml."""
    for name in ("log", "ims-log", "secrets", "sounds", "recordings"):
        (folder / name).mkdir(parents=True)
    drawn = {name: secrets.token_hex(12) for name in ("provisioner", "collector", "mobile")}
    for name, secret in drawn.items():
        (folder / "secrets" / name).write_text(secret)
        (folder / "secrets" / name).chmod(0o600)
    (folder / "oddity.yaml").write_text(oddity)
    environment = {
        "SEATLINE_RUN_DIR": str(folder),
        "SEATLINE_IMAGE": image,
        "SEATLINE_SWITCH": "odd",
        "SEATLINE_PBX_ADDRESS": ADDRESS,
        "SEATLINE_IMS_ADDRESS": OPERATOR,
        "SEATLINE_PBX_SIP_PORT": str(SIP_PORT),
        "SEATLINE_IMS_SIP_PORT": str(OPERATOR_PORT),
        "SEATLINE_AMI_PORT": str(AMI_PORT),
        "SEATLINE_PBX_RTP_START": "20000",
        "SEATLINE_PBX_RTP_END": "20399",
        "SEATLINE_IMS_RTP_START": "20400",
        "SEATLINE_IMS_RTP_END": "20799",
    }

    def compose(*arguments: str) -> str:
        project = f"seatline-odd-{sites.NET.replace('.', '-')}"
        done = subprocess.run(
            [str(DOCKER / "compose.sh"), "-f", str(folder / "oddity.yaml"), "-p", project, *arguments],
            env=os.environ | environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    compose("down", "-v", "--remove-orphans")
    try:
        compose("up", "-d")
        made = replace(
            switches,
            pbx=replace(
                switches.pbx,
                id=compose("ps", "-q", "pbx"),
                sip=f"{ADDRESS}:{SIP_PORT}",
                log=folder / "log",
                ami_host=ADDRESS,
                ami_port=AMI_PORT,
                secret=drawn["provisioner"],
                secret_file=folder / "secrets" / "provisioner",
                collector_secret=drawn["collector"],
            ),
            ims=replace(
                switches.ims,
                id=compose("ps", "-q", "ims"),
                sip=f"{OPERATOR}:{OPERATOR_PORT}",
                log=folder / "ims-log",
                mobile_secret=drawn["mobile"],
            ),
        )
        made.pbx.wait_booted()
        made.ims.wait_booted()
        yield made
    finally:
        compose("down", "-v", "--remove-orphans")
