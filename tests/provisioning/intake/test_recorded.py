"""A recorded contract reads like the file it came from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.intake import build
from provisioning.intake.contract_file import RULES, Reading
from provisioning.intake.recorded import paper

NAMES = sorted(path.name for path in (Path(__file__).parent / "contracts").glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_contract_is_built_again_as_it_is(
    contracts: Path, read: Callable[..., Reading], name: str
) -> None:
    """Built from what the ledger has, a contract is the same, key by key, and as right as it was."""
    files = {path.name: path.read_bytes() for path in contracts.iterdir() if path.suffix == ".csv"}
    reading = read(files | {name: (contracts / name).read_bytes()})
    for contract in reading.contracts:
        recorded = paper(contract, "the ledger")
        assert build.contract(recorded) == contract
        found = {(problem.code, problem.severity) for rule in RULES for problem in rule(recorded)}
        assert {code for code, severity in found if severity == "error"} == set()
        assert {code for code, _ in found} <= {problem.code for problem in reading.warnings}
    assert reading.contracts
