"""Checks contract files: reads them and the sheets they name, and judges them together (合同核对)."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from posixpath import normpath
from typing import Protocol

from provisioning.flows.plan_iads import Formats
from provisioning.flows.try_iads import unwritable
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


def check(paths: Sequence[str], read: ReadFile, formats: Formats | None = None) -> Reading:
    """All contracts of the files, or every problem of every file; changes nothing.

    A sheet is looked for beside the contract file that names it; `..` and absolute names are the user's
    own choice. A sheet among the paths that a contract names is read with it, once. No more of a file is
    read than the limit of its kind and one byte, which tells that it is too large. With `formats` the files
    of IADs are tried, with invented secrets.
    """
    found = {path: opened(path, read) for path in dict.fromkeys(paths)}
    sheets = {
        normpath(sheet.name) for file in found.values() for sheet in (file.sheet, file.passwords) if sheet
    }
    files = [file for path, file in found.items() if not (file.is_sheet and normpath(path) in sheets)]
    with _collection_put_off():
        return read_contracts(files, iad_model, unwritable(formats) if formats is not None else None)


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
    content = content_of(path, read, yaml_bytes.MAX_BYTES, "contract file", "check the name")
    file = open_contract(path, content)
    if file.sheet_named is not None:
        beside = _beside(path, file.sheet_named)
        new = beside if beside.lower().endswith(".xlsx") else "FILE.xlsx"
        hint = f"{LOOKED_FOR}; `seatline sheet new {path} --to {new}` writes one to fill in"
        content = content_of(beside, read, sheet_file.MAX_BYTES, "number sheet", hint)
        file = file.with_sheet(SheetFile(name=beside, content=content))
    if file.passwords_named is not None:
        beside = _beside(path, file.passwords_named)
        content = content_of(beside, read, sheet_file.MAX_BYTES, "sheet of passwords", LOOKED_FOR)
        file = file.with_passwords(SheetFile(name=beside, content=content))
    return file


LOOKED_FOR = "check the name; a sheet is looked for beside the contract file that names it"


def content_of(path: str, read: ReadFile, limit: int, what: str, missing: str) -> bytes | Unreadable:
    """The bytes of a file and one more than the limit, or why they cannot be had.

    `missing` is what to do where there is no such file.
    """
    try:
        return read(path, limit + 1)
    except FileNotFoundError:
        return Unreadable(
            code="file-missing",
            message=f"there is no {what} {path}",
            hint=missing,
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
