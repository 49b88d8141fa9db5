"""A contract with an IAD and a port for every seat, as it is recorded (端口分配)."""

from __future__ import annotations

from dataclasses import replace

from provisioning.core.contract import Contract
from provisioning.planning.allotment import DoesNotFit, allotted
from provisioning.planning.iad_models import ports_of


def with_ports(contract: Contract, former: Contract | None) -> tuple[Contract, tuple[str, ...]]:
    """The contract with its ports, each seat on its `former` one where the sheet does not say; or what does
    not fit, a line each."""
    try:
        site = allotted(contract.site, None if former is None else former.site, ports_of)
    except DoesNotFit as fault:
        return contract, tuple(str(fault).splitlines())
    return replace(contract, site=site), ()
