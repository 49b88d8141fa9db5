"""What a GXW42xx is told, in the vendor's numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from pbx.errors import Malformed
from pbx.iad import grandstream_gxw as gxw
from pbx.iad.device import Device, Line, Server

Build = Callable[..., Device]
MODEL = "grandstream-gxw4224"


def numbers(content: bytes) -> dict[str, str]:
    found = re.findall(r"<(P\d+)(?:/>|>(.*)</\1>)", content.decode())
    assert len(dict(found)) == len(found)
    return dict(found)


def test_china_is_the_default(device: Build) -> None:
    """Without settings a gateway has China's tones, SLIC, caller ID and A-law first; faxes pass."""
    says = numbers(gxw.render(device(MODEL)))
    china = {
        "P57": "8", "P58": "0", "P850": "101", "P79": "101", "P228": "1", "P854": "14", "P853": "0",
        "P198": "100", "P342": "4", "P1362": "zh", "P64": "TZY-8", "P4000": "f1=450@-13,c=0/0;",
        "P4002": "f1=450@-24,c=350/350;", "P4003": "f1=450@-24,c=700/700;",
        "P4001": "f1=450@-19,c=1000/4000;",
    }  # fmt: skip
    assert china.items() <= says.items()


def test_a_gateway_is_closed(device: Build) -> None:
    """No telnet, no star codes, no calls by address, SIP from the proxy only, nothing from a DHCP server."""
    says = numbers(gxw.render(device(MODEL, admin_password="Adm1n")))
    closed = {"P276": "1", "P191": "0", "P277": "1", "P243": "1", "P145": "0", "P2": "Adm1n", "P196": "Adm1n"}
    assert closed.items() <= says.items()
    assert not {"P2", "P196"} & numbers(gxw.render(device(MODEL))).keys()


def test_a_notified_gateway_can_be_notified(device: Build) -> None:
    """A NOTIFY from the proxy is not challenged, and the device polls for nothing by itself."""
    says = numbers(gxw.render(device(MODEL, fetch_url="https://prov.example.net/iad/T0ken")))
    assert {
        "P4428": "1",
        "P194": "0",
        "P212": "2",
        "P237": "prov.example.net/iad/T0ken",
    }.items() <= says.items()
    carried = numbers(gxw.render(device(MODEL)))
    assert (carried["P212"], carried["P237"]) == ("1", "")
    assert gxw.CHECK_SYNC == "check-sync"


def test_the_operator_s_terms_are_in_the_profile(device: Build) -> None:
    """Domain, proxy, transport, expiry in minutes, 100rel, session timers and user=phone are profile 1's."""
    server = Server(
        domain="ims.yn.example.cn",
        proxy="192.0.2.1:5070",
        transport="tcp",
        expires=1800,
        reliable="supported",
        timers="required",
        session_expires=900,
        least_expires=120,
        user_phone=True,
    )
    says = numbers(gxw.render(device(MODEL, server=server)))
    terms = {
        "P47": "ims.yn.example.cn", "P48": "192.0.2.1:5070", "P130": "1", "P32": "30", "P272": "1",
        "P63": "1",
        "P260": "900", "P261": "120", "P262": "1", "P263": "1", "P264": "1",
    }  # fmt: skip
    assert terms.items() <= says.items()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"special": "china-mobile"}, {"P198": "113"}),
        ({"special": "zte"}, {"P198": "114"}),
        ({"special": "huawei"}, {"P198": "111"}),
        ({"caller_id": "dtmf"}, {"P853": "5"}),
        ({"polarity": "on"}, {"P205": "1"}),
        ({"slic": "usa"}, {"P854": "0"}),
        ({"dial_plan": "{ 9x+ }"}, {"P4200": "{ 9x+ }"}),
        ({"vlan": "46"}, {"P51": "46"}),
        ({"ntp": "192.0.2.9"}, {"P30": "192.0.2.9"}),
    ],
)
def test_a_setting_is_its_number(device: Build, settings: dict[str, str], expected: dict[str, str]) -> None:
    """A setting stands in the number it is."""
    assert expected.items() <= numbers(gxw.render(device(MODEL, settings=settings))).items()


def test_what_is_not_stated_is_left_alone(device: Build) -> None:
    """VLAN and clock are not written unless stated: who set them at the site keeps them."""
    says = numbers(gxw.render(device(MODEL, settings={"tones": "leave"})))
    assert not {"P51", "P30", "P4000", "P4040"} & says.keys()


def test_untouched_lines_have_a_profile_of_their_own(device: Build, line: Callable[..., Line]) -> None:
    """A fax or card terminal is on profile 2: A-law alone, no echo canceller, a fixed jitter buffer."""
    lines = {
        1: line(1),
        2: line(2, untouched=True),
        3: line(3, t38=True),
        4: line(4, untouched=True, t38=True),
    }
    says = numbers(gxw.render(device(MODEL, lines=lines)))
    assert [says[f"P{4150 + port}"] for port in range(4)] == ["0", "1", "2", "3"]
    assert [says[key] for key in ("P824", "P825", "P4366", "P4355")] == ["0", "1", "0", "1"]
    assert [says[key] for key in ("P133", "P831", "P631", "P698")] == ["1", "0", "1", "0"]
    assert [says[key] for key in ("P58", "P758", "P558", "P652")] == ["0", "8", "0", "8"]
    assert [says[key] for key in ("P228", "P710", "P510", "P4384")] == ["1", "1", "0", "0"]
    assert [says[key] for key in ("P271", "P401", "P501", "P601")] == ["1", "1", "1", "1"]


