"""When a file was made, which Linux knows and Python 3.11 does not ask (文件创建时间).

A file that was deleted and made anew may get the same inode: then only this tells the two apart.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import struct
from functools import cache
from typing import Any

_HERE = 0x1000
"""AT_EMPTY_PATH: the open file itself."""
_BORN = 0x800
"""STATX_BTIME."""


def born(descriptor: int) -> int:
    """When the open file was made, in nanoseconds; 0 where the file system or the machine cannot tell."""
    ask = _statx()
    if ask is None:
        return 0
    answer = ctypes.create_string_buffer(256)
    if ask(descriptor, b"", _HERE, _BORN, answer) != 0:
        return 0
    (known,) = struct.unpack_from("=I", answer.raw, 0)
    seconds, nanoseconds = struct.unpack_from("=qI", answer.raw, 0x50)
    return int(seconds) * 10**9 + int(nanoseconds) if known & _BORN else 0


@cache
def _statx() -> Any:
    """The C library's statx, None where it has none."""
    return getattr(ctypes.CDLL(None), "statx", None)
