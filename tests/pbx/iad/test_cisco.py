"""What an SPA or ATA is told, in its own keys."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from pbx.errors import Malformed
from pbx.iad import cisco
from pbx.iad.device import Device, Line, Server

Build = Callable[..., Device]


def keys(content: bytes) -> dict[str, str]:
    return dict(re.findall(r"<([\w-]+)(?:/>|>(.*)</\1>)", content.decode()))


def test_a_line_has_its_keys(device: Build) -> None:
    """Each line has its server, its proxy, its users and its password under its number."""
    server = Server(domain="ims.yn.example.cn", proxy="192.0.2.1", expires=200, reliable="supported")
    says = keys(cisco.render(device("cisco-spa112", server=server, used=(2,))))
    second = {
        "Line_Enable_2_": "Yes", "Proxy_2_": "ims.yn.example.cn", "Outbound_Proxy_2_": "192.0.2.1",
        "Use_Outbound_Proxy_2_": "Yes", "Register_Expires_2_": "200", "SIP_100REL_Enable_2_": "Yes",
        "User_ID_2_": "08702120002", "Use_Auth_ID_2_": "Yes", "Auth_ID_2_": "seat-08702120002",
        "Password_2_": "secret-02",
    }  # fmt: skip
    assert second.items() <= says.items()
    assert [says[f"{key}_1_"] for key in ("Line_Enable", "User_ID", "Auth_ID", "Password")] == [
        "No",
        "",
        "",
        "",
    ]


def test_china_is_the_default(device: Build) -> None:
    """A-law first, DTMF after RFC 4733, fax passed through as A-law, Bellcore caller ID, 450 Hz."""
    says = keys(cisco.render(device("cisco-ata192")))
    china = {
        "Preferred_Codec_1_": "G711a", "Second_Preferred_Codec_1_": "G711u", "DTMF_Tx_Method_1_": "AVT",
        "FAX_Enable_T38_1_": "No", "FAX_Passthru_Codec_1_": "G711a",
        "Caller_ID_Method": "Bellcore(N.Amer,China)",
        "Time_Zone": "GMT+08:00", "Busy_Tone": "450@-19;*(.35/.35/1)",
    }  # fmt: skip
    assert china.items() <= says.items()


def test_a_fax_line_is_untouched(device: Build, line: Callable[..., Line]) -> None:
    """A fax or card terminal has its line as a modem's: no echo canceller, a fixed jitter buffer."""
    says = keys(
        cisco.render(device("cisco-spa112", lines={1: line(1, untouched=True), 2: line(2, t38=True)}))
    )
    names = ("Modem_Line", "Echo_Canc_Enable", "Jitter_Buffer_Adjustment", "Second_Preferred_Codec")
    assert [says[f"{name}_1_"] for name in names] == ["Yes", "No", "No", "Unspecified"]
    assert [says[f"{name}_2_"] for name in names] == ["No", "Yes", "Yes", "G711u"]
    assert (says["FAX_Enable_T38_1_"], says["FAX_Enable_T38_2_"]) == ("No", "Yes")


def test_it_fetches_when_told(device: Build) -> None:
    """The profile rule is the device's address with its MAC; a SIP resync is taken and nothing polled."""
    says = keys(cisco.render(device("cisco-spa112", fetch_url="https://prov.example.net/iad/T0ken")))
    assert says["Profile_Rule"] == "https://prov.example.net/iad/T0ken/spa$MA.xml"
    assert (says["Resync_From_SIP"], says["Resync_Periodic"]) == ("Yes", "0")
    assert says["Auth_Resync-Reboot_1_"] == "No"
    assert says["Restrict_Source_IP_1_"] == "Yes"
    assert cisco.CHECK_SYNC == "resync"
    assert cisco.file_name(device("cisco-spa112")) == "spac074ad000001.xml"


def test_polarity_is_reversed_both_ways(device: Build) -> None:
    """Polarity reversal is for calls out and in."""
    says = keys(cisco.render(device("cisco-spa8000", settings={"polarity": "on"})))
    assert (says["Caller_Conn_Polarity_8_"], says["Callee_Conn_Polarity_8_"]) == ("Reverse", "Reverse")


@pytest.mark.parametrize(
    ("agent", "mac"),
    [
        ("Cisco/SPA112-1.3.5 (0002FDFF8A8C)(CCQ12345678)", "00:02:fd:ff:8a:8c"),
        ("Cisco/SPA8000-6.1.3 (CCQ12345678)", ""),
        ("Cisco/ATA192-11.1.0 (0002FDFF8A8C)(CCQ12345678)", "00:02:fd:ff:8a:8c"),
        ("Cisco/CP8841-11.1.0 (0002FDFF8A8C)(CCQ12345678)", None),
        ("curl/8.0", None),
    ],
)
def test_the_user_agent_names_the_mac(agent: str, mac: str | None) -> None:
    """An adapter names its MAC, old firmware its serial number alone; other things are none."""
    assert cisco.sent_by(agent) == mac


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("<Outbound_Proxy_1_><", "<Outbound_Proxy_1_>192.0.2.1<"),
        ("<Modem_Line_1_>No", "<Modem_Line_1_>Yes"),
        ("<Proxy_2_>192.0.2.10", "<Proxy_2_>192.0.2.11"),
        ("flat-profile", "flat"),
        ("<Line_Enable_1_>", "<Line_Enable_1_ ua='na'>"),
        ("<Profile_Rule><", "<Profile_Rule>http://x/y<"),
    ],
)
def test_a_changed_key_is_not_ours(device: Build, was: str, becomes: str) -> None:
    """A key changed to what we never write is refused."""
    content = cisco.render(device("cisco-spa112"))
    assert was.encode() in content
    content = content.replace(was.encode(), becomes.encode())
    with pytest.raises(Malformed):
        cisco.parse(content, "cisco-spa112")
