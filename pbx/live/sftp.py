"""Files of call records on another machine, read by SFTP; whose host key is not pinned is not talked to.

SFTP tells no inode: a file is known again by its bytes. Nothing is ever written there.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import stat
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, cast

import asyncssh

from pbx.host_fault import HostFault
from pbx.live.files import Listing
from pbx.live.sftp_file import Handle, Line, RemoteFile
from pbx.live.sftp_names import Folders, Status, rotated, sort_out

_T = TypeVar("_T")

PATIENCE = 60.0
"""Seconds for one question; a block of a file comes in many."""
_SILENT = logging.CRITICAL + 1
logging.getLogger("asyncssh").setLevel(_SILENT)  # it would tell every path and user to stderr


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine with an SFTP server, whom we are there, and by what each is known to the other.

    `host_key` is the only key it may show, as a line "ssh-ed25519 AAAA..."; None: what `known_hosts` says
    of it. `key_file` is our private key; None: those of ~/.ssh and the agent. `pin` says a person where to
    write a host key: "{key}" and "{host}" stand for them.
    """

    host: str
    user: str
    port: int = 22
    host_key: str | None = None
    known_hosts: Path | None = None
    key_file: Path | None = None
    passphrase: str | None = field(default=None, repr=False)
    pin: str = "{host} {key}"

    @property
    def name(self) -> str:
        """As it stands in a known_hosts file."""
        return self.host if self.port == 22 else f"[{self.host}]:{self.port}"


class _Doorkeeper(asyncssh.SSHClient):
    """Believes no key that is not pinned, and remembers which one was shown."""

    shown: asyncssh.SSHKey | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.shown = key
        return False


