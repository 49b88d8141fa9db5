"""A folder of device files to be carried to their devices: they hold secrets, so nobody else reads them."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_files(folder: Path, files: Sequence[tuple[str, bytes]]) -> None:
    """Writes the files into the folder, which is made with mode 0700 when it is not there; each has 0600.

    All of them are written beside first and then renamed into place, so that a full disk leaves the former
    ones; a folder in the place of a file is found before anything is replaced. A symbolic link is never
    followed: one in the place of a file is replaced, one in the place of the folder is refused. Nothing else
    in the folder is touched. Raises OSError, ValueError for a name that is none of a plain file.
    """
    for name, _ in files:
        if not name or name in (".", "..") or "/" in name or "\0" in name:
            raise ValueError(f"not a file's name: {name!r}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    at = _opened(folder)
    try:
        _write_all(at, files)
    finally:
        os.close(at)


def _opened(folder: Path) -> int:
    try:
        at = os.open(folder, _FOLDER)
    except OSError as fault:
        if fault.errno in (errno.ENOTDIR, errno.ELOOP):
            raise OSError(errno.ENOTDIR, "it is a link or a file, not a folder", str(folder)) from None
        raise
    status = os.fstat(at)
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        os.close(at)
        raise OSError(errno.EPERM, "everybody may write there, and exchange the files", str(folder))
    return at


def _write_all(at: int, files: Sequence[tuple[str, bytes]]) -> None:
    for name, _ in files:
        with suppress(FileNotFoundError):
            if stat.S_ISDIR(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode):
                raise OSError(errno.EISDIR, f"{name} in it is a folder", name)
    written: list[tuple[str, str]] = []
    try:
        for name, content in files:
            beside = f".{name}.{secrets.token_hex(8)}"
            handle = os.open(beside, _NEW, 0o600, dir_fd=at)
            written.append((beside, name))
            with os.fdopen(handle, "wb") as opened:
                os.fchmod(opened.fileno(), 0o600)
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
        while written:
            os.rename(*written[0], src_dir_fd=at, dst_dir_fd=at)
            del written[0]
        os.fsync(at)
    finally:
        for beside, _ in written:
            os.unlink(beside, dir_fd=at)
