"""Writes a file whole or not at all, and over no other one unless that is wanted (文件写入)."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from provisioning.flows.errors import FlowError


def write(path: Path, content: bytes, *, replace: bool = False, mode: int = 0o666) -> None:
    """Makes the file; who looks sees all of it or nothing. Without `replace` an existing one stays.

    FlowError says what is in the way: the file is there, the folder is not, the disk is full.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        try:
            _fill(part, content, mode)
            if replace:
                part.replace(path)
            else:
                path.hardlink_to(part)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()
    except FileExistsError as fault:
        raise FlowError(f"{path} is there already; --force writes over it, or give another name") from fault
    except OSError as fault:
        raise FlowError(f"{path} cannot be written: {fault.strerror}") from fault


def _fill(path: Path, content: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
