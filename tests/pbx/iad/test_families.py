"""Laws that hold for every family: what is written reads back, once and no more than it should."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from types import ModuleType

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pbx.errors import Malformed
from pbx.iad import models
from pbx.iad.device import Device, Line, Port, Server
from pbx.iad.family import Family
from pbx.iad.settings import meant

FAMILIES = models.family_names()
SMALL = {
    "grandstream_gxw": "grandstream-gxw4216",
    "grandstream_ht": "grandstream-ht814",
    "cisco": "cisco-spa112",
    "yealink": "yealink-t33g",
    "tr104": "tr104-4",
    "audiocodes": "audiocodes-mp114",
    "patton": "patton-sn4114",
}
ACCOUNTS = "grandstream-ht802"
SECRET = "Secret0Of0Port{:02}x"

ASCII = "".join(map(chr, range(32, 127)))
ANY = ASCII + "昭通话机éß\u00a0𠀀"
PLAIN = "abcXYZ0189+_"
REFUSED = {"audiocodes": "\";,'", "patton": '"\\$'}
TEXTS = {"dial_plan": "{ 9x+ | x+ }", "vlan": "46", "ntp": "192.0.2.9", "alaw_entry": "2"}
PASSWORD = st.text([char for char in ASCII if char not in '" \\$'], min_size=1, max_size=30)


def module(family: str) -> ModuleType:
    found = models.FAMILIES[family]()
    assert isinstance(found, ModuleType)
    return found


def words(family: str) -> st.SearchStrategy[str]:
    letters = ANY if family not in REFUSED else [char for char in ASCII if char not in REFUSED[family]]
    return st.text(letters, max_size=24).filter(lambda text: text == text.strip() and text != "%NULL%")


@st.composite
def lines(draw, family: str) -> Line:
    text = words(family)
    user = st.text(PLAIN, min_size=1, max_size=14) if family in ("tr104", "patton") else text.filter(bool)
    kinds = st.just(False) if family == "yealink" else st.booleans()
    return Line(
        user=draw(user),
        auth_user=draw(text.filter(bool)),
        password=draw(text),
        display=draw(text),
        untouched=draw(kinds),
        t38=draw(kinds),
    )


@st.composite
def servers(draw, family: str) -> Server:
    names = st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9]{1,8}){0,2}", fullmatch=True)
    ports = st.sampled_from(("", ":5062", ":15060"))
    domain, proxy = draw(names), draw(st.none() | names)
    assume(proxy != domain)
    apart = family not in ("audiocodes", "patton") or proxy is None
    insists = ("none", "supported", "required")
    return Server(
        domain=domain + (draw(ports) if apart else ""),
        proxy=None if proxy is None else proxy + draw(ports),
        transport=draw(st.sampled_from(("udp", "tcp", "tls"))),
        expires=60 * draw(st.integers(1, 200)),
        reliable=draw(st.sampled_from(insists if family == "audiocodes" else insists[:2])),
        timers=draw(st.sampled_from(insists if family.startswith("grandstream") else insists[:2])),
        session_expires=draw(st.integers(90, 7200)),
        least_expires=90,
        user_phone=draw(st.booleans()),
    )


@st.composite
def devices(draw, family: str, model: str) -> Device:
    found = module(family)
    slots = [draw(st.none() | lines(family)) for _ in range(found.MODELS[model])]
    assume(family != "patton" or any(slots))
    if family == "grandstream_ht":
        slots = [slot and replace(slot, t38=False) for slot in slots]
    if family == "patton":
        slots = [
            slot and replace(slot, t38=False, user=f"{slot.user}{at}", auth_user=f"a{at}{slot.auth_user}")
            for at, slot in enumerate(slots)
        ]
    chosen = draw(st.sets(st.sampled_from(sorted(found.SETTINGS))))
    return Device(
        name="iad-1",
        model=model,
        mac="c0:74:ad:00:00:01",
        server=draw(servers(family)),
        ports=tuple(Port(number=at, line=slot) for at, slot in enumerate(slots, start=1)),
        settings={name: draw(st.sampled_from(found.SETTINGS[name] or (TEXTS[name],))) for name in chosen},
        fetch_url=draw(st.none() | st.just("https://prov.example.net:8443/iad/Tok_en-1")),
        admin_password=draw(st.none() | PASSWORD),
    )


def carried(device: Device, found: ModuleType) -> Device:
    """What of a device its file can say."""
    bare = meant(device, found.SETTINGS, found.TEXTS)
    usual: dict[str, object] = {"name": "", "mac": None, "fetch_url": None, "admin_password": None}
    plainest = {"server": Server(domain="x"), "line": Line(user="x", auth_user="x", password="")}
    for kind, thing in plainest.items():
        usual |= {f"{kind}.{field}": getattr(thing, field) for field in thing.__slots__}

    def lost(place: str) -> dict[str, object]:
        names = [name for name in found.LACKS if name.rpartition(".")[0] == place]
        return {name.rpartition(".")[2]: usual[name] for name in names}

    ports = tuple(replace(port, line=port.line and replace(port.line, **lost("line"))) for port in bare.ports)
    return replace(bare, **lost(""), server=replace(bare.server, **lost("server")), ports=ports)


@pytest.mark.parametrize(("family", "model"), [*SMALL.items(), ("grandstream_ht", ACCOUNTS)])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_written_reads_back(family: str, model: str, data: st.DataObject) -> None:
    """A device's file means that device, but for what the family says its format lacks."""
    device = data.draw(devices(family, model))
    found = module(family)
    assert found.parse(found.render(device), model) == carried(device, found)


