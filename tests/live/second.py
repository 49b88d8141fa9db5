"""One more customer's switch in docker, on an address of its own, for tests of several switches."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DOCKER = Path(__file__).parents[2] / "docker"
NET = os.environ.get("SEATLINE_TEST_NET", "127.0.1")
HOST, SIP_PORT, AMI_PORT, TLS_PORT = f"{NET}.6", 5160, 5138, 5139


@dataclass(frozen=True)
class Second:
    """The switch: its container, and the secret of its AMI user `provisioner`."""

    compose: tuple[str, ...]
    environment: dict[str, str]
    secret: str
    secret_file: Path

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self.compose, *arguments],
            env=os.environ | self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def cli(self, command: str) -> str:
        """What Asterisk's own console answers; empty while it does not."""
        done = subprocess.run(
            ["docker", "exec", self.run("ps", "-q", "pbx"), "asterisk", "-rx", command],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout

    def start(self) -> None:
        self.run("up", "-d", "pbx")
        end = time.monotonic() + 120
        while "fully booted" not in self.cli("core waitfullybooted"):
            assert time.monotonic() < end, "it does not start"
            time.sleep(0.1)

    def wipe(self) -> None:
        """Has it run, with nothing provisioned on it."""
        self.start()
        self.run("exec", "-T", "pbx", "sh", "-c", "rm -f /etc/asterisk/*seatline-*.conf")
        self.cli("database deltree seatline")
        self.cli("database deltree seatline-count")
        for module in ("res_pjsip.so", "pbx_config.so"):
            said = self.cli(f"module reload {module}")
            assert "reloaded successfully" in said, said

    def stop(self) -> None:
        self.run("stop", "-t", "60", "pbx")


@contextmanager
def second_switch(image: str, folder: Path, *, certificate: str | None = None) -> Iterator[Second]:
    """The switch, running and empty; with `certificate` (PEM, and its key) it speaks AMI over TLS too."""
    for name in ("log", "ims-log", "secrets", "sounds", "recordings"):
        (folder / name).mkdir(parents=True)
    drawn = {name: secrets.token_hex(12) for name in ("provisioner", "collector", "mobile")}
    drawn |= {"ami.pem": certificate} if certificate is not None else {}
    for name, secret in drawn.items():
        (folder / "secrets" / name).write_text(secret)
        (folder / "secrets" / name).chmod(0o600)
    switch = Second(
        compose=(str(DOCKER / "compose.sh"), "-p", f"seatline-second-{NET.replace('.', '-')}"),
        environment={
            "SEATLINE_RUN_DIR": str(folder),
            "SEATLINE_IMAGE": image,
            "SEATLINE_SWITCH": "second",
            "SEATLINE_PBX_ADDRESS": HOST,
            "SEATLINE_IMS_ADDRESS": f"{NET}.2",
            "SEATLINE_PBX_SIP_PORT": str(SIP_PORT),
            "SEATLINE_AMI_PORT": str(AMI_PORT),
            "SEATLINE_AMI_TLS_PORT": str(TLS_PORT),
            "SEATLINE_PBX_RTP_START": "19800",
            "SEATLINE_PBX_RTP_END": "19899",
        },
        secret=drawn["provisioner"],
        secret_file=folder / "secrets" / "provisioner",
    )
    switch.run("down", "-v", "--remove-orphans")
    try:
        switch.start()
        yield switch
    finally:
        switch.run("down", "-v", "--remove-orphans")
