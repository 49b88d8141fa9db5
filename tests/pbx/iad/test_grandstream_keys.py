"""The P-numbers as the vendor's tables have them."""

from __future__ import annotations

import pytest

from pbx.iad import grandstream_gxw, grandstream_ht
from pbx.iad.grandstream_keys import (
    ACCOUNT_PORTS,
    CHINA_TONES,
    GXW_PORTS,
    HT_PORTS,
    PROFILE,
    port_number,
)

# The same table as the firmware's own list of ports gives it, port by port at each of its breaks.
BREAKS = {
    "user": {1: 4060, 20: 4079, 21: 4080, 29: 4088, 30: 4089, 31: 4240, 32: 4241, 33: 21000, 48: 21015},
    "auth_user": {1: 4090, 20: 4109, 21: 4110, 30: 4119, 31: 4242, 32: 4243, 33: 21064, 48: 21079},
    "password": {1: 4120, 20: 4139, 21: 4140, 30: 4149, 31: 4244, 32: 4245, 33: 21128, 48: 21143},
    "display": {
        1: 4180, 20: 4199, 21: 4252, 24: 4255, 25: 4256, 29: 4260, 30: 4261, 31: 4262, 32: 4263, 33: 21192,
    },
    "profile": {1: 4150, 30: 4179, 31: 4246, 32: 4247, 33: 21256, 48: 21271},
    "enabled": {1: 4595, 30: 4624, 31: 4625, 32: 4626, 33: 21384, 48: 21399},
    "dials_itself": {1: 4210, 20: 4229, 21: 4230, 24: 4233, 25: 4800, 30: 4805, 31: 4806, 33: 21448},
    "hunt_group": {1: 4300, 30: 4329, 31: 4250, 32: 4251, 33: 21320, 48: 21335},
}  # fmt: skip


@pytest.mark.parametrize("field", BREAKS)
def test_a_port_of_a_gxw_has_its_numbers(field: str) -> None:
    """The numbers of a field at each break of the table are the vendor's."""
    for port, number in BREAKS[field].items():
        assert port_number(GXW_PORTS[field], port) == number


def numbers_of(model: str) -> list[int]:
    layout = grandstream_gxw.LAYOUT if "gxw" in model else grandstream_ht._layout_of(model)
    ports = (grandstream_gxw.MODELS | dict(grandstream_ht.MODELS))[model]
    of_ports = [port_number(table, port) for table in layout.ports.values() for port in range(1, ports + 1)]
    of_profiles = [number for numbers in layout.profile.values() for number in numbers]
    of_device = [2, 196, 212, 237, 51, 30, *(key for key, _ in (*layout.constant, *CHINA_TONES))]
    return [*of_ports, *of_profiles, *of_device]


@pytest.mark.parametrize("model", [*grandstream_gxw.MODELS, *grandstream_ht.MODELS])
def test_every_number_means_one_thing(model: str) -> None:
    """No two of a model's fields, ports, profiles and device-wide settings share a P-number."""
    numbers = numbers_of(model)
    assert sorted(numbers) == sorted(set(numbers))


@pytest.mark.parametrize("table", [GXW_PORTS, HT_PORTS, ACCOUNT_PORTS])
def test_ranges_follow_one_another(table: dict[str, tuple[tuple[int, int, int], ...]]) -> None:
    """The ranges of every field cover the ports from 1 on without gap or overlap."""
    for ranges in table.values():
        assert [first for first, _, _ in ranges] == [1, *(last + 1 for _, last, _ in ranges[:-1])]


def test_a_port_there_is_not_has_no_number() -> None:
    """A port beyond the last has no number."""
    with pytest.raises(KeyError):
        port_number(GXW_PORTS["user"], 49)


def test_profiles_have_what_the_accounts_have() -> None:
    """The numbers every Grandstream has had since its first are where they always were."""
    first = {"server": 47, "proxy": 48, "codec_1": 57, "user_phone": 63, "register": 31, "special": 198}
    second = {"server": 747, "proxy": 748, "codec_1": 757, "fax": 710, "active": 401, "dial_plan": 4201}
    assert {name: PROFILE[name][0] for name in first} == first
    assert {name: PROFILE[name][1] for name in second} == second
