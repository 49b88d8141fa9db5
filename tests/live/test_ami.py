"""The AMI session, files written over it and the read-back, on a real Asterisk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pbx import pjsip
from pbx.action import Action
from pbx.config import Config
from pbx.errors import Refused
from pbx.live.ami import Ami
from pbx.readback import Difference, differences, questions, running
from pbx.section import CONTEXT, Section, parse, render
from pbx.update import EMPTY_FILE, creation, held, promotion, reading, staging

pytestmark = pytest.mark.live

LIVE, STAGED = "seatline-pjsip-test-01.conf", "staged-seatline-pjsip-test-01.conf"
DIALPLAN = "seatline-extensions-0-shared.conf"
PROXY, LONG = "sip:127.0.0.2:5070", "08702120001"
AWKWARD = (
    *("\\;", ";", ";--", ";-- x", "--;", "a\\\\;b", "\\", "a\\", "a;b;c", "=", "=>", "a > b", "!all", "a  b"),
    *(
        "#include x.conf",
        "[x](+)",
        '"张三" <1>',
        "${SHELL(id)}",
        "$[1+1]",
        "a,b|c&d",
        "{}%'",
        "é\u2028z",
        "😀",
    ),
    *("x" * 900, "张" * 300),
)


@pytest.fixture
def ami(pbx: Any) -> Iterator[Ami]:
    """A session of the provisioner with a switch on which nothing is provisioned."""
    with login(pbx) as session:
        session.send(creation(EMPTY_FILE))
        yield session


def login(pbx: Any, **others: Any) -> Ami:
    return Ami.connect(
        **{"name": "pbx", "host": pbx.ami_host, "port": pbx.ami_port, "user": pbx.user, "secret": pbx.secret}
        | others
    )


def write(ami: Ami, file: str, sections: tuple[Section, ...]) -> None:
    ami.send(creation(file))
    assert all(reply.ok for reply in ami.send_all(staging(file, sections)))


def put(ami: Ami, config: Config) -> None:
    """Writes live files and reloads: for tests of the read-back."""
    for file, sections in config.files.items():
        write(ami, file, sections)
    for module in ("res_pjsip.so", "pbx_config.so"):
        assert ami.send(Action("Reload", (("Module", module),))).ok


def compare(ami: Ami, config: Config, gone: Config | None = None) -> tuple[Difference, ...]:
    asked = questions(config, gone=gone)
    return differences(config, running(asked, ami.send_all(asked)), gone=gone)


DEFAULTED = {"endpoint": "dtmf_mode", "registration": "expiration"}
"""An option of each kind that planning leaves at its default."""


def objects(**changed: str) -> tuple[Section, ...]:
    """One of each kind of object, as the planning makes them; some options otherwise."""
    made = (
        pjsip.telephone(
            f"seat-{LONG}",
            context="seatline-test-a",
            aor=LONG,
            auth=f"{LONG}-auth",
            number=LONG,
            account=LONG,
            transport="seatline-udp",
            variables=[("SEATLINE_SITE", "test"), ("SEATLINE_SLOT", "a")],
        ),
        pjsip.auth(f"{LONG}-auth", user=f"seat-{LONG}", secret="Abcdefgh0123456789ABCDEF"),
        pjsip.telephone_aor(LONG),
        pjsip.line(
            "line-test",
            context="seatline-test-a-line",
            aor="line-test-aor",
            domain="ims.example",
            proxy=PROXY,
            transport="seatline-udp",
        ),
        pjsip.line_aor("line-test-aor", domain="ims.example", proxy=PROXY),
        pjsip.registration(
            "line-test-ims",
            endpoint="line-test",
            user="+868702120001",
            domain="ims.example",
            proxy=PROXY,
            transport="seatline-udp",
        ),
    )
    return tuple(Section(one.name, one.kind, tuple(options(one, changed))) for one in made)


def options(section: Section, changed: dict[str, str]) -> Iterator[tuple[str, str]]:
    """A section's options with those changed; DEFAULTED are not written unless they are changed."""
    yield from ((key, changed.get(key, value)) for key, value in section.options)
    option = DEFAULTED.get(section.kind)
    if option in changed:
        yield option, changed[option]


@pytest.mark.parametrize("others", [{"secret": "wrong"}, {"user": "nobody"}, {"user": "denied"}])
def test_a_refused_login_is_told_with_its_causes(pbx: Any, others: dict[str, str]) -> None:
    """A wrong secret, an unknown user and a denied address are Refused, each with all three causes."""
    pbx.shell(
        "cd /etc/asterisk && cp -p manager.conf manager.kept && printf '[denied]\\nsecret=%s\\n"
        'deny=0.0.0.0/0.0.0.0\\nwrite=system\\n\' "$(cat)" >> manager.conf',
        stdin=pbx.secret,
    )
    try:
        pbx.cli("manager reload")
        with pytest.raises(Refused, match=r"secret is wrong.*no such user.*deny/permit") as caught:
            login(pbx, **others)
        assert pbx.secret not in str(caught.value)
    finally:
        pbx.shell("cd /etc/asterisk && mv manager.kept manager.conf")
        pbx.cli("manager reload")


