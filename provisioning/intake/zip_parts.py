"""The parts of a zip file, unpacked within bounds whatever the file says of itself (压缩包)."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO

from provisioning.intake.wrong import Wrong

MAX_DIRECTORY = 1024 * 1024
"""The most bytes that a zip file's list of contents may have."""

MAX_UNPACKED = 512 * 1024 * 1024
"""The most bytes that are unpacked of one file, blank cells included."""

MAX_KEPT = 128 * 1024 * 1024
"""The most bytes that are kept of what was unpacked."""

_CHUNK = 1024 * 1024
_END = b"PK\x05\x06"
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

Filter = Callable[[Iterator[bytes]], Iterator[bytes]]
"""Takes out of a part, as it is unpacked, what need not be kept."""


class Parts:
    """The parts by their names, with / between folders. All of them together have one budget."""

    def __init__(self, content: bytes) -> None:
        try:
            _directory_bounded(content)
            self._zip = zipfile.ZipFile(BytesIO(content))
        except Wrong:
            raise
        except Exception as fault:  # whatever a list of contents may be broken in
            raise broken() from fault
        self._parts = {info.filename.replace("\\", "/"): info for info in self._zip.infolist()}
        self._unpacked = 0
        self._kept = 0

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def read(self, name: str, keep: Filter | None = None) -> bytes:
        """One part, at most what is left of the budget; raises Wrong."""
        info = self._parts.get(name)
        if info is None:
            raise broken()
        if info.flag_bits & 1:
            raise protected()
        if info.compress_type not in _PLAIN:
            raise broken()
        if self._unpacked + info.file_size > MAX_UNPACKED:
            raise _bomb()
        kept: list[bytes] = []
        try:
            with self._zip.open(info) as part:
                chunks = self._chunks(part.read)
                for chunk in keep(chunks) if keep else chunks:
                    self._kept += len(chunk)
                    if self._kept > MAX_KEPT:
                        raise _bomb()
                    kept.append(chunk)
        except Wrong:
            raise
        except Exception as fault:  # whatever a part may be broken in
            raise broken() from fault
        return b"".join(kept)

    def _chunks(self, read: Callable[[int], bytes]) -> Iterator[bytes]:
        while chunk := read(_CHUNK):
            self._unpacked += len(chunk)
            if self._unpacked > MAX_UNPACKED:
                raise _bomb()
            yield chunk


def packed(parts: Mapping[str, bytes]) -> bytes:
    """A zip file of these parts and nothing else, not compressed."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return made.getvalue()


def _directory_bounded(content: bytes) -> None:
    """Refuses a list of contents that would take long to read before anything is known of it."""
    end = content.rfind(_END)
    if end < 0 or len(content) < end + 22:
        raise broken()
    if int.from_bytes(content[end + 12 : end + 16], "little") > MAX_DIRECTORY:
        raise _bomb()


def broken() -> Wrong:
    return Wrong(
        "workbook-broken",
        "the workbook is damaged or cut off, and cannot be read",
        "have it sent once more; if it opens in the spreadsheet program, save it there as a new .xlsx",
    )


def protected() -> Wrong:
    return Wrong(
        "password-protected",
        "the workbook is protected by a password, and cannot be read",
        "open it, take the password away (文件, 信息, 保护工作簿, 用密码进行加密) and save it",
    )


def _bomb() -> Wrong:
    return Wrong(
        "workbook-too-large",
        f"unpacked, the workbook has more than {MAX_KEPT // 1024**2} MB of cells, or more than "
        f"{MAX_UNPACKED // 1024**2} MB in all: more than any number list",
        "copy the number list alone into a new workbook",
    )