def test_profiles_not_needed_are_off(device: Build) -> None:
    """Profiles that no port uses are inactive and say nothing else."""
    says = numbers(gxw.render(device(MODEL)))
    assert [says[key] for key in ("P401", "P501", "P601")] == ["0", "0", "0"]
    assert not {"P747", "P547", "P602"} & says.keys()


def test_an_unused_port_is_emptied(device: Build) -> None:
    """A port without a line is disabled, and what it had before is written over with nothing."""
    says = numbers(gxw.render(device(MODEL, used=(1, 3))))
    assert [says[key] for key in ("P4596", "P4061", "P4091", "P4121", "P4181")] == ["0", "", "", "", ""]
    assert [says[key] for key in ("P4597", "P4062")] == ["1", "08702120003"]


def test_the_file_is_named_by_the_mac(device: Build) -> None:
    """The file is cfg<mac>.xml in small letters, and its <mac> is the device's."""
    assert gxw.file_name(device(MODEL)) == "cfgc074ad000001.xml"
    assert b"<mac>c074ad000001</mac>" in gxw.render(device(MODEL))
    with pytest.raises(Malformed, match="state the mac"):
        gxw.file_name(device(MODEL, mac=None))


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (Server(domain="a.cn", expires=200), "minutes"),
        (Server(domain="a.cn", reliable="required"), "100rel"),
    ],
)
def test_what_it_cannot_do_is_said(device: Build, server: Server, said: str) -> None:
    """An expiry that is no whole minutes and 100rel that is insisted on are refused."""
    with pytest.raises(Malformed, match=said):
        gxw.render(device(MODEL, server=server))


def test_a_text_has_64_characters(device: Build, line: Callable[..., Line]) -> None:
    """A password of 64 characters is taken, one of 65 is not."""
    gxw.render(device(MODEL, lines={1: replace(line(1), password="x" * 64)}))
    with pytest.raises(Malformed, match="64"):
        gxw.render(device(MODEL, lines={1: replace(line(1), password="x" * 65)}))


@pytest.mark.parametrize(
    ("agent", "mac"),
    [
        ("Grandstream Model HW GXW4248 V1.3A SW 1.0.17.5 DevId c074ad273a10", "c0:74:ad:27:3a:10"),
        ("Grandstream Model HW GXW4216 SW 1.0.5.4 DevId 000b82112233", "00:0b:82:11:22:33"),
        ("Grandstream Model HW GXW4216 SW 1.0.5.4 DevId 000B82112233", "00:0b:82:11:22:33"),
        ("Grandstream Model HW HT801 V1.1A SW 1.0.17.5 DevId c074ad273a10", None),
        ("Grandstream Model HW GXW4248 V1.3A SW 1.0.17.5 DevId c074ad273a1", None),
        ("Grandstream Model HW GXW4248 V1.3A SW 1.0.17.5 DevId c074ad273a10\nx", None),
        ("Mozilla/5.0 (DevId c074ad273a10)", None),
        ("", None),
    ],
)
def test_the_user_agent_names_the_mac(agent: str, mac: str | None) -> None:
    """A gateway names its MAC in its User-Agent; other programs are not such a gateway."""
    assert gxw.sent_by(agent) == mac


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("<mac>c074ad000001</mac>", "<mac>c074ad00001</mac>"),
        ("<P57>8</P57>", "<P57>18</P57>"),
        ("<P4150>0</P4150>", "<P4150>2</P4150>"),
        ("<P133>1</P133>", "<P133>0</P133>"),
        ("<P854>14</P854>", "<P854>15</P854>"),
        ("<P276>1</P276>", "<P276>0</P276>"),
        ("<P4002>f1=450@-24", "<P4002>f1=480@-24"),
        ("<P747>192.0.2.10</P747>", "<P747>192.0.2.11</P747>"),
        ("<P863>0</P863>", "<P863>5</P863>"),
        ("<P271>1</P271>", "<P271>0</P271>"),
        ("<P264>0</P264>", "<P264>1</P264><P9999>1</P9999>"),
        ("gs_provision", "gs_provisioning"),
        ('<config version="1">', '<config version="2">'),
    ],
)
def test_a_changed_number_is_not_ours(
    device: Build, line: Callable[..., Line], was: str, becomes: str
) -> None:
    """A number changed to what we never write is refused, and so are profiles that disagree."""
    content = gxw.render(device(MODEL, lines={1: line(1), 2: line(2, untouched=True)}))
    assert was.encode() in content
    content = content.replace(was.encode(), becomes.encode())
    with pytest.raises(Malformed):
        gxw.parse(content, MODEL)
