"""A user's template: what it says of a device, and what it refuses to say."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.errors import Malformed
from pbx.iad.device import Device, Label, Line, Port, Server
from pbx.iad.family import Family
from pbx.iad.template import ESCAPES, Block, Shape, Template, Text, put_in
from pbx.iad.template_folder import load

FOLDER = Path(__file__).parent / "templates" / "dinstar-example"
LINE = Line(user="08702120001", auth_user="seat-08702120001", password="SecretA1")


def example() -> Template:
    return load({file.name: file.read_bytes() for file in FOLDER.iterdir()})


def device(**others: object) -> Device:
    ports = (Port(number=1, line=LINE), Port(number=2), Port(number=3), Port(number=4))
    whole = Device(
        name="iad-1",
        model="dinstar-example",
        mac="00:11:22:33:44:5a",
        server=Server(domain="192.0.2.10"),
        ports=ports,
        admin_password="SecretB2",
        fetch_url="http://prov.example.net/iad/T",
    )
    return replace(whole, **others)


def small(line: str, *, unused: str = "-", **others: object) -> Template:
    """A template of one line before the ports, and one line for each port in use."""
    shape = Shape(
        model="dinstar-example",
        ports=4,
        file_name="x",
        device=Text(file="d.tmpl", lines=("#",)),
        blocks={
            "#": Block(used=Text(file="p.tmpl", lines=(line,)), unused=Text(file="u.tmpl", lines=(unused,)))
        },
    )
    return Template(replace(shape, **others))


def test_a_template_is_a_family() -> None:
    """A template offers all that a family of our own offers."""
    family: Family = example()
    assert family.MODELS == {"dinstar-example": 4}
    assert family.SETTINGS == {"caller_id": ("fsk", "dtmf")}
    assert family.CHECK_SYNC == "check-sync"
    assert family.file_name(device()) == "00112233445a.txt"


def test_each_port_has_its_block() -> None:
    """A port in use is written with its line, an unused one is switched off, in the order of the ports."""
    text = example().render(device()).decode("gbk").replace("\r\n", "\n")
    assert '[port1]\nenable = 1\nnumber = "08702120001"\n' in text
    assert "[port2]\nenable = 0\n[port3]\nenable = 0\n[port4]\nenable = 0\n" in text
    assert text.count("SecretA1") == 1


def test_a_default_stands_where_the_device_says_nothing() -> None:
    """The first value of a setting is its default; the device's own goes before."""
    assert b"cid = fsk\r\n" in example().render(device())
    assert b"cid = dtmf\r\n" in example().render(device(settings={"caller_id": "dtmf"}))


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"settings": {"caller_id": "bell"}}, "caller_id is fsk, dtmf, not 'bell'"),
        ({"settings": {"tone": "cn"}}, "no setting 'tone'"),
        ({"mac": None}, "has no mac"),
        ({"admin_password": None}, "has no admin password"),
        ({"model": "dinstar-other"}, "dinstar-other with 4 ports; the template is for dinstar-example"),
        ({"ports": (Port(number=1, line=LINE),)}, r'with 1 ports.* settings: \{ports: "4"\}'),
        ({"settings": {"caller_id": "f\nsk"}}, "caller_id"),
        ({"name": "iad\n1"}, "U\\+000A"),
        ({"name": "😀"}, "gbk cannot hold the character U\\+1F600"),
    ],
)
def test_what_cannot_be_said_is_refused(others: dict[str, object], said: str) -> None:
    """A device that the template cannot say whole is refused, and no secret is in the message."""
    with pytest.raises(Malformed, match=said) as caught:
        example().render(device(**others))
    assert "Secret" not in str(caught.value)


def test_a_file_name_is_a_plain_name() -> None:
    """A device's name cannot lead its file out of the folder."""
    template = small("x", file_name="${name}.cfg")
    assert template.file_name(device()) == "iad-1.cfg"
    for name in ("../iad", "a/b", ".iad", "-a", "a b"):
        with pytest.raises(Malformed, match="no file name"):
            template.file_name(device(name=name))


def test_a_box_has_its_own_words() -> None:
    """A value with [values] is the box's word; one without a word is refused."""
    words = {"transport": {"udp": "0", "tls": "2"}}
    assert small("${transport}", values=words).render(device()).startswith(b"0\n")
    tcp = device(server=Server(domain="h", transport="tcp"))
    with pytest.raises(Malformed, match=r"\[values.transport\] has no word for 'tcp'"):
        small("${transport}", values=words).render(tcp)


