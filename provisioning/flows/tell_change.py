"""What has happened to a file of call records since it was read last, by its name (话单文件变化)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Change(StrEnum):
    """Why the file that was being read is not what stands in its place."""

    RENAMED = "rotated by rename"
    COPIED = "copytruncate"
    CUT = "cut short"
    EMPTIED = "emptied in place"
    REMADE = "deleted and made anew"
    REPLACED = "replaced"
    MOUNTED = "another disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What can be seen: True also where nobody can tell, but for the inode (变化迹象)."""

    same_disk: bool
    same_inode: bool
    same_birth: bool
    found_beside: bool
    """What it held before lies beside it, under another name or as a copy."""
    begins_alike: bool


CHANGES: tuple[tuple[tuple[bool | None, bool | None, bool | None, bool | None, bool | None], Change], ...] = (
    # disk, inode, birth, found, alike; None: whatever. The first that fits.
    ((True, True, True, True, None), Change.COPIED),
    ((True, True, True, False, True), Change.CUT),
    ((True, True, True, False, False), Change.EMPTIED),
    ((True, True, False, False, None), Change.REMADE),
    ((None, None, None, True, None), Change.RENAMED),
    ((False, None, None, False, None), Change.MOUNTED),
    ((True, False, None, False, None), Change.REPLACED),
)

WORDS: Mapping[Change, str] = {
    Change.COPIED: (
        "copytruncate: it was copied and emptied; the copy is read to its end, then this file. What the "
        "switch wrote between the two is lost, and nobody can tell: rotate by rename"
    ),
    Change.CUT: (
        "it was truncated, cut short behind its beginning, and is read again; what was read before is in the "
        "ledger, and what was cut off unread is lost: rotate by rename, never by copytruncate"
    ),
    Change.EMPTIED: (
        "it was truncated, emptied or cut within its first 4 KiB, and is read from its beginning; what it "
        "held before is nowhere beside it: if a copy is left elsewhere, collect it by its name. Rotate by "
        "rename, never by copytruncate"
    ),
    Change.REMADE: (
        "it was deleted and made anew (the disk gave it the same inode), and is read from its beginning; "
        "what the deleted one held unread is lost: rotate by rename"
    ),
    Change.REPLACED: (
        "another file stands in its place, and is read from its beginning; what the former held is nowhere "
        "beside it: if calls of that time are missing, collect the rotated file by its name"
    ),
    Change.MOUNTED: (
        "another disk or network folder is mounted there now, with another file of this name, which is read "
        "from its beginning: is it the right one?"
    ),
}
"""What a person is told; nothing of a rotation as it should be."""


def change(signs: Signs) -> Change:
    """The name of what happened to a file that is not the one that was read before."""
    seen = (signs.same_disk, signs.same_inode, signs.same_birth, signs.found_beside, signs.begins_alike)
    return next(
        name
        for asked, name in CHANGES
        if all(wanted is None or wanted is found for wanted, found in zip(asked, seen, strict=True))
    )
