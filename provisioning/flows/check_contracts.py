"""Checks contract files: reads them and the sheets they name, and judges them together (合同核对)."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from provisioning.intake import sheet_file, yaml_bytes
from provisioning.intake.contract_file import (
    ContractFile,
    Reading,
    SheetFile,
    Unreadable,
    open_contract,
    read_contracts,
)
from provisioning.planning.iad_models import iad_model


class ReadFile(Protocol):
    """Gives the first bytes of a file, at most so many; raises OSError when it cannot."""

    def __call__(self, path: str, limit: int) -> bytes: ...


def check(paths: Sequence[str], read: ReadFile) -> Reading:
    """All contracts of the files, or every problem of every file; changes nothing.

    A sheet is looked for beside the contract file that names it; `..` and absolute names are the user's
    own choice. No more of a file is read than the limit of its kind and one byte, which tells that it is
    too large.
    """
    files = [opened(path, read) for path in dict.fromkeys(paths)]
    with _collection_put_off():
        return read_contracts(files, iad_model)


@contextmanager
def _collection_put_off() -> Iterator[None]:
    """Reading makes hundreds of thousands of values, none of which refers to itself: looking through all of
    them for such, again and again, took a third of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def opened(path: str, read: ReadFile) -> ContractFile:
    """A contract file with the sheets that it names, as far as they are there."""
    file = open_contract(path, content_of(path, read, yaml_bytes.MAX_BYTES, "contract file"))
    if file.sheet_named is not None:
        beside = _beside(path, file.sheet_named)
        content = content_of(beside, read, sheet_file.MAX_BYTES, "number sheet")
        file = file.with_sheet(SheetFile(name=beside, content=content))
    if file.passwords_named is not None:
        beside = _beside(path, file.passwords_named)
        content = content_of(beside, read, sheet_file.MAX_BYTES, "sheet of passwords")
        file = file.with_passwords(SheetFile(name=beside, content=content))
    return file


def content_of(path: str, read: ReadFile, limit: int, what: str) -> bytes | Unreadable:
    """The bytes of a file and one more than the limit, or why they cannot be had."""
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
