"""What an ACS is given: parameters of TR-104, and their types."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from pbx.errors import Malformed
from pbx.iad import tr104
from pbx.iad.device import Device, Line, Server

Build = Callable[..., Device]
SERVICE = "InternetGatewayDevice.Services.VoiceService.1."


def parameters(content: bytes) -> dict[str, tuple[str, str]]:
    form = r'<Name>(.*)</Name>\s*<Value xsi:type="xsd:(\w+)"(?:/>|>(.*)</Value>)'
    return {name: (kind, value) for name, kind, value in re.findall(form, content.decode())}


def test_a_line_has_its_parameters(device: Build) -> None:
    """A line has its port, its number, its address and its users, each with its type."""
    server = Server(domain="ims.yn.example.cn", proxy="192.0.2.1:5070", expires=1800)
    says = parameters(tr104.render(device("tr104-2", server=server)))
    line = {
        "PhyReferenceList": ("string", "1"),
        "Enable": ("string", "Enabled"),
        "DirectoryNumber": ("string", "08702120001"),
        "SIP.URI": ("string", "sip:08702120001@ims.yn.example.cn"),
        "SIP.AuthUserName": ("string", "seat-08702120001"),
        "SIP.AuthPassword": ("string", "secret-01"),
        "VoiceProcessing.EchoCancellationEnable": ("boolean", "1"),
    }
    assert {
        f"{SERVICE}VoiceProfile.1.Line.1.{key}": value for key, value in line.items()
    }.items() <= says.items()
    profile = {
        "SIP.RegistrarServer": ("string", "ims.yn.example.cn"),
        "SIP.OutboundProxyPort": ("unsignedInt", "5070"),
        "SIP.RegistrationPeriod": ("unsignedInt", "1800"),
        "DTMFMethod": ("string", "RFC2833"),
        "FaxPassThrough": ("string", "Auto"),
        "Region": ("string", "CN"),
    }
    assert {f"{SERVICE}VoiceProfile.1.{key}": value for key, value in profile.items()}.items() <= says.items()


def test_an_unused_line_is_disabled_and_empty(device: Build) -> None:
    """A port without a line has a line that is Disabled and holds nothing."""
    says = parameters(tr104.render(device("tr104-2")))
    second = f"{SERVICE}VoiceProfile.1.Line.2."
    assert says[f"{second}Enable"] == ("string", "Disabled")
    for name in ("DirectoryNumber", "SIP.URI", "SIP.AuthUserName", "SIP.AuthPassword"):
        assert says[second + name] == ("string", "")


def test_the_list_says_how_long_it_is(device: Build) -> None:
    """The array's type has the number of its values."""
    content = tr104.render(device("tr104-2"))
    assert f"cwmp:ParameterValueStruct[{len(parameters(content))}]".encode() in content


def test_each_kind_of_line_has_a_profile(device: Build, line: Callable[..., Line]) -> None:
    """Untouched lines are on a profile that forces pass-through, T.38 lines on one with T.38."""
    lines = {1: line(1), 2: line(2, untouched=True), 3: line(3, t38=True)}
    says = parameters(tr104.render(device("tr104-4", lines=lines)))
    found = {
        port: name.split(".")[5] for name, (_, port) in says.items() if name.endswith("PhyReferenceList")
    }
    assert found == {"1": "1", "4": "1", "2": "2", "3": "3"}
    modes = [says[f"{SERVICE}VoiceProfile.{profile}.FaxPassThrough"][1] for profile in (1, 2, 3)]
    assert modes == ["Auto", "Force", "Disable"]
    assert says[f"{SERVICE}VoiceProfile.2.Line.1.VoiceProcessing.EchoCancellationEnable"][1] == "0"


def test_the_root_and_the_codec_s_entry_can_be_said(device: Build) -> None:
    """Devices under Device., and devices whose entry of A-law is known, are told so."""
    says = parameters(tr104.render(device("tr104-1", settings={"root": "Device", "alaw_entry": "2"})))
    entry = "Device.Services.VoiceService.1.VoiceProfile.1.Line.1.Codec.List.2."
    assert says[f"{entry}Priority"] == ("unsignedInt", "1")
    assert says[f"{entry}SilenceSuppression"] == ("boolean", "0")


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"user": "0870 212"}, "SIP address"),
        ({"user": "1" * 33}, "user has over 32"),
        ({"password": "x" * 129}, "128"),
    ],
)
def test_what_the_model_cannot_hold_is_said(device: Build, others: dict[str, str], said: str) -> None:
    """Users that are none and texts longer than the data model's are refused."""
    values = {"user": "087", "auth_user": "087", "password": "secret"} | others
    with pytest.raises(Malformed, match=said) as caught:
        tr104.render(device("tr104-1", lines={1: Line(**values)}))
    assert "xxx" not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "value"), [("alaw_entry", "x"), ("alaw_entry", "0"), ("dial_plan", "x" * 257)]
)
def test_a_setting_that_is_none(device: Build, setting: str, value: str) -> None:
    """An entry that is no number and a digit map over 256 characters are refused."""
    with pytest.raises(Malformed, match=setting):
        tr104.render(device("tr104-1", settings={setting: value}))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("sip:08702120001@", "sip:08702120002@"),
        ("InternetGatewayDevice.Services.VoiceService.1.VoiceProfile.1.Enable", "Device.Enable"),
        ("ParameterValueStruct>", "ParameterInfoStruct>"),
        ("cwmp:SetParameterValues", "cwmp:GetParameterValues"),
        ("ParameterKey", "Key"),
        ("cwmp:ParameterValueStruct[", "cwmp:ParameterValueStruct[1"),
    ],
)
def test_other_parameters_are_not_ours(device: Build, was: str, becomes: str) -> None:
    """Parameters that contradict one another, another root and another message are refused."""
    content = tr104.render(device("tr104-1"))
    assert was.encode() in content
    content = content.replace(was.encode(), becomes.encode())
    with pytest.raises(Malformed):
        tr104.parse(content, "tr104-1")


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("192.0.2.10<", "192.0.2.11<"),
        (">(x.T|*x.T)<", ">x.T<"),
    ],
)
def test_profiles_do_not_disagree(device: Build, line: Callable[..., Line], was: str, becomes: str) -> None:
    """Profiles with different servers or digit maps are refused."""
    content = tr104.render(device("tr104-2", lines={1: line(1), 2: line(2, untouched=True)}))
    before, second = content.decode().split("VoiceProfile.2.Enable")
    changed = second.replace(was, becomes)
    assert changed != second
    with pytest.raises(Malformed, match="disagree"):
        tr104.parse(f"{before}VoiceProfile.2.Enable{changed}".encode(), "tr104-2")


def test_nobody_asks_for_the_file(device: Build) -> None:
    """The file is for an ACS: no User-Agent is such a device's, and it has a name without a MAC too."""
    assert tr104.sent_by("anything") is None
    assert tr104.CHECK_SYNC is None
    assert tr104.file_name(device("tr104-1", mac=None)) == "iad-1.xml"
    assert tr104.file_name(device("tr104-1")) == "c074ad000001.xml"
