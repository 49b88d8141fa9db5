"""Ctrl-C while a command waits for a switch."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from . import quick_start

CONTRACT = Path(__file__).parents[3] / "docker" / "demo" / "zhaotong.yaml"


def _at_a_terminal() -> None:
    """A command in the background ignores Ctrl-C, and so would what these tests start there."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("command", "said"), [("plan", ""), ("apply", "the next apply finishes it"), ("drift", "")]
)
def test_an_interrupted_command_says_so(tmp_path: Path, command: str, said: str) -> None:
    """Ctrl-C ends a command with 130 and a word, and apply says in which state it leaves the sites."""
    added = quick_start.seatline("contract", "add", str(CONTRACT), folder=tmp_path)
    assert added.returncode == 0, added.stderr
    (tmp_path / "s").write_text("secret", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        text = f'[switches.pbx]\nami = "127.0.0.1:{port}"\nsecret_file = "s"\n'
        (tmp_path / "seatline.toml").write_text(text, encoding="utf-8")
        clean = {key: value for key, value in os.environ.items() if not key.startswith("SEATLINE")}
        with subprocess.Popen(
            [sys.executable, "-m", "provisioning", command, *(["--yes"] if command == "apply" else [])],
            cwd=tmp_path, env=clean, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=_at_a_terminal,
        ) as running:  # fmt: skip
            connection, _ = silent.accept()  # it waits for a greeting that never comes
            with connection:
                running.send_signal(signal.SIGINT)
                _, told = running.communicate()
    assert running.returncode == 130, told
    assert "seatline: interrupted" in told
    assert said in told
