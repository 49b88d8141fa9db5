"""What a Yealink telephone is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pbx.errors import Malformed
from pbx.iad import yealink
from pbx.iad.device import Device, Line, Server

Build = Callable[..., Device]
MODEL = "yealink-t46s"


def keys(content: bytes) -> dict[str, str]:
    lines = content.decode().splitlines()
    assert lines[0] == "#!version:1.0.0.1"
    return dict(line.split(" = ", 1) for line in lines[2:])


def test_an_account_has_its_keys(device: Build) -> None:
    """Each account has its server with port, transport and expiry, its users and its password."""
    server = Server(
        domain="192.0.2.10:5062", proxy="192.0.2.1", transport="tls", expires=600, user_phone=True
    )
    says = keys(yealink.render(device(MODEL, server=server, used=(2,))))
    second = {
        "enable": "1", "user_name": "08702120002", "auth_name": "seat-08702120002", "password": "secret-02",
        "label": "08702120002", "sip_server.1.address": "192.0.2.10", "sip_server.1.port": "5062",
        "sip_server.1.transport_type": "2", "sip_server.1.expires": "600", "outbound_proxy_enable": "1",
        "outbound_proxy.1.address": "192.0.2.1", "outbound_proxy.1.port": "5060",
        "enable_user_equal_phone": "1",
        "codec.pcma.priority": "1", "dtmf.dtmf_payload": "101",
    }  # fmt: skip
    assert {f"account.2.{key}": value for key, value in second.items()}.items() <= says.items()


def test_an_unused_account_is_emptied(device: Build) -> None:
    """An account without a line is disabled, and what it had is written over with nothing."""
    says = keys(yealink.render(device(MODEL)))
    names = ("enable", "label", "display_name", "user_name", "auth_name", "password")
    assert [says[f"account.16.{name}"] for name in names] == ["0", *["%NULL%"] * 5]


def test_china_is_the_default(device: Build) -> None:
    """Chinese, GMT+8, China's tones, unless told to leave the tones; VLAN and clock only where stated."""
    says = keys(yealink.render(device(MODEL)))
    assert (says["lang.gui"], says["local_time.time_zone"]) == ("Chinese_S", "+8")
    assert says["voice.tone.country"] == "China"
    assert not {"local_time.ntp_server1", "static.network.vlan.internet_port_vid"} & says.keys()
    other = keys(yealink.render(device(MODEL, settings={"tones": "leave", "vlan": "46", "ntp": "192.0.2.9"})))
    assert "voice.tone.country" not in other
    assert other["static.network.vlan.internet_port_vid"] == "46"


def test_it_fetches_from_its_own_address(device: Build) -> None:
    """The telephone is told its address and the administrator's password."""
    says = keys(
        yealink.render(device(MODEL, fetch_url="https://prov.example.net/iad/T", admin_password="Adm1n"))
    )
    assert says["static.auto_provision.server.url"] == "https://prov.example.net/iad/T/"
    assert says["static.security.user_password"] == "admin:Adm1n"
    assert yealink.file_name(device(MODEL)) == "c074ad000001.cfg"


def test_a_telephone_is_no_fax(device: Build, line: Callable[..., Line]) -> None:
    """Fax, card terminal and T.38 lines, and 100rel or timers insisted on, are refused, not lost."""
    for wrong in (line(1, untouched=True), line(1, t38=True)):
        with pytest.raises(Malformed, match="fax"):
            yealink.render(device(MODEL, lines={1: wrong}))
    for server in (Server(domain="x", reliable="required"), Server(domain="x", timers="required")):
        with pytest.raises(Malformed, match="supported"):
            yealink.render(device(MODEL, server=server))


def test_the_word_for_nothing_is_no_password(device: Build, line: Callable[..., Line]) -> None:
    """A name that is the vendor's word for nothing is refused."""
    with pytest.raises(Malformed, match="%NULL%"):
        yealink.render(device(MODEL, lines={1: line(1, display="%NULL%")}))


def test_comments_and_blank_lines_are_passed_over(device: Build) -> None:
    """A comment or blank line in a file says nothing."""
    content = yealink.render(device(MODEL)).replace(b"\n\n", b"\n# a remark\n\n   \n")
    assert yealink.parse(content, MODEL).ports == device(MODEL).ports


@pytest.mark.parametrize(
    ("agent", "mac"),
    [
        ("Yealink SIP-T46G 28.72.0.1 00:15:65:4a:a9:37", "00:15:65:4a:a9:37"),
        ("Yealink SIP VP-T49G 51.80.0.10 00:15:65:9B:5A:44", "00:15:65:9b:5a:44"),
        ("Yealink SIP-T46G 28.72.0.1", None),
        ("Yealink SIP-T46G 28.72.0.1 00:15:65:4a:a9:3", None),
        ("curl/8.0", None),
    ],
)
def test_the_user_agent_names_the_mac(agent: str, mac: str | None) -> None:
    """A telephone names its MAC in its User-Agent."""
    assert yealink.sent_by(agent) == mac