def test_awkward_values_survive_the_whole_way(ami: Ami, pbx: Any) -> None:
    """What UpdateConfig is given, GetConfig gives back; and we and Asterisk read each other's files alike."""
    sections = (
        Section("awkward", "endpoint", tuple(("set_var", value) for value in AWKWARD)),
        Section("awkward-context", CONTEXT, tuple(("exten", value) for value in AWKWARD)),
    )
    write(ami, STAGED, sections)
    assert held(ami.send(reading(STAGED))) == sections
    assert parse(pbx.shell(f"cat /etc/asterisk/{STAGED}")) == sections
    pbx.shell(f"cat > /etc/asterisk/{STAGED}", stdin=render(sections))
    assert held(ami.send(reading(STAGED))) == sections


def test_any_text_arrives_as_one_value(ami: Ami) -> None:
    """A value that looks like dialplan or another header is stored as it is, and nothing else happens."""
    for value in (*AWKWARD[:-2], "Action: Logoff", "x%0d%0aAction: Logoff"):
        headers = (("Family", "seatline-test"), ("Key", "x"), ("Val", value))
        assert ami.send(Action("DBPut", headers)).ok
        reply = ami.send(Action("DBGet", headers[:2]))
        assert [event.get("Val") for event in reply.events] == [value, None]
    assert ami.send(Action("DBDelTree", (("Family", "seatline-test"),))).ok


def test_staging_forgets_what_a_file_held(ami: Ami) -> None:
    """A file that is staged again holds the new sections only; staged with nothing it is empty."""
    write(ami, STAGED, objects())
    write(ami, STAGED, objects()[:2])
    assert held(ami.send(reading(STAGED))) == objects()[:2]
    write(ami, STAGED, ())
    assert held(ami.send(reading(STAGED))) == ()


def test_a_promotion_puts_all_kinds_of_objects_in_force(ami: Ami) -> None:
    """One copy with its reload changes endpoint, auth, AOR and registration before the next answer."""
    ami.send(creation(LIVE))
    changed = {"callerid": "08702120099", "password": "ABCDEFGH0123456789abcdef", "max_contacts": "2"}
    for sections in (objects(), objects(**changed, expiration="1800"), objects()[:3], objects()):
        write(ami, STAGED, sections)
        assert ami.send(promotion(STAGED, LIVE, "res_pjsip.so")).ok
        assert compare(ami, Config({LIVE: sections})) == ()


def test_a_refused_object_is_seen(ami: Ami) -> None:
    """An object Asterisk turns down keeps its old options though the reload says Success: each is named."""
    put(ami, Config({LIVE: objects()}))
    wanted = objects(dtmf_mode="perhaps", accountcode="7", expiration="soon", endpoint="nobody")
    write(ami, STAGED, wanted)
    assert ami.send(promotion(STAGED, LIVE, "res_pjsip.so")).ok
    found = compare(ami, Config({LIVE: wanted}))
    assert [(one.object, one.field) for one in found] == [
        (f"seat-{LONG}", "accountcode"),
        (f"seat-{LONG}", "dtmf_mode"),
        ("line-test", "dtmf_mode"),
        ("line-test-ims", "endpoint"),
        ("line-test-ims", "expiration"),
    ]


def test_the_handwritten_dialplan_is_read_back(ami: Ami, pbx: Any) -> None:
    """All lines of dialplans/ run as they are written; a line more, a line less and an include are named."""
    folder = Path(__file__).parents[2] / "dialplans"
    sections = tuple(
        section for file in sorted(folder.glob("*.conf")) for section in parse(file.read_text("utf-8"))
    )
    wanted = Config({DIALPLAN: sections})
    put(ami, wanted)
    assert compare(ami, wanted) == ()
    pbx.cli("dialplan add extension 666,1,NoOp,x into seatline-refused")
    pbx.cli("dialplan add include seatline-ring into seatline-refused")
    pbx.cli("dialplan remove extension 110@seatline-emergency")
    found = compare(ami, wanted)
    assert ("seatline-emergency", "110,1", "nothing") in {(one.object, one.field, one.found) for one in found}
    assert ("seatline-refused", "666,1", "NoOp(x)") in {(one.object, one.field, one.found) for one in found}
    assert ("seatline-refused", "include", "seatline-ring") in {
        (one.object, one.field, one.found) for one in found
    }


def test_what_was_taken_away_does_not_run(ami: Ami) -> None:
    """Objects and contexts are gone after their files were emptied, and seen as long as they were not."""
    contexts = (Section("seatline-test-a", CONTEXT, (("exten", "6001,1,NoOp()"),)),)
    former = Config({LIVE: objects(), DIALPLAN: contexts})
    put(ami, former)
    assert {one.object for one in compare(ami, Config(), former)} == {section.name for _, section in former}
    for file in former.files:
        ami.send(promotion(EMPTY_FILE, file, "res_pjsip.so" if file == LIVE else "pbx_config.so"))
    assert compare(ami, Config(), former) == ()


def test_the_collector_may_not_ask_or_change(pbx: Any) -> None:
    """The user for call records is turned down in everything seatline does; the missing right is named."""
    config = Config({LIVE: objects()})
    with login(pbx, user="collector", secret=pbx.collector_secret) as ami:
        for action in (*questions(config), creation(LIVE), reading("manager.conf"), Action("Reload")):
            assert ami.send(action).message == "Permission denied"
        with pytest.raises(Refused, match="needs write=system"):
            compare(ami, config)


def test_the_provisioner_may_neither_run_commands_nor_make_calls(ami: Ami) -> None:
    """Command and Originate are turned down for the provisioner."""
    for name in ("Command", "Originate"):
        assert not ami.send(Action(name)).ok