def test_refused_characters_are_refused_in_texts() -> None:
    """A text with a character that variables.toml refuses is not written."""
    quoted = device(ports=(Port(number=1, line=replace(LINE, display="a;b")), *device().ports[1:]))
    assert small("${display}").render(quoted).startswith(b"a;b\n")
    with pytest.raises(Malformed, match="port 1: display holds ';'"):
        small("${display}", refused=";").render(quoted)


@pytest.mark.parametrize(
    ("address", "transport", "host", "port"),
    [
        ("192.0.2.10", "udp", "192.0.2.10", "5060"),
        ("ims.example.net", "tls", "ims.example.net", "5061"),
        ("192.0.2.10:5070", "udp", "192.0.2.10", "5070"),
    ],
)
def test_a_server_comes_apart(address: str, transport: str, host: str, port: str) -> None:
    """Host and port of a server are to be had one by one; a port that is not said is SIP's own."""
    server = Server(domain=address, proxy=address, transport=transport)
    line = "${domain_host} ${domain_port} ${proxy_host} ${proxy_port}"
    assert small(line).render(device(server=server)).startswith(f"{host} {port} {host} {port}\n".encode())
    alone = Server(domain=address, transport=transport)
    assert small("<${proxy}${proxy_host}${proxy_port}>").render(device(server=alone)).startswith(b"<>\n")


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ("Example X 00-11-22-33-44-5A", "00:11:22:33:44:5a"),
        ("Example 1.0 build 2 00112233445a", "00:11:22:33:44:5a"),
        ("Example X 00112233445", None),
        ("Other X 00-11-22-33-44-5A", None),
        ("Example X 00-11-22-33-44-5A and more", None),
        ("", None),
    ],
)
def test_a_user_agent_is_known_by_its_pattern(sent: str, named: str | None) -> None:
    """A User-Agent is this box's when it has the pattern's shape, and names the MAC in it."""
    assert example().sent_by(sent) == named


def test_without_a_pattern_any_user_agent_will_do() -> None:
    """A template without user_agent asks nothing of it, and one without a MAC in it learns none."""
    assert small("x").sent_by("curl/8") == ""
    assert small("x", user_agent="Box*").sent_by("Boxed") == ""
    assert small("x", user_agent="Box*").sent_by("curl") is None


def test_a_template_reads_nothing_back() -> None:
    """What a template wrote cannot be read back by it, and it says so."""
    with pytest.raises(Malformed, match="cannot read it back"):
        example().parse(example().render(device()), "dinstar-example")


def test_two_signs_stand_for_themselves() -> None:
    """$${ is ${, and a lone $ is a lone $."""
    assert put_in("$${a} $ $$ ${b}", lambda name: f"<{name}>", "f:1") == "${a} $ $$ <b>"
    with pytest.raises(Malformed, match="f:1:3: a"):
        put_in("x ${b", lambda name: name, "f:1")


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"))))
def test_xml_holds_any_text(text: str) -> None:
    """A text escaped for XML has no sign of XML's own in it, and comes back whole."""
    escaped = ESCAPES["xml"](text)
    assert not set("<>\"'") & set(escaped)
    assert text == unescape(escaped)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"))))
def test_quotes_close_where_they_should(text: str) -> None:
    """A quoted text has no quote that is not escaped, and comes back whole."""
    inner = ESCAPES["ini-quote"](text)[1:-1]
    back, rest = "", inner
    while rest:
        assert rest[0] != '"'
        step = 2 if rest[0] == "\\" else 1
        back, rest = back + rest[step - 1], rest[step:]
    assert back == text


def test_a_port_in_use_says_whose_telephone_it_is() -> None:
    """Short number, name and department stand where the template asks, empty where nobody said them."""
    template = small("${short_number}|${seat_name}|${department}")
    labels = {1: Label(short_number="6001", name="张伟", department="总务处")}
    assert template.render(device(), labels).decode() == "6001|张伟|总务处\n-\n-\n-\n"
    assert template.render(device()).decode() == "||\n-\n-\n-\n"
    quoted = small("${seat_name}", escape="xml")
    assert quoted.render(device(), {1: Label(name="<b>")}).decode().startswith("&lt;b&gt;\n")


def test_a_template_without_the_address_is_for_a_box_that_does_not_fetch() -> None:
    """Only a box that is told its address fetches its files."""
    found = [sorted(small(line).LACKS) for line in ("${user}", "${fetch_url}")]
    assert found == [["fetch_url"], []]
