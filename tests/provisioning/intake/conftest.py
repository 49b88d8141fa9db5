"""Sample contracts for the intake's tests, and a way to read texts as if they were files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from provisioning.flows.check_contracts import check
from provisioning.intake.contract_file import Reading

ReadTexts = Callable[[Mapping[str, str | bytes]], Reading]


def read_texts(files: Mapping[str, str | bytes]) -> Reading:
    """Checks the .yaml files of a folder in memory; the others are there to be referred to."""

    def read(path: str, limit: int) -> bytes:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory")
        content = files[path]
        return (content if isinstance(content, bytes) else content.encode())[:limit]

    return check([name for name in files if name.endswith(".yaml")], read)


@pytest.fixture(scope="session")
def contracts() -> Path:
    """The folder of sample contracts."""
    return Path(__file__).parent / "contracts"


@pytest.fixture(scope="session")
def sample(contracts: Path) -> str:
    """A contract that uses every key of the contract file and has no error."""
    return (contracts / "zhaotong.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def read() -> ReadTexts:
    return read_texts
