"""What an MP-1xx is told: parameters and tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pbx.errors import Malformed
from pbx.iad import audiocodes
from pbx.iad.device import Device, Line, Server

Build = Callable[..., Device]
MODEL = "audiocodes-mp124"


def test_lines_end_with_a_carriage_return(device: Build) -> None:
    """Every line of the file ends with a carriage return, the last one too."""
    content = audiocodes.render(device(MODEL))
    assert content.endswith(b"\r\n")
    assert content.count(b"\n") == content.count(b"\r\n")


def test_a_port_has_a_row_in_three_tables(device: Build) -> None:
    """A port in use has its number, its digest user with password, and its name; an unused one has no row."""
    text = audiocodes.render(device(MODEL, used=(2,))).decode()
    assert 'TrunkGroup 0 = 1, 255, 2, 2, "08702120002", 1, 255, 255;\r\n' in text
    assert 'Authentication 1 = "seat-08702120002", "secret-02";\r\n' in text
    assert 'CallerDisplayInfo 1 = "", 0;\r\n' in text
    assert text.count("\r\nAuthentication ") == text.count("\r\nTrunkGroup ") == 1


def test_the_operator_s_terms(device: Build) -> None:
    """Domain, proxy, transport, expiry, PRACK, session timers and user=phone are parameters."""
    server = Server(
        domain="ims.yn.example.cn",
        proxy="192.0.2.1:5070",
        transport="tcp",
        expires=200,
        reliable="required",
        session_expires=900,
        least_expires=120,
        user_phone=True,
    )
    text = audiocodes.render(device(MODEL, server=server)).decode()
    for said in (
        "ProxyName = 'ims.yn.example.cn'", "SIPGatewayName = 'ims.yn.example.cn'", "SIPTransportType = 1",
        "RegistrationTime = 200", "PRACKMode = 2", "SIPSessionExpires = 900", "MinSE = 120",
        "IsUserPhone = 1",
        'ProxyIp 0 = "192.0.2.1:5070", -1, 0;',
    ):  # fmt: skip
        assert f"{said}\r\n" in text


def test_china_is_the_default(device: Build) -> None:
    """A-law first, RFC 4733, no silence suppression, GMT+8, Bellcore caller ID."""
    text = audiocodes.render(device(MODEL)).decode()
    for said in (
        'CodersGroup0 0 = "g711Alaw64k", 20, 0, 8, 0;', "RFC2833TxPayloadType = 101", "CallerIDType = 0",
        "EnableSilenceCompression = 0", "NTPServerUTCOffset = 28800", "EnableForward = 0",
    ):  # fmt: skip
        assert f"{said}\r\n" in text


def test_kinds_of_lines_are_profiles(device: Build, line: Callable[..., Line]) -> None:
    """Untouched lines have a profile without echo canceller and with a jitter buffer that stays."""
    lines = {1: line(1), 2: line(2, untouched=True), 3: line(3, t38=True)}
    text = audiocodes.render(device(MODEL, lines=lines)).decode()
    assert 'TelProfile 1 = "", 1, 0, 2, 10, 10, 1;' in text
    assert 'TelProfile 2 = "", 1, 0, 2, 40, 13, 0;' in text
    assert 'TelProfile 3 = "", 1, 0, 1, 10, 10, 1;' in text
    assert 'TrunkGroup 1 = 1, 255, 2, 2, "08702120002", 2, 255, 255;' in text


@pytest.mark.parametrize("password", ['a"b', "a;b", "a,b", "a'b", "密码"])
def test_what_a_table_cannot_hold_is_refused(device: Build, line: Callable[..., Line], password: str) -> None:
    """Quotation marks, semicolons, commas and anything but ASCII are refused, and not shown."""
    with pytest.raises(Malformed, match=r"port 1: .*password") as caught:
        audiocodes.render(device(MODEL, lines={1: replace(line(1), password=password)}))
    assert password not in str(caught.value)


def test_what_it_cannot_do_is_said(device: Build) -> None:
    """Timers insisted on, a domain's port beside a proxy and a quote in the dial plan are refused."""
    for server in (Server(domain="a.cn", timers="required"), Server(domain="a.cn:5062", proxy="192.0.2.1")):
        with pytest.raises(Malformed):
            audiocodes.render(device(MODEL, server=server))
    with pytest.raises(Malformed, match="dial_plan"):
        audiocodes.render(device(MODEL, settings={"dial_plan": "x'y"}))


def test_the_name_of_the_file_has_no_hyphen(device: Build) -> None:
    """The file is named by the MAC, or by the device with underscores, and fetched by that name."""
    assert audiocodes.file_name(device(MODEL)) == "c074ad000001.ini"
    assert audiocodes.file_name(device(MODEL, mac=None)) == "iad_1.ini"
    text = audiocodes.render(device(MODEL, fetch_url="https://prov.example.net/iad/T")).decode()
    assert "IniFileURL = 'https://prov.example.net/iad/T/c074ad000001.ini'\r\n" in text


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("Authentication 0 =", "Authentication 1 ="),
        ("FORMAT TelProfile_Index", "FORMAT TelProfile_Row"),
        ("TrunkGroup 0 = 1, 255, 1, 1,", "TrunkGroup 0 = 1, 255, 1, 2,"),
        ("TrunkGroup 0 = 1, 255, 1, 1,", "TrunkGroup 0 = 1, 255, 25, 25,"),
        ("[ \\ProxyIp ]", ""),
        ("[ ProxyIp ]", "[ ProxySet ]"),
        ("40, 13", "40, 12"),
        ("DigitMapping = '", 'DigitMapping = "'),
        ("1, 0, 2, 10, 10, 1;", "1, 0, 3, 10, 10, 1;"),
        ('", 1, 255, 255;', '", 9, 255, 255;'),
        ("g711Alaw64k", "g729"),
        ("1, 0, 2, 10, 10, 1;", "2, 0, 2, 10, 10, 1;"),
        ("1, 0, 2, 10, 10, 1;", "1, 0, 2, 10, 10, 7;"),
        ("TrunkGroup 0 = 1, 255,", "TrunkGroup 0 = 2, 255,"),
        ("TrunkGroup 0 = 1, 255,", "TrunkGroup 0 = 1, 0,"),
        ('", 1, 255, 255;', '", 1, 255, 1;'),
        ('CallerDisplayInfo 0 = "", 0;', 'CallerDisplayInfo 0 = "", 1;'),
    ],
)
def test_a_changed_table_is_not_ours(
    device: Build, line: Callable[..., Line], was: str, becomes: str
) -> None:
    """Tables that do not go with one another, or are not ours, are refused."""
    content = audiocodes.render(device(MODEL, lines={1: line(1), 2: line(2, untouched=True)}))
    assert was.encode() in content
    with pytest.raises(Malformed):
        audiocodes.parse(content.replace(was.encode(), becomes.encode(), 1), MODEL)


def test_the_user_agent_names_no_mac() -> None:
    """An AudioCodes is known by its User-Agent, which has no MAC; others are not AudioCodes."""
    assert audiocodes.sent_by("Mozilla/4.0 (compatible; AudioCodes; MP118 FXS;ver 6.60A.234)") == ""
    assert audiocodes.sent_by("Mozilla/5.0 (X11)") is None
