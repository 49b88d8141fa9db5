"""The operator of the demo demands a password for each number: draws them, and tells both sides.

The operator reads secrets/ims-passwords; the contracts are copied to where a sheet of passwords lies beside
each, as a customer gets it from the operator. None of it is in the repository, and a second
run draws nothing new.
"""

from __future__ import annotations

import secrets
import shutil
import string
from pathlib import Path

NUMBERS = {
    "zhaotong": [f"0870212{n:04}" for n in range(1, 70)],
    "jilin": ["12393"],
    "kizilsu": [f"0908422{n:04}" for n in range(1, 13)],
}
"""The numbers that register, by the name of the contract's file."""


def contracts_with_passwords(home: Path, contracts: list[Path]) -> list[Path]:
    """The contracts' copies in `home`/contracts, each with the sheet of its numbers' passwords beside it.

    Call it after secrets/ is there and before the containers start.
    """
    known = _drawn(home / "secrets" / "ims-passwords")
    folder = home / "contracts"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    copies = []
    for contract in contracts:
        name = contract.stem
        for sheet in contract.parent.glob(f"{name}-numbers.*"):
            shutil.copyfile(sheet, folder / sheet.name)
        rows = "".join(f"{number},{known[number]}\n" for number in NUMBERS[name])
        _write(folder / f"{name}-passwords.csv", f"号码,密码\n{rows}")
        text = contract.read_text(encoding="utf-8")
        named = text.replace("ims: {", f"ims: {{passwords: {name}-passwords.csv, ", 1)
        copies.append(folder / contract.name)
        copies[-1].write_text(named, encoding="utf-8")
    return copies


def _drawn(file: Path) -> dict[str, str]:
    """What the file says, and a password for each number it does not name; written back as ims reads it."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    known = dict(line.split() for line in lines)
    letters = string.ascii_letters + string.digits
    for number in (number for numbers in NUMBERS.values() for number in numbers):
        known.setdefault(number, "".join(secrets.choice(letters) for _ in range(15)))
    _write(file, "".join(f"{number} {password}\n" for number, password in known.items()))
    return known


def _write(file: Path, text: str) -> None:
    """A file nobody else on this machine can read, at no moment."""
    file.touch(0o600)
    file.chmod(0o600)
    file.write_text(text, encoding="utf-8")
