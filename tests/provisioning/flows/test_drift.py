"""What drift says of a switch on which nothing drifted."""

from __future__ import annotations

import pytest

from provisioning.flows.drift import DriftReport, Unregistered


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "holds and runs what the ledger says"),
        (1, "holds what the ledger says, but 1 registration is not in force at the operator"),
        (2, "holds what the ledger says, but 2 registrations are not in force at the operator"),
    ],
)
def test_registrations_that_are_not_in_force(count: int, said: str) -> None:
    """A switch does not run what the ledger says while registrations are not in force."""
    out = tuple(Unregistered("zhaotong", f"0870212000{n}-ims", "Unregistered") for n in range(count))
    report = DriftReport(switch="pbx", drifts=(), orphans=(), notes=(), unregistered=out)
    assert not report
    assert report.verdict == said
