"""Tries whether the files of a contract's IADs could be written, before it is recorded (试写IAD配置)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from pbx.errors import Malformed
from pbx.iad.device import Device
from provisioning.core.contract import Contract
from provisioning.flows.errors import FlowError
from provisioning.flows.plan_iads import Formats
from provisioning.intake.device_rules import names_setting
from provisioning.planning.iads import Given, Placed, placed

INVENTED = "Inv3ntedSecretOf24Letter"
"""As long and as plain as a secret of ours."""
SOMEWHERE = "192.0.2.1:5060"
SOME_URL = "https://prov.example.net"
SOME_MAC = "02:00:00:00:00:01"


def unwritable(formats: Formats) -> Callable[[Contract], Mapping[str, str]]:
    """What finds the IADs of a contract whose file cannot be written, each with the reasons, a line each.

    Addresses and secrets are invented, and a MAC address that is not known yet: the contract's own words are
    tried. A seat counts for the device that its row names, or for the only one there is: where the others
    come to stand is seen when the contract is recorded.
    """

    def find(contract: Contract) -> Mapping[str, str]:
        site = contract.site
        alone = len(site.iads) == 1
        seats = tuple(seat for seat in site.seats if alone or seat.iad is not None)
        try:
            tried = placed(replace(contract, site=replace(site, seats=seats)), _given(contract))
        except (Malformed, ValueError):
            return {}  # that is told by rules that know the place better
        faults = {one.device.name: "\n".join(_faults(one, formats)) for one in tried}
        return {name: why for name, why in faults.items() if why}

    return find


def _given(contract: Contract) -> Given:
    names = [iad.name for iad in contract.site.iads]
    return Given(
        passwords={seat.long_number: INVENTED for seat in contract.site.seats},
        sip=SOMEWHERE,
        url=SOME_URL,
        tokens=dict.fromkeys(names, INVENTED),
        admin_passwords=dict.fromkeys(names, INVENTED),
    )


def _faults(one: Placed, formats: Formats) -> Iterator[str]:
    """A setting that keeps the file from being written is left out then, and the rest tried without it."""
    device: Device = one.device if one.device.mac else replace(one.device, mac=SOME_MAC)
    left = dict(device.settings)
    while (why := _fault(replace(device, settings=left), one, formats)) is not None:
        named = [key for key in device.settings if names_setting(why, key)]
        if any(key not in left for key in named):
            return
        yield why
        if not named:
            return
        left = {key: value for key, value in left.items() if key not in named}


def _fault(device: Device, one: Placed, formats: Formats) -> str | None:
    try:
        formats(device, one.labels)
    except (Malformed, FlowError) as fault:
        return str(fault)
    return None
