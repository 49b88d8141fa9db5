"""What an HT8xx is told: accounts on the small ones, two profiles on the others."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from pbx.errors import Malformed
from pbx.iad import grandstream_ht as ht
from pbx.iad.device import Device, Line

Build = Callable[..., Device]


def numbers(content: bytes) -> dict[str, str]:
    return dict(re.findall(r"<(P\d+)(?:/>|>(.*)</\1>)", content.decode()))


def test_an_ht802_has_two_accounts(device: Build) -> None:
    """Each port of an HT802 has its server, user, digest user, password and name in its own account."""
    says = numbers(ht.render(device("grandstream-ht802", used=(1, 2))))
    first = {
        "P271": "1",
        "P47": "192.0.2.10",
        "P35": "08702120001",
        "P36": "seat-08702120001",
        "P34": "secret-01",
    }
    second = {"P401": "1", "P747": "192.0.2.10", "P735": "08702120002", "P734": "secret-02", "P703": ""}
    assert (first | second).items() <= says.items()


@pytest.mark.parametrize("used", [1, 2])
def test_an_account_without_a_line_is_off(device: Build, used: int) -> None:
    """The other account of an HT802 is inactive and empty, whichever it is."""
    found = device("grandstream-ht802", used=(used,))
    says = numbers(ht.render(found))
    assert (says["P271"], says["P401"]) == (("1", "0") if used == 1 else ("0", "1"))
    assert says["P34" if used == 2 else "P734"] == ""
    assert ht.parse(ht.render(found), found.model).ports == found.ports


def test_a_fax_s_account_is_untouched(device: Build, line: Callable[..., Line]) -> None:
    """On an HT802 a fax has its account without echo canceller and with a fixed jitter buffer."""
    says = numbers(ht.render(device("grandstream-ht802", lines={1: line(1), 2: line(2, untouched=True)})))
    assert [says[key] for key in ("P824", "P825", "P133", "P831", "P58", "P758")] == [
        "0",
        "1",
        "1",
        "0",
        "0",
        "8",
    ]


def test_china_is_the_default(device: Build) -> None:
    """SLIC is China's exchange (5), and the vendor's China PBX is to be had."""
    assert numbers(ht.render(device("grandstream-ht818")))["P854"] == "5"
    other = ht.render(device("grandstream-ht818", settings={"slic": "china-pbx", "special": "china-mobile"}))
    assert (numbers(other)["P854"], numbers(other)["P198"]) == ("6", "113")


def test_an_ht818_has_two_profiles(device: Build, line: Callable[..., Line]) -> None:
    """Two kinds of lines are on the two profiles of an HT818; a third kind is refused and not lost."""
    lines = {1: line(1), 2: line(2, untouched=True)}
    says = numbers(ht.render(device("grandstream-ht818", lines=lines)))
    assert [says[key] for key in ("P4150", "P4151", "P401", "P825")] == ["0", "1", "1", "1"]
    with pytest.raises(Malformed, match=r"2 profiles.*3 kinds"):
        ht.render(device("grandstream-ht818", lines=lines | {3: line(3, t38=True)}))


def test_two_kinds_without_an_ordinary_one_fit(device: Build, line: Callable[..., Line]) -> None:
    """An HT814 with faxes by T.38 and card terminals has no ordinary profile, and reads back."""
    found = device("grandstream-ht814", lines={1: line(1, untouched=True), 2: line(2, t38=True)})
    assert ht.parse(ht.render(found), found.model).ports == found.ports


def test_neither_telnet_nor_ssh(device: Build) -> None:
    """An HT has neither SSH nor telnet."""
    says = numbers(ht.render(device("grandstream-ht801")))
    assert (says["P276"], says["P28120"]) == ("1", "1")


def test_timers_are_switched_on_and_off(device: Build) -> None:
    """An HT has a switch for session timers beside their words."""
    assert numbers(ht.render(device("grandstream-ht801")))["P2395"] == "1"


def test_the_user_agent_names_the_mac() -> None:
    """An HT names its MAC; a GXW is not an HT."""
    agent = "Grandstream Model HW {} V1.1A SW 1.0.17.5 DevId c074ad273a10"
    assert ht.sent_by(agent.format("HT801")) == "c0:74:ad:27:3a:10"
    assert ht.sent_by(agent.format("HT802V2")) == "c0:74:ad:27:3a:10"
    assert ht.sent_by(agent.format("GXW4248")) is None
