"""From a contract to its IADs: both ways of wiring, every port, and what each line registers with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pbx.iad.device import Server
from provisioning.core.site import Iad, Ims, Seat, SessionTimers
from provisioning.planning.iads import Given, MissingPasswords, devices, placed

PASSWORDS = {f"0870212000{n}": f"CANARY{n}" for n in range(10)}
GIVEN = Given(passwords=PASSWORDS, sip="192.0.2.10:5060")
IMS = Ims(
    domain="ims.example.net",
    proxy="sip:192.0.2.20:5070",
    expires=1800,
    reliable="required",
    session_timers=SessionTimers(use="required", expires=900, least=120),
)


def seat(n: int, **more: object) -> Seat:
    return Seat(long_number=f"0870212000{n}", **more)


@pytest.fixture
def contract(make):
    """A contract whose site has an HT802 and an HT814, and three seats, the last on a port of its own."""
    seats = (seat(1, name="Front desk"), seat(2, name="办公室"), seat(3, iad="iad-2", port=4))
    iads = (
        Iad(name="iad-1", model="grandstream-ht802", mac="c0:74:ad:00:00:01"),
        Iad(name="iad-2", model="grandstream-ht814"),
    )
    return changed(make(1), seats=seats, iads=iads, ims=None)


def changed(contract, **changes):
    return replace(contract, site=replace(contract.site, **changes))


def lines(contract, given=GIVEN):
    return {f"{one.name}/{port}": line for one in devices(contract, given) for port, line in one.lines}


def test_at_a_switch_a_line_is_the_seats_endpoint(contract) -> None:
    """A port registers to the switch as its long number, with the endpoint as digest user."""
    found = lines(contract)
    assert list(found) == ["iad-1/1", "iad-1/2", "iad-2/4"]
    one = found["iad-2/4"]
    assert (one.user, one.auth_user, one.password) == ("08702120003", "seat-08702120003", "CANARY3")
    assert {device.server for device in devices(contract, GIVEN)} == {Server(domain="192.0.2.10:5060")}


def test_without_a_switch_a_line_is_the_operators_user(contract) -> None:
    """A port registers to the operator's IMS with the identity of its number, as the operator wants it."""
    found = devices(changed(contract, switch="none", ims=IMS), replace(GIVEN, sip=None))
    one = found[1].ports[3].line
    assert one is not None
    assert (one.user, one.auth_user) == ("+868702120003", "+868702120003@ims.example.net")
    assert found[0].server == Server(
        domain="ims.example.net",
        proxy="192.0.2.20:5070",
        expires=1800,
        reliable="required",
        timers="required",
        session_expires=900,
        least_expires=120,
        user_phone=True,
    )


def test_every_port_is_there_used_or_not(contract) -> None:
    """A device has all ports of its model; those nobody stands on carry no line."""
    first, second = devices(contract, GIVEN)
    assert [port.line is None for port in first.ports] == [False, False]
    assert [port.line is None for port in second.ports] == [True, True, True, False]


@pytest.mark.parametrize(("settings", "ports"), [({}, 5), ({"ports": "16"}, 16)])
def test_a_model_of_unknown_size_has_as_many_ports_as_are_said_or_used(contract, settings, ports) -> None:
    """Of a model that nobody publishes, the contract may say how many ports it has."""
    iad = Iad(name="iad-1", model="dinstar-dag2000", settings={**settings, "tones": "china"})
    (one,) = devices(changed(contract, iads=(iad,), seats=(seat(1), seat(2, port=5))), GIVEN)
    assert len(one.ports) == ports
    assert dict(one.settings) == {"tones": "china"}


def test_fax_and_card_terminals_are_left_untouched(contract) -> None:
    """A seat with a fax or a card terminal has a line that nobody filters (传真, POS); others do not."""
    seats = (seat(1, features=("fax",)), seat(2, features=("vnet", "pos")), seat(3, features=("vnet",)))
    assert [line.untouched for line in lines(changed(contract, seats=seats)).values()] == [True, True, False]


def test_t38_is_the_devices_setting(contract) -> None:
    """Fax goes through as A-law unless the device is set to T.38."""
    iads = (contract.site.iads[0], replace(contract.site.iads[1], settings={"fax": "t38"}))
    found = lines(changed(contract, iads=iads))
    assert {place: line.t38 for place, line in found.items()} == {
        "iad-1/1": False,
        "iad-1/2": False,
        "iad-2/4": True,
    }


def test_only_a_plain_name_is_displayed(contract) -> None:
    """A name that not every device and network can hold is left out."""
    assert [line.display for line in lines(contract).values()] == ["Front desk", "", ""]


@pytest.mark.parametrize("name", ["Li, Wei", "Ward 3; ground floor", "50 % post", "Cash $", "x" * 51])
def test_every_family_takes_the_names_that_are_displayed(contract, name: str) -> None:
    """A name is displayed only if all families can write it: none keeps a device from getting its file."""
    seats = tuple(replace(seat, name=name) for seat in contract.site.seats)
    assert {line.display for line in lines(changed(contract, seats=seats)).values()} == {""}


def test_a_device_is_told_its_own_address(contract) -> None:
    """With a server to fetch from, each device with a token has an address of its own, and a password."""
    given = replace(
        GIVEN,
        url="https://prov.example.net",
        tokens={"iad-1": "CANARYtoken"},
        admin_passwords={"iad-1": "CANARY"},
    )
    first, second = devices(contract, given)
    assert first.fetch_url == "https://prov.example.net/iad/CANARYtoken"
    assert (first.admin_password, second.fetch_url, second.admin_password) == ("CANARY", None, None)
    assert devices(contract, replace(given, url=None))[0].fetch_url is None


def test_seats_without_a_password_are_named_all_at_once(contract) -> None:
    """No device is made half: every number that has nothing to register with is named."""
    with pytest.raises(MissingPasswords) as caught:
        devices(contract, replace(GIVEN, passwords={"08702120002": "x", "08702120003": ""}))
    assert caught.value.numbers == ("08702120001", "08702120003")


@pytest.mark.parametrize("changes", [{}, {"switch": "none"}])
def test_a_missing_address_is_told(contract, changes) -> None:
    """Without the address of the switch or of the operator no device is made."""
    with pytest.raises(ValueError, match="zhaotong"):
        devices(changed(contract, **changes), replace(GIVEN, sip=None))


def test_a_site_without_iads_has_no_devices(contract) -> None:
    """Telephones of the customer's own are nobody's devices, and need no address."""
    assert devices(changed(contract, iads=()), Given(passwords={})) == ()


def test_who_stands_where_is_known(contract) -> None:
    """With each device come the seats on its ports."""
    found = {
        one.device.name: {port: s.long_number for port, s in one.seats.items()}
        for one in placed(contract, GIVEN)
    }
    assert found == {"iad-1": {1: "08702120001", 2: "08702120002"}, "iad-2": {4: "08702120003"}}


def test_nothing_shows_a_secret(contract) -> None:
    """Printing what devices are made from, or a device, shows no password and no token."""
    given = replace(GIVEN, url="https://x", tokens={"iad-1": "CANARY"}, admin_passwords={"iad-1": "CANARY"})
    assert "CANARY" not in repr(given) + repr(devices(contract, given)) + repr(placed(contract, given))