class SftpFiles:
    """The files of one machine, as far as collecting call records needs them: it satisfies `RecordFiles`.

    For one thread, but `cut` may be called from any. Paths are the machine's own. Whatever goes wrong with
    the machine, and not with one file, is raised as `HostFault` and kept as `fault`.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None
        self.fault: HostFault | None = None

    @classmethod
    def connect(cls, host: Host, *, timeout: float = 15.0) -> SftpFiles:
        """Opens a session; HostFault where it cannot be had, for whatever reason."""
        files = cls(host)
        files._thread.start()
        try:
            files._wait(asyncio.run_coroutine_threadsafe(files._open(timeout), files._loop), 3 * timeout)
        except BaseException:
            files.close()
            raise
        return files

    def __enter__(self) -> SftpFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def cut(self) -> None:
        """Ends the connection: what waits for an answer raises."""
        if self._loop.is_running():
            self._loop.call_soon_threadsafe(self._abort)

    def close(self) -> None:
        """Ends the session; more than once does no harm."""
        if self._loop.is_closed():
            return
        if self._loop.is_running():
            self._loop.call_soon_threadsafe(self._abort)
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        if not self._thread.is_alive():
            _empty(self._loop)
            self._loop.close()

    def listing(self, path: str) -> Listing:
        """The files a source means; a folder means what it means on a disk of our own (pbx/live/files.py)."""
        return self.ask(self._listing(path))

    def open(self, path: str) -> RemoteFile:
        """The file, known by its handle from now on, whatever its name becomes."""
        handle, status = self.ask(_opened(self.client, path))
        return RemoteFile(path, handle, status, Line(ask=self.ask, begin=self._begin, wait=self._wait))

    def generations(self, path: str) -> tuple[str, ...]:
        """What rotating by rename has left beside the file, oldest first."""
        return self.ask(rotated(cast(Folders, self.client), path))

    def renamed(self, path: str, inode: int) -> str | None:
        """Nobody can tell: SFTP has no inodes."""
        return None

    @property
    def client(self) -> asyncssh.SFTPClient:
        if self._client is None:
            raise self._failed(HostFault(errno.ENOTCONN, "the connection is closed"))
        return self._client

    def ask(self, work: Coroutine[Any, Any, _T]) -> _T:
        """The answer, within its time; OSError for whatever else comes."""
        return self._wait(self._begin(work), PATIENCE)

    def _begin(self, work: Coroutine[Any, Any, _T]) -> Future[_T]:
        if self.fault is not None:
            work.close()
            raise self.fault
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _wait(self, answer: Future[_T], timeout: float = PATIENCE) -> _T:
        try:
            return answer.result(timeout)
        except TimeoutError as fault:
            answer.cancel()
            self.cut()
            why = str(fault) or f"it did not answer within {timeout:g} s"
            raise self._failed(HostFault(errno.ETIMEDOUT, why, passing=True)) from None
        except asyncssh.SFTPError as fault:
            told = _of_file(fault)
            raise (self._failed(told) if isinstance(told, HostFault) else told) from None
        except HostFault as fault:
            raise self._failed(fault) from None
        except (asyncssh.Error, ConnectionError, asyncio.CancelledError) as fault:
            raise self._failed(_lost(fault)) from None

    def _failed(self, fault: HostFault) -> HostFault:
        self.fault = self.fault or fault
        return self.fault

    def _abort(self) -> None:
        if self._connection is not None:
            self._connection.abort()

    async def _open(self, timeout: float) -> None:
        keeper = _Doorkeeper()
        pinned = _pinned(self._host)
        try:
            self._connection = await asyncssh.connect(
                self._host.host,
                self._host.port,
                config=None,
                username=self._host.user,
                client_factory=lambda: keeper,
                known_hosts=pinned,
                connect_timeout=timeout,
                login_timeout=timeout,
                keepalive_interval=10,
                keepalive_count_max=3,
                preferred_auth="publickey",
                gss_host=None,
                **_our_keys(self._host),
            )
            self._client = await self._connection.start_sftp_client()
        except asyncssh.HostKeyNotVerifiable as fault:
            raise _distrusted(self._host, pinned, keeper.shown, str(fault)) from None
        except asyncssh.KeyExchangeFailed as fault:
            shown = await _shown_by(self._host, timeout)
            raise _distrusted(self._host, pinned, shown, str(fault)) from None
        except asyncssh.PermissionDenied:
            raise HostFault(errno.EACCES, _login_refused(self._host)) from None
        except asyncssh.ChannelOpenError as fault:
            raise HostFault(errno.EPROTO, f"it lets us in, but offers no SFTP: {fault.reason}") from None
        except TimeoutError:
            why = f"it did not answer within {timeout:g} s: is it up, and no firewall between?"
            raise HostFault(errno.ETIMEDOUT, why, passing=True) from None
        except (asyncssh.Error, ConnectionResetError) as fault:
            shown = await _shown_by(self._host, timeout) if pinned[0] else None
            if shown is not None and shown not in pinned[0]:  # it hangs up where we know no key of its kinds
                raise _distrusted(self._host, pinned, shown, str(fault)) from None
            why = f"no SSH session could be had: {fault}"
            raise HostFault(errno.EPROTO, why, passing=True) from None
        except HostFault:
            raise
        except OSError as fault:
            number = fault.errno or errno.EIO
            why = os.strerror(number) if number > 0 and fault.errno else fault.strerror or str(fault)
            raise HostFault(number, f"no connection: {why}", passing=True) from None

    async def _listing(self, path: str) -> Listing:
        client = self.client
        status = await client.stat(path)
        if not stat.S_ISDIR(status.permissions or 0):
            return Listing((path,))
        return await sort_out(cast(Folders, client), path)


async def _opened(client: asyncssh.SFTPClient, path: str) -> tuple[Handle, Status]:
    """A file's handle, and what it was like when it was opened. A pipe is not opened: it would wait."""
    kept = (await client.stat(path)).permissions or 0
    if not stat.S_ISREG(kept):
        kind = "a folder" if stat.S_ISDIR(kept) else "a pipe, socket or device"
        raise OSError(errno.EINVAL, f"this is {kind}, not a file of call records")
    handle = cast(Handle, await client.open(path, "rb", encoding=None, block_size=0))
    return handle, await handle.stat()


def _of_file(fault: asyncssh.SFTPError) -> OSError:
    """What the host says of one file, in the words of a disk; HostFault where it says nothing any more."""
    if isinstance(fault, asyncssh.SFTPNoSuchFile | asyncssh.SFTPNoSuchPath):
        return FileNotFoundError(errno.ENOENT, "no such file or folder on that machine")
    if isinstance(fault, asyncssh.SFTPPermissionDenied):
        return PermissionError(errno.EACCES, "that machine does not let us read it")
    if isinstance(fault, asyncssh.SFTPConnectionLost | asyncssh.SFTPNoConnection):
        return _lost(fault)
    return OSError(errno.EPROTO, f"that machine cannot read it: {fault.reason}")


