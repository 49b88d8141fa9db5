"""What all families ask of a device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pbx.errors import Malformed
from pbx.iad import settings
from pbx.iad.device import Device, Line, Server

CHOICES = {"slic": ("china", "usa"), "fax": ("passthrough", "t38"), "dial_plan": (), "ntp": ()}
TEXTS = {"dial_plan": "x+"}
MODELS = {"grandstream-ht802": 2}
Build = Callable[..., Device]


@pytest.fixture
def built(device: Build) -> Device:
    return device("grandstream-ht802", used=(1, 2))


def test_settings_come_to_the_family_s_own(built: Device) -> None:
    """What a device does not override is the family's own; a text without one stays unstated."""
    assert settings.settle(built, MODELS, CHOICES, TEXTS) == {
        "slic": "china",
        "fax": "passthrough",
        "dial_plan": "x+",
    }
    other = replace(built, settings={"slic": "usa", "ntp": "192.0.2.9"})
    assert settings.settle(other, MODELS, CHOICES, TEXTS)["slic"] == "usa"
    assert (
        settings.overrides(settings.settle(other, MODELS, CHOICES, TEXTS), CHOICES, TEXTS) == other.settings
    )


def test_what_is_meant_says_nothing_twice(built: Device) -> None:
    """A proxy that is the domain, timers' lengths without timers and a default setting are no statements."""
    wordy = replace(
        built,
        server=Server(domain="192.0.2.10", proxy="192.0.2.10", timers="none", session_expires=600),
        settings={"slic": "china", "dial_plan": "x+"},
    )
    plain = settings.meant(wordy, CHOICES, TEXTS)
    assert plain.server == Server(domain="192.0.2.10", timers="none")
    assert plain.settings == {}


def test_fax_of_the_device_is_fax_of_its_lines(built: Device) -> None:
    """The setting fax stands on each line, and a line's own T.38 stays."""
    meant = settings.meant(replace(built, settings={"fax": "t38"}), CHOICES, TEXTS)
    assert [line.t38 for _, line in meant.lines] == [True, True]
    assert meant.settings == {}
    assert [line.t38 for _, line in settings.meant(built, CHOICES, TEXTS).lines] == [False, False]


@pytest.mark.parametrize("value", ["0", "46", "4094"])
def test_a_vlan_is_a_number(value: str) -> None:
    """A VLAN is a number from 0 to 4094."""
    assert settings.vlan(value) == value


@pytest.mark.parametrize("value", ["", "-1", "4095", "046", "1e3", "٤٦"])
def test_no_vlan(value: str) -> None:
    """Anything else is no VLAN."""
    with pytest.raises(Malformed, match="4094"):
        settings.vlan(value)


@pytest.mark.parametrize("value", ["", "a b", "a;b", "-a", "http://a", "a\n"])
def test_no_host(value: str) -> None:
    """A host has no blank, no scheme and no punctuation but dots and hyphens."""
    with pytest.raises(Malformed, match="ntp"):
        settings.host_name(value, "ntp")


@pytest.mark.parametrize("password", ["", "with blank", "密码", "x" * 31, "a\nb"])
def test_a_web_password_is_printable(built: Device, password: str) -> None:
    """An administrator's password that a web page would not take is refused, and not shown."""
    with pytest.raises(Malformed) as caught:
        settings.web_password(replace(built, admin_password=password), 30)
    assert not password or password not in str(caught.value)


def test_lengths_and_characters_are_bounded_without_telling(built: Device, line: Callable[..., Line]) -> None:
    """A message about a password says the port and what is wrong with it, never the password."""
    long = replace(built.ports[0], line=replace(line(1), password="Secret" * 20))
    wrong = replace(built, ports=(long, built.ports[1]))
    for refuse in (
        lambda: settings.bounded(wrong, 64),
        lambda: settings.without_characters(wrong, '"S', "no table can write that"),
    ):
        with pytest.raises(Malformed, match="port 1: password") as caught:
            refuse()
        assert "Secret" not in str(caught.value)


def test_to_insist_is_refused_where_it_cannot_be_said() -> None:
    """A family that only offers 100rel or timers says what to write instead."""
    server = Server(domain="x", reliable="required", timers="required")
    for name, word in (("reliable", "100rel"), ("timers", "session timers")):
        with pytest.raises(Malformed, match=f"{word}.*`supported`"):
            settings.no_required(server, name)
    settings.no_required(Server(domain="x", reliable="supported"), "reliable", "timers")


def test_all_texts_that_do_not_fit_are_named(built: Device) -> None:
    """Of texts that a family cannot hold each is named with its port, and none is shown."""
    odd = Line(user="1", auth_user="1", password="Sécret;" * 10)
    device = replace(built, ports=tuple(replace(port, line=odd) for port in built.ports))
    for check in (
        lambda: settings.bounded(device, 64),
        lambda: settings.without_characters(device, ";", "no file can"),
        lambda: settings.ascii_only(device),
    ):
        with pytest.raises(Malformed, match=r"port 1: password .*; iad-1 port 2: password ") as caught:
            check()
        assert "cret" not in str(caught.value)
