"""Checks contract files: reads them and the sheets they name, and judges them together (合同核对)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from provisioning.intake import csv_text, yaml_bytes
from provisioning.intake.contract_file import (
    ContractFile,
    Reading,
    SheetFile,
    Unreadable,
    open_contract,
    read_contracts,
)


class ReadFile(Protocol):
    """Gives the first bytes of a file, at most so many; raises OSError when it cannot."""

    def __call__(self, path: str, limit: int) -> bytes: ...


def check(paths: Sequence[str], read: ReadFile) -> Reading:
    """All contracts of the files, or every problem of every file; changes nothing.

    A sheet is looked for beside the contract file that names it; `..` and absolute names are the user's
    own choice. No more of a file is read than the limit of its kind and one byte, which tells that it is
    too large.
    """
    return read_contracts([_opened(path, read) for path in dict.fromkeys(paths)])


def _opened(path: str, read: ReadFile) -> ContractFile:
    opened = open_contract(path, _content(path, read, yaml_bytes.MAX_BYTES, "contract file"))
    if opened.sheet_named is None:
        return opened
    beside = _beside(path, opened.sheet_named)
    content = _content(beside, read, csv_text.MAX_BYTES, "number sheet")
    return opened.with_sheet(SheetFile(name=beside, content=content))


def _content(path: str, read: ReadFile, limit: int, what: str) -> bytes | Unreadable:
    try:
        return read(path, limit + 1)
    except FileNotFoundError:
        return Unreadable(
            code="file-missing",
            message=f"there is no {what} {path}",
            hint="check the name; a sheet is looked for beside the contract file that names it",
        )
    except IsADirectoryError:
        return Unreadable(
            code="file-unreadable",
            message=f"the {what} {path} is a folder",
            hint="name the file itself",
        )
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else "its name is not valid"
        return Unreadable(
            code="file-unreadable",
            message=f"the {what} {path} cannot be read: {reason}",
            hint="check its name and its permissions",
        )


def _beside(path: str, name: str) -> str:
    """The path of a name given relative to the file that names it."""
    if name.startswith("/"):
        return name
    folder, slash, _ = path.rpartition("/")
    return f"{folder}{slash}{name}"