def a_line(at: int) -> Line:
    user = f"087021200{at:02}"
    return Line(user=user, auth_user=f"seat-{user}", password=SECRET.format(at))


def full(model: str, used: range | None = None) -> Device:
    family = models.family_of(model)
    count = family.MODELS[model]
    ports = [
        Port(
            number=at,
            line=a_line(at) if used is None or at in used else None,
        )
        for at in range(1, count + 1)
    ]
    server = Server(domain="192.0.2.10")
    return Device(name="iad-1", model=model, mac="c0:74:ad:00:00:01", server=server, ports=tuple(ports))


@pytest.mark.parametrize("model", sorted(models.MODELS))
def test_every_model_reads_back_with_all_its_ports(model: str) -> None:
    """Every model's file holds each of its ports once, with its own number and its own password."""
    family, device = models.family_of(model), full(model)
    content = family.render(device)
    assert family.parse(content, model).ports == device.ports
    assert [content.count(SECRET.format(at).encode()) for at in range(1, len(device.ports) + 1)] == [1] * len(
        device.ports
    )


@pytest.mark.parametrize("model", sorted(models.MODELS))
def test_an_unused_port_carries_no_secret(model: str) -> None:
    """Of a port without a line, the file holds neither number nor password."""
    family = models.family_of(model)
    count = family.MODELS[model]
    half = family.render(full(model, used=range(1, count // 2 + 1)))
    for at in range(count // 2 + 1, count + 1):
        assert f"087021200{at:02}".encode() not in half
        assert SECRET.format(at).encode() not in half
    ports = family.parse(half, model).ports
    assert [port.number for port in ports if port.line is None] == [*range(count // 2 + 1, count + 1)]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_secret_on_an_unused_port_is_seen(family: str) -> None:
    """A file in which a disabled port still has its password is not taken."""
    model = SMALL[family]
    found = models.family_of(model)
    text = found.render(full(model)).decode()
    switched_off = {
        "grandstream_gxw": partial(re.sub, "<P4595>1<", "<P4595>0<"),
        "grandstream_ht": partial(re.sub, "<P4595>1<", "<P4595>0<"),
        "cisco": partial(re.sub, "<Line_Enable_1_>Yes<", "<Line_Enable_1_>No<"),
        "yealink": partial(re.sub, "account.1.enable = 1", "account.1.enable = 0"),
        "tr104": partial(re.sub, r"(Line\.1\.Enable</Name>\s*<Value [^>]*>)Enabled", r"\1Disabled"),
        "audiocodes": partial(re.sub, r"TrunkGroup 0 = .*\r\n", ""),
        "patton": partial(re.sub, r"port fxs 0 0\n(  .*\n)+", "port fxs 0 0\n  shutdown\n"),
    }[family](text)
    assert switched_off != text
    with pytest.raises(Malformed):
        found.parse(switched_off.encode(), model)


def elements(text: str) -> list[str]:
    """The smallest pieces of a file that say one thing."""
    pieces = (
        r"    <P\d+>.*</P\d+>\n",
        r"    <P\d+/>\n",
        r"  <\w[^>]*_>.*\n",
        r"    <ParameterValueStruct>[\s\S]*?</ParameterValueStruct>\n",
        r"(?m:^[\w.]+ = .*\r?\n)",
        r"(?m:^\w+ \d+ = .*\r?\n)",
        r"(?m:^ *[a-z].*\n)",
    )
    return re.findall("|".join(pieces), text)


def enters_a_mode(text: str, piece: str) -> bool:
    """Whether this is a command of a script with others under it: to enter a mode twice changes nothing."""
    under = " " * (len(piece) - len(piece.lstrip()) + 2)
    return text.startswith("cli version") and text.partition(piece)[2].startswith(under)


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_can_be_missing_or_twice(family: str) -> None:
    """Without any one of its lines, or with it twice, a file is refused or means another device."""
    model = SMALL[family]
    found = models.family_of(model)
    text = found.render(full(model)).decode()
    pieces = elements(text)
    assert len(pieces) >= 40
    sound = found.parse(text.encode(), model)
    for piece in pieces[:: max(1, len(pieces) // 60)]:
        without, twice = text.replace(piece, "", 1), text.replace(piece, piece + piece, 1)
        for faulty in (without,) if enters_a_mode(text, piece) else (without, twice):
            try:
                assert found.parse(faulty.encode(), model) != sound
            except Malformed:
                continue


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_anything_else_is_malformed(family: str, content: bytes) -> None:
    """What is no file of the family is Malformed, and nothing worse."""
    with pytest.raises(Malformed):
        models.family_of(SMALL[family]).parse(content, SMALL[family])


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_malformed_or_means_something(family: str, data: st.DataObject) -> None:
    """A file with a damaged piece is Malformed or another device, and nothing worse."""
    model = SMALL[family]
    found = models.family_of(model)
    content = found.render(full(model))
    at = data.draw(st.integers(0, len(content) - 1))
    damaged = content[:at] + data.draw(st.binary(max_size=6)) + content[at + data.draw(st.integers(0, 40)) :]
    said = ""
    try:
        found.parse(damaged, model)
    except Malformed as fault:
        said = str(fault)
    assert "Secret0Of" not in said


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_writes_its_own_models_only(family: str) -> None:
    """Another family's model is refused, in both directions."""
    found = module(family)
    with pytest.raises(Malformed):
        found.render(replace(full(SMALL[family]), model="mitel-24"))
    with pytest.raises(Malformed):
        found.parse(found.render(full(SMALL[family])), "mitel-24")


@pytest.mark.parametrize("family", FAMILIES)
def test_all_that_is_wrong_with_a_device_is_said_at_once(family: str) -> None:
    """An unknown setting, a port too few and a blank at an end are one message."""
    found, device = module(family), full(SMALL[family])
    line = Line(user="087", auth_user="087", password=" Secret0Of0Port")
    faulty = replace(device, ports=(Port(number=1, line=line),), settings={"colour": "red"})
    with pytest.raises(Malformed) as caught:
        found.render(faulty)
    said = str(caught.value)
    assert "ports, not 1" in said
    assert "'colour'" in said
    assert "password has blanks" in said
    assert "Secret0Of" not in said


@pytest.mark.parametrize("family", FAMILIES)
def test_a_setting_takes_the_words_it_takes(family: str) -> None:
    """A value that a setting does not have is refused with those it has."""
    found = module(family)
    for name, choices in found.SETTINGS.items():
        faulty = replace(full(SMALL[family]), settings={name: "purple\n" if not choices else "purple"})
        with pytest.raises(Malformed, match=name):
            found.render(faulty)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_default_of_a_setting_changes_nothing(family: str) -> None:
    """To state a family's own value is to state nothing: the file is the same to the byte."""
    found, device = module(family), full(SMALL[family])
    own = {name: choices[0] for name, choices in found.SETTINGS.items() if choices} | found.TEXTS
    assert found.render(replace(device, settings=own)) == found.render(device)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_other_value_changes_the_file(family: str) -> None:
    """Every value of a setting but the family's own is in the file."""
    found, device = module(family), full(SMALL[family])
    written = {found.render(device)}
    for name, choices in found.SETTINGS.items():
        for value in choices[1:] or ((TEXTS[name],) if not choices else ()):
            content = found.render(replace(device, settings={name: value}))
            assert content not in written
            written.add(content)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_offers_what_families_offer(family: str) -> None:
    """Every family is a Family, and its fields that are lacking are fields there are."""
    found: Family = models.FAMILIES[family]()
    assert found.CHECK_SYNC is None or "\n" not in found.CHECK_SYNC
    fields = {
        *Device.__slots__,
        *(f"server.{name}" for name in Server.__slots__),
        *(f"line.{name}" for name in Line.__slots__),
    }
    assert fields >= module(family).LACKS