def _lost(fault: BaseException) -> HostFault:
    why = getattr(fault, "reason", "") or str(fault) or "nobody said why"
    return HostFault(
        errno.ECONNRESET,
        f"the connection was lost ({why}); what came before is kept, the next run goes on from there",
        passing=True,
    )


def _empty(loop: asyncio.AbstractEventLoop) -> None:
    """Ends what was still under way in a loop that has been stopped."""

    async def ended() -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    loop.run_until_complete(ended())


_Known = tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]]


def _pinned(host: Host) -> _Known:
    """The host's keys, keys of authorities and revoked keys. None known: it will show one, in vain."""
    if host.host_key is not None:
        try:
            return [asyncssh.import_public_key(host.host_key)], [], []
        except (asyncssh.KeyImportError, ValueError):
            why = 'the host key in the settings is none; it looks like "ssh-ed25519 AAAA..."'
            raise HostFault(errno.EINVAL, why) from None
    if host.known_hosts is None:
        return [], [], []
    try:
        known = asyncssh.match_known_hosts(str(host.known_hosts), host.host, "", _unusual(host.port))
    except OSError as fault:
        why = f"the file of known hosts {host.known_hosts} cannot be read: {fault.strerror}"
        raise HostFault(errno.EINVAL, why) from None
    except ValueError as fault:
        raise HostFault(errno.EINVAL, f"the file of known hosts {host.known_hosts}: {fault}") from None
    return list(known[0]), list(known[1]), list(known[2])


def _unusual(port: int) -> int | None:
    return None if port == 22 else port


def _our_keys(host: Host) -> dict[str, Any]:
    if host.key_file is None:
        return {}
    try:
        if stat.S_IMODE(host.key_file.stat().st_mode) & 0o077:
            why = f"others may read our private key {host.key_file}: chmod 600 it"
            raise HostFault(errno.EACCES, why)
        key = asyncssh.read_private_key(str(host.key_file), host.passphrase)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as fault:
        why = (
            f"our private key {host.key_file} cannot be used: {fault}. Is its passphrase the right one, and "
            f"the key in a form that is read here (ssh-keygen -p -m PKCS8 -f {host.key_file})?"
        )
        raise HostFault(errno.EINVAL, why) from None
    except HostFault:
        raise
    except OSError as fault:
        why = f"our private key {host.key_file} cannot be read: {fault.strerror}"
        raise HostFault(errno.EACCES, why) from None
    return {"client_keys": [key], "agent_path": None}


def _login_refused(host: Host) -> str:
    ours = f"the key {host.key_file}" if host.key_file else "any of our keys in ~/.ssh or the agent"
    return (
        f"it does not let {host.user} in with {ours}: put the public key into ~{host.user}/.ssh/"
        "authorized_keys there"
    )


async def _shown_by(host: Host, timeout: float) -> asyncssh.SSHKey | None:
    """The host key it shows to anybody, where it has none of the kind that is pinned."""
    try:
        async with asyncio.timeout(timeout):
            return await asyncssh.get_server_host_key(host.host, host.port, config=None)
    except (OSError, asyncssh.Error):
        return None


def _distrusted(host: Host, pinned: _Known, shown: asyncssh.SSHKey | None, why: str) -> HostFault:
    if shown is None:
        return HostFault(errno.EPERM, f"its host key is not believed: {why}")
    key = shown.export_public_key("openssh").decode("ascii").split(" ")
    line = " ".join(part.strip() for part in key[:2])
    pin = host.pin.format(key=line, host=host.name)
    mark, kind = shown.get_fingerprint(), shown.get_algorithm()
    compare = (
        f"compare it on the machine itself with: ssh-keygen -lf /etc/ssh/ssh_host_{_file_of(kind)}_key.pub"
    )
    if pinned[0] or pinned[1]:
        expected = " or ".join(key.get_fingerprint() for key in (*pinned[0], *pinned[1]))
        return HostFault(
            errno.EPERM,
            f"its host key has changed: {expected} is pinned, it shows {mark} ({kind}). Nothing was asked of "
            f"it: somebody may stand in between. If it was set up anew, {compare}; and write {pin}",
        )
    return HostFault(
        errno.EPERM,
        f"its host key is not known here, so nothing was asked of it. It shows {mark} ({kind}); {compare}; "
        f"if it is the same, write {pin}",
    )


def _file_of(kind: str) -> str:
    return next((name for name in ("ed25519", "ecdsa", "rsa") if name in kind), "*")
