"""A machine with an SFTP server, for the tests: Debian's sshd on loopback, and a line to it that goes bad."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

_MISSING = "the tests of SFTP need sshd and ssh-keygen: install the package openssh-server"
_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/{host_key}
PidFile none
AuthorizedKeysFile {folder}/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
LogLevel VERBOSE
"""


class SshServer:
    """An sshd of the test's own. It lets `user` in with the key `key_file`; `home` is a folder he may read.

    Run by root it serves nobody, so that rights on files mean something.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.key_file = folder / "our_key"
        self.home = folder / "home"
        self.home.mkdir()
        self._running: subprocess.Popen[bytes] | None = None
        for name, kind in (("our_key", "ed25519"), ("host", "ed25519"), ("other", "ed25519"), ("old", "rsa")):
            self._key(name, kind)
        shutil.copy(folder / "our_key.pub", folder / "authorized")

    @property
    def url(self) -> str:
        return self.url_at(self.port)

    def url_at(self, port: int) -> str:
        return f"sftp://{self.user}@127.0.0.1:{port}"

    def public(self, name: str = "host") -> str:
        """A host key as it stands in a known_hosts file: "ssh-ed25519 AAAA..."."""
        return " ".join((self.folder / f"{name}.pub").read_text(encoding="ascii").split()[:2])

    def start(self, host_key: str = "host") -> None:
        config = self.folder / "sshd_config"
        config.write_text(_CONFIG.format(port=self.port, folder=self.folder, host_key=host_key))
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._running = subprocess.Popen(
                [_program("sshd"), "-D", "-e", "-f", str(config)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        while self._running.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as door:
                if door.recv(4) == b"SSH-":
                    return
        pytest.fail(f"sshd does not run: {(self.folder / 'log').read_text(errors='replace')}", pytrace=False)

    def stop(self) -> None:
        """Ends it, and whoever is logged in."""
        if self._running is None:
            return
        children = Path(f"/proc/{self._running.pid}/task/{self._running.pid}/children")
        served = [int(pid) for pid in children.read_text().split()] if children.exists() else []
        self._running.terminate()
        self._running.wait()
        self._running = None
        for pid in served:
            with suppress(ProcessLookupError):
                os.kill(pid, 15)

    def _key(self, name: str, kind: str) -> None:
        command = [_program("ssh-keygen"), "-q", "-t", kind, "-N", "", "-C", "seatline test", "-f", name]
        subprocess.run(command, check=True, cwd=self.folder, stdin=subprocess.DEVNULL)


def _program(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None:
        pytest.fail(_MISSING, pytrace=False)
    return found


@contextmanager
def running(port: int) -> Iterator[SshServer]:
    """Such a machine, started; stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="seatline-ssh-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = SshServer(folder, port)
        server.start()
        try:
            yield server
        finally:
            server.stop()


class BadLine:
    """A line to a server that goes bad after so many bytes from it: it breaks, or with `stalls` goes silent.
    Then nobody gets through any more until it is `mended`, which it is at once with `mends`."""

    def __init__(self, to_port: int, after: int, *, stalls: bool = False, mends: bool = False) -> None:
        self._to = to_port
        self._left = after
        self._stalls = stalls
        self._mends = mends
        self.bad = threading.Event()
        self.mended = threading.Event()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> BadLine:
        return self

    def __exit__(self, *_: object) -> None:
        self.mended.set()
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            if self.bad.is_set() and not self.mended.is_set():
                near.close()
            else:
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with closing(near), closing(socket.create_connection(("127.0.0.1", self._to))) as far:
            threading.Thread(target=_copy, args=(near, far), daemon=True).start()
            with suppress(OSError):
                while data := far.recv(16384):
                    if not self.bad.is_set() and self._left < len(data):
                        near.sendall(data[: self._left])
                        if self._mends:
                            self.mended.set()
                        self.bad.set()
                        if self._stalls:
                            self.mended.wait()
                        near.shutdown(socket.SHUT_RDWR)  # closing alone would wait for the other direction
                        return
                    self._left -= len(data)
                    near.sendall(data)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(16384):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
