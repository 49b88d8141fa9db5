"""What a SmartNode is told, as a script of its command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pbx.errors import Malformed
from pbx.iad import patton
from pbx.iad.device import Device, Line, Server

Build = Callable[..., Device]
MODEL = "patton-sn4324"


def test_a_port_is_bound_to_its_number(device: Build) -> None:
    """A port has its interface, its number, its identity and its password; ports count from 0."""
    server = Server(domain="ims.yn.example.cn", proxy="192.0.2.1:5070", transport="tcp", expires=600)
    text = patton.render(device(MODEL, server=server, used=(2,))).decode()
    for said in (
        "port fxs 0 1\n  encapsulation cc-fxs\n  bind interface IF_FXS2 switch\n  no shutdown\n",
        "  interface fxs IF_FXS2\n    route call dest-interface IF_SIP\n    subscriber-number 08702120002\n",
        "authentication-service AUTH\n  username seat-08702120002 password secret-02\n",
        "location-service LOC\n  domain ims.yn.example.cn\n  identity 08702120002\n",
        "      registrar 192.0.2.1 5070\n      lifetime 600\n      preferred-transport-protocol tcp\n",
        "    remote 192.0.2.1 5070\n",
    ):
        assert said in text


def test_an_unused_port_is_shut_down(device: Build) -> None:
    """A port without a line is shut down and stands nowhere else."""
    text = patton.render(device(MODEL, used=(2,))).decode()
    assert "port fxs 0 0\n  shutdown\n" in text
    assert "IF_FXS1\n" not in text


def test_china_is_the_default(device: Build) -> None:
    """A-law first, no silence suppression, fax passed through as A-law, 450 Hz, GMT+8."""
    text = patton.render(device(MODEL)).decode()
    for said in (
        "  codec 1 g711alaw64k rx-length 20 tx-length 20\n",
        "  fax transmission 1 bypass g711alaw64k rx-length 20 tx-length 20\n",
        "  no silence-compression\n",
        "profile call-progress-tone CN_BUSY\n  play 1 350 450 -10\n  pause 2 350\n",
        "clock local default-offset +08:00\n",
    ):
        assert said in text
    assert "450" not in patton.render(device(MODEL, settings={"tones": "leave"})).decode()


def test_t38_is_for_all_or_none(device: Build, line: Callable[..., Line]) -> None:
    """T.38 is a thing of the whole device: all lines have it, or the file is refused."""
    both = {1: line(1, t38=True), 2: line(2, t38=True)}
    assert b"fax transmission 1 relay t38-udp" in patton.render(device(MODEL, lines=both))
    with pytest.raises(Malformed, match="all lines or for none"):
        patton.render(device(MODEL, lines=both | {2: line(2)}))


def test_words_are_quoted_where_they_need_it(device: Build, line: Callable[..., Line]) -> None:
    """A password with blanks or punctuation stands in quotation marks and reads back."""
    found = device(MODEL, lines={1: replace(line(1), password="a b;#c")})
    assert b'password "a b;#c"' in patton.render(found)
    assert patton.parse(patton.render(found), MODEL).ports == found.ports


@pytest.mark.parametrize(
    ("name", "value"),
    [("password", 'a"b'), ("password", "a\\b"), ("password", "$(x)"), ("auth_user", "用户"), ("user", "a b")],
)
def test_what_a_command_cannot_hold_is_refused(
    device: Build, line: Callable[..., Line], name: str, value: str
) -> None:
    """Quotation marks, backslashes, dollars, anything but ASCII, and numbers that are none are refused."""
    with pytest.raises(Malformed):
        patton.render(device(MODEL, lines={1: replace(line(1), **{name: value})}))


@pytest.mark.parametrize("name", ["user", "auth_user"])
def test_no_two_lines_are_the_same(device: Build, line: Callable[..., Line], name: str) -> None:
    """Two lines with one user would be one identity: refused."""
    twice = {1: line(1), 2: replace(line(2), **{name: getattr(line(1), name)})}
    with pytest.raises(Malformed, match=f"same {name}"):
        patton.render(device(MODEL, lines=twice))


def test_it_fetches_when_told(device: Build) -> None:
    """A check-sync makes the device fetch <mac>.cfg from its own address."""
    url = "https://prov.example.net/iad/T"
    text = patton.render(device(MODEL, fetch_url=url, admin_password="Adm1n#")).decode()
    assert f"  location 1 {url}/$(system.mac).cfg\n" in text
    assert "    condition sip gateway:GW_SIP NOTIFY_CHECK_SYNC_RELOAD\n" in text
    assert 'administrator administrator password "Adm1n#"\n' in text
    assert patton.file_name(device(MODEL)) == "c074ad000001.cfg"


def test_a_vlan_is_a_mode_of_the_port(device: Build) -> None:
    """With a VLAN the Ethernet port is bound within it."""
    text = patton.render(device(MODEL, settings={"vlan": "46", "ntp": "192.0.2.9"})).decode()
    assert "  vlan 46\n    encapsulation ip\n    bind interface eth0 router\n    no shutdown\n" in text
    assert "sntp-client server primary 192.0.2.9\n" in text


@pytest.mark.parametrize(
    ("agent", "mac"),
    [
        (
            "SmartNode (Model:SN4316/JS; Serial:00A0BA0BA9A5; Software Version:R6.9 2016-07-05 SIP FXS; "
            "Hardware Version:2.3)",
            "00:a0:ba:0b:a9:a5",
        ),
        ("SmartNode (Model:SN4316/JS; Serial:00A0BA0B; Software Version:R6.9", None),
        ("curl/8.0", None),
    ],
)
def test_the_user_agent_names_the_mac(agent: str, mac: str | None) -> None:
    """A SmartNode's serial number is its MAC."""
    assert patton.sent_by(agent) == mac


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("username seat-08702120001 ", "username seat-08702120009 "),
        ("lifetime 3600", "lifetime 60"),
        ("remote 192.0.2.10", "remote 192.0.2.11"),
        ("subscriber-number 08702120001", "subscriber-number 08702120009"),
        ("  dtmf-relay rtp\n", "  dtmf-relay default\n"),
        ("cli version 3.20", "cli version 3.20\nweb-server"),
    ],
)
def test_a_changed_script_is_not_ours(device: Build, was: str, becomes: str) -> None:
    """Commands that contradict one another, or that we never write, are refused."""
    content = patton.render(device(MODEL, used=(1, 2)))
    assert was.encode() in content
    with pytest.raises(Malformed):
        patton.parse(content.replace(was.encode(), becomes.encode(), 1), MODEL)


def test_one_address_and_one_password(device: Build) -> None:
    """A script with two addresses to fetch from, or two passwords of the administrator, is refused."""
    content = patton.render(
        device(MODEL, fetch_url="https://prov.example.net/iad/T", admin_password="Sample1")
    )
    for command in (b"location 1 ", b"administrator administrator password "):
        line = next(one for one in content.split(b"\n") if one.strip().startswith(command)) + b"\n"
        with pytest.raises(Malformed, match="two addresses"):
            patton.parse(content.replace(line, line * 2, 1), MODEL)
